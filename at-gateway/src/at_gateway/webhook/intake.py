"""Intake: decide, store, answer. The whole admission path without HTTP; 202 only after the stream's confirmation."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from at_core.clock import Clock
from at_core.errors import AtError
from at_core.events.emit import Emit
from at_core.events.envelope import Event
from at_core.events.intake import AlertQuarantined
from at_core.events.market import MarketObserved
from at_core.events.signal import SignalCreated, SignalEvent
from at_core.ids import natural_id
from at_core.instruments import Instruments
from at_core.runtime.logging import correlation, redactor
from at_core.runtime.publisher import Publisher
from at_gateway.settings import SourceSettings, WebhookSettings
from at_gateway.webhook.admission import Accept, Refuse, decide
from at_gateway.webhook.answers import Answer, accepted, refused, unavailable
from at_gateway.webhook.dedup import Memory, Seen
from at_gateway.webhook.keys import digest_of
from at_gateway.webhook.meters import Meters
from at_gateway.webhook.redact import as_text, redact, shown
from at_gateway.webhook.refusals import Refusal, RefusalCode, UnavailableCode

__all__ = ["Intake", "Kept"]

log = logging.getLogger(__name__)

QUARANTINE_TEXT_MAX = 65_536
_FREE_TEXTS = ("comment", "order_id", "strategy")
_NO_TOKEN = re.compile(r"[\[\]]")
STRANGER_SOURCE = SourceSettings(name="stranger", account="none", token_sha256=("0" * 64,))
"""An unknown token gets the same work done for it, against this source; its result is thrown away."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What must never be kept of a body: secret values, and tokens known by digest only."""

    secrets: tuple[str, ...] = ()
    token_digests: frozenset[str] = frozenset()


class Intake:
    """The door without its HTTP: ``accept`` is safe to call concurrently on one event loop."""

    def __init__(
        self,
        publisher: Publisher,
        clock: Clock,
        instruments: Instruments,
        settings: WebhookSettings,
        memory: Memory,
        meters: Meters,
        kept: Kept,
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._instruments = instruments
        self._settings = settings
        self._memory = memory
        self._meters = meters
        self._kept = kept
        self._skew = timedelta(seconds=settings.future_skew_seconds)
        self._storing: dict[UUID, asyncio.Future[bool]] = {}
        self._under_way = 0
        self.ready = False
        """False until the JOURNAL was folded once: before that, a resend could not be told from a new alert."""

    @property
    def full(self) -> bool:
        """Whether as many alerts are handled as are allowed at once."""
        return self._under_way >= self._settings.accepts_max

    async def accept(
        self,
        source: SourceSettings,
        content_type: str,
        body: bytes,
        *,
        token: str = "",
        deadline_seconds: float | None = None,
        refusal: Refusal | None = None,
    ) -> Answer:
        """Admit one body of a known source. ``refusal`` is one the transport found (a body over the bound).

        ``token`` is removed from whatever is kept. Answers within the deadline; never raises for a sender's mistake.
        """
        now = self._clock.now()
        if not self.ready or self.full:
            code = UnavailableCode.BUSY if self.ready else UnavailableCode.NOT_READY
            return self._told(source, self._later(code))
        self._under_way += 1
        self._meters.under_way(self._under_way)
        try:
            async with asyncio.timeout(deadline_seconds or self._settings.deadline_seconds):
                verdict = self._decide(body, source, now) if refusal is None else Refuse(refusal)
                answer = await self._act(verdict, source, content_type, body, token, now)
        except (TimeoutError, AtError) as error:
            log.warning("alert not stored", extra={"source": source.name, "error": str(error) or "deadline"})
            answer = self._later(UnavailableCode.NOT_STORED)
        except Exception:
            log.exception("alert not stored", extra={"source": source.name})
            answer = self._later(UnavailableCode.NOT_STORED)
        finally:
            self._under_way -= 1
            self._meters.under_way(self._under_way)
        return self._told(source, answer)

    def examine(self, body: bytes) -> Answer:
        """Do for an unknown token what is done for a known one, short of storing; the answer is always the same."""
        self._decide(body, STRANGER_SOURCE, self._clock.now())
        return refused(Refusal(RefusalCode.UNKNOWN_TOKEN))

    def open(self) -> None:
        """Begin to take alerts: the JOURNAL was folded once."""
        self.ready = True

    def learn(self, event: SignalEvent) -> None:
        """Fold one signal of the JOURNAL into the memory of alerts."""
        self._memory.confirm(event)

    def _decide(self, body: bytes, source: SourceSettings, now: datetime) -> Accept | Refuse:
        try:
            return decide(body, source, now, self._instruments, self._skew)
        except Exception as error:
            log.exception("admission failed", extra={"source": source.name, "error": type(error).__name__})
            return Refuse(Refusal(RefusalCode.UNREADABLE))

    async def _act(
        self,
        verdict: Accept | Refuse,
        source: SourceSettings,
        content_type: str,
        body: bytes,
        token: str,
        now: datetime,
    ) -> Answer:
        if isinstance(verdict, Refuse):
            known = self._known(verdict, source, body, now)
            if known is not None:
                return accepted(known.signal_id, duplicate=True, event_type=SignalCreated.TYPE)
            return await self._quarantine(verdict.refusal, source, content_type, body, token, now)
        if isinstance(verdict.payload, MarketObserved):
            return await self._observe(verdict, verdict.payload, source, now)
        return await self._signal(verdict, verdict.payload, source, token, now)

    def _known(self, verdict: Refuse, source: SourceSettings, body: bytes, now: datetime) -> Seen | None:
        """The stored alert of which this one, too old to be new, is a copy."""
        if verdict.key is None:
            return None
        seen, _ = self._memory.find(source.name, verdict.key, sha256(body).hexdigest(), now)
        return seen if seen is not None and seen.confirmed else None

    async def _observe(
        self, verdict: Accept, payload: MarketObserved, source: SourceSettings, now: datetime
    ) -> Answer:
        event_id = natural_id(source.name, verdict.key.value)
        stored = await self._publisher.publish(self._publisher.originate(Emit(payload), event_id, now))
        return accepted(event_id, duplicate=stored.duplicate, event_type=payload.event_type)

    async def _signal(
        self, verdict: Accept, payload: SignalCreated, source: SourceSettings, token: str, now: datetime
    ) -> Answer:
        seen, key = self._memory.find(source.name, verdict.key, payload.body_digest, now)
        if seen is not None and seen.confirmed:
            return accepted(seen.signal_id, duplicate=True, event_type=payload.event_type)
        if seen is not None and seen.signal_id in self._storing:
            return await self._wait_for(seen, payload.event_type)
        event = seen.event if seen is not None else None
        if event is None:
            cleaned = self._cleaned(payload, key, token)
            emit = Emit(cleaned, account=source.account, expires_at=verdict.expires_at)
            event = self._event(emit, natural_id(source.name, key), now)
        return await self._store(event)

    async def _store(self, event: SignalEvent) -> Answer:
        """Publish as the one owner of this alert; everybody else who brings it waits for the result."""
        self._memory.open(event)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._storing[event.event_id] = done
        try:
            with correlation(event.correlation_id):
                stored = await self._publisher.publish(event)
            self._memory.confirm(event)
            done.set_result(True)
        finally:
            del self._storing[event.event_id]
            if not done.done():
                done.set_result(False)
        return accepted(event.event_id, duplicate=stored.duplicate, event_type=event.type)

    async def _wait_for(self, seen: Seen, event_type: str) -> Answer:
        """A copy that came while the first is being stored shares its fate."""
        if await asyncio.shield(self._storing[seen.signal_id]):
            return accepted(seen.signal_id, duplicate=True, event_type=event_type)
        return self._later(UnavailableCode.NOT_STORED)

    async def _quarantine(
        self,
        refusal: Refusal,
        source: SourceSettings,
        content_type: str,
        body: bytes,
        token: str,
        now: datetime,
    ) -> Answer:
        """Keep what was refused, without its secrets, before saying so."""
        digest = sha256(body).hexdigest()
        hint = self._without_secrets(refusal.text, token)
        kept = shown(self._without_secrets(as_text(body), token), QUARANTINE_TEXT_MAX)
        payload = AlertQuarantined(
            signal_source=source.name,
            code=refusal.code.value,
            hint=hint[:2000],
            content_type=shown(self._without_secrets(content_type, token), 200).text,
            body_text=kept.text,
            body_encoding=kept.encoding,
            truncated=kept.truncated or refusal.code is RefusalCode.BODY_TOO_LARGE,
            body_size=len(body),
            body_digest=digest,
            received_at=now,
        )
        event_id = natural_id(source.name, digest_of("refused", refusal.code, digest, now))
        event = self._publisher.originate(Emit(payload, account=source.account), event_id, now)
        await self._publisher.publish(event)
        log.info("alert refused", extra={"source": source.name, "code": refusal.code.value, "hint": hint})
        return refused(Refusal(refusal.code, hint), event_id)

    def _cleaned(self, payload: SignalCreated, key: str, token: str) -> SignalCreated:
        """The payload under its final key, its free texts without secrets."""
        changes: dict[str, str] = {"natural_key": key}
        texts = {name: said for name in _FREE_TEXTS if (said := getattr(payload, name)) is not None}
        together = "\n".join(texts.values())
        if together and self._without_secrets(together, token) != together:
            for name, said in texts.items():
                clean = self._without_secrets(said, token)[: len(said)]
                changes[name] = _NO_TOKEN.sub("-", clean) if name == "strategy" else clean
        if changes == {"natural_key": payload.natural_key}:
            return payload
        return payload.model_copy(update=changes)

    def _without_secrets(self, text: str, token: str) -> str:
        secrets = (*self._kept.secrets, token) if token else self._kept.secrets
        return redactor.clean(redact(text, secrets, self._kept.token_digests))

    def _event(self, emit: Emit, event_id: UUID, now: datetime) -> SignalEvent:
        event: Event = self._publisher.originate(emit, event_id, now)
        if not isinstance(event, SignalEvent):
            raise TypeError(f"{emit.payload.event_type} is no signal")
        return event

    def _later(self, code: UnavailableCode) -> Answer:
        return unavailable(code, self._settings.retry_after_seconds)

    def _told(self, source: SourceSettings, answer: Answer) -> Answer:
        self._meters.answered(source.name, answer.outcome, answer.code)
        return answer
