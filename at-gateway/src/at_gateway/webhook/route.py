"""The route: one thin raw ASGI application in front of everything else, because framework routing costs half the rate.

``POST /webhooks/tradingview/{token}``. The token is looked up in constant time, the body is read by hand; what follows
is ``Intake``. The path is never logged: it carries the token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, Final

from at_core.runtime.logging import redactor
from at_gateway.settings import SourceSettings, WebhookSettings
from at_gateway.webhook.answers import Answer, refused, unavailable
from at_gateway.webhook.body import Receive, Shortfall, read_body
from at_gateway.webhook.intake import Intake
from at_gateway.webhook.meters import STRANGER, Meters
from at_gateway.webhook.refusals import Refusal, RefusalCode, UnavailableCode
from at_gateway.webhook.tokens import Tokens

__all__ = ["PATH", "WebhookRoute"]

PATH: Final = "/webhooks/tradingview/"

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CLOSE: Final = (b"connection", b"close")


class WebhookRoute:
    """Takes the webhook's requests, hands everything else to ``rest``."""

    def __init__(
        self,
        intake: Intake,
        tokens: Tokens[SourceSettings],
        settings: WebhookSettings,
        meters: Meters,
        rest: App,
    ) -> None:
        self._intake = intake
        self._tokens = tokens
        self._settings = settings
        self._meters = meters
        self._rest = rest
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request."""
        if scope["type"] != "http" or not scope["path"].startswith(PATH):
            await self._rest(scope, receive, send)
            return
        began = perf_counter()
        if scope["method"] != "POST":
            answer: Answer | None = refused(Refusal(RefusalCode.METHOD_NOT_ALLOWED))
        else:
            answer = await self._post(scope, receive, began)
        if answer is None:
            return
        self._meters.took(perf_counter() - began, answer.outcome)
        await _reply(answer, send)

    async def _post(self, scope: Scope, receive: Receive, began: float) -> Answer | None:
        """Return the answer, None when the sender has gone."""
        token: str = scope["path"][len(PATH) :]
        source = self._tokens.find(token)
        if source is None:
            return await self._stranger(receive)
        redactor.register(token)
        if self._intake.full:
            return self._told(source.name, self._later(UnavailableCode.BUSY))
        limits = self._settings
        body, shortfall = await read_body(receive, limits.body_bytes_max, limits.body_seconds_max)
        if shortfall is Shortfall.GONE:
            return None
        if shortfall is Shortfall.TOO_SLOW:
            return self._told(source.name, self._later(UnavailableCode.BODY_TOO_SLOW))
        left = limits.deadline_seconds - (perf_counter() - began)
        return await self._intake.accept(
            source,
            _content_type(scope),
            body,
            token=token,
            deadline_seconds=max(left, 0.05),
            refusal=self._too_large() if shortfall is Shortfall.TOO_LARGE else None,
        )

    async def _stranger(self, receive: Receive) -> Answer | None:
        """The same work as for a known token, and always the same answer; beyond the bound, the answer at once."""
        answer = refused(Refusal(RefusalCode.UNKNOWN_TOKEN))
        if self._strangers < self._settings.strangers_max:
            self._strangers += 1
            try:
                limits = self._settings
                body, shortfall = await read_body(receive, limits.body_bytes_max, limits.body_seconds_max)
                if shortfall is Shortfall.GONE:
                    return None
                answer = self._intake.examine(body)
            finally:
                self._strangers -= 1
        return self._told(STRANGER, answer)

    def _too_large(self) -> Refusal:
        bound = self._settings.body_bytes_max
        return Refusal(RefusalCode.BODY_TOO_LARGE, f"the message has more than {bound} bytes; shorten it")

    def _later(self, code: UnavailableCode) -> Answer:
        return unavailable(code, self._settings.retry_after_seconds)

    def _told(self, source: str, answer: Answer) -> Answer:
        self._meters.answered(source, answer.outcome, answer.code)
        return answer


def _content_type(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value.decode("latin-1"))[:200]
    return ""


async def _reply(answer: Answer, send: Send) -> None:
    body = answer.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if answer.retry_after is not None:
        headers.append((b"retry-after", str(answer.retry_after).encode()))
    if answer.status in (405, 413, 401, 503):
        headers.append(_CLOSE)  # the body may be unread; what is left of it must not be taken for a request
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
