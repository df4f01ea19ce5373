"""One connection to a nats-server: the recipe, calls with answers, refusals surfaced at once, reconnection noticed.

The recipe and its reasons: no client-side buffer (``pending_size=0``: a publish that failed must never be delivered
late), endless quick reconnects, a private inbox prefix, and an error callback that turns "permissions violation" into
a failed call within milliseconds instead of a timeout.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import (
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionReconnectingError,
    Error,
    MaxPayloadError,
    OutboundBufferLimitError,
)

from at_core.errors import BusUnavailable, ConfigurationError, OurFault, PermissionDenied

__all__ = ["NatsAddress", "NatsLink", "status_of"]

_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)
_AWAY = (
    OutboundBufferLimitError,
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionReconnectingError,
    OSError,
)
_UNSENT_BYTES_MAX = 16 * 1024 * 1024
"""A server that stalls without closing leaves what is sent to it in our memory; this bounds it."""
_SUBSCRIPTION_MESSAGES_MAX = 65_536
_SUBSCRIPTION_BYTES_MAX = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """Where the bus is and as whom to connect."""

    servers: tuple[str, ...]
    name: str
    """Shown in the server's monitoring, for example ``at-gateway/1``."""
    seed_file: Path
    inbox_prefix: str
    connect_timeout_seconds: float = 10.0
    reconnect_wait_seconds: float = 0.1
    calls_max: int = 1024
    """Calls that may wait for their answers at the same time; more wait for their turn, in order."""


def status_of(message: Msg) -> tuple[str, str]:
    """Return (code, description) of a status message of the server, or two empty texts for an ordinary message."""
    if message.headers is None or message.reply.startswith("$JS.ACK."):
        return "", ""
    return message.headers.get("Status", ""), message.headers.get("Description", "")


class NatsLink:
    """A connection that answers calls. Shared by the publisher side and the inboxes of one bus."""

    def __init__(self, address: NatsAddress) -> None:
        self.address = address
        self.losses = 0
        """How many times the connection was lost; an inbox compares it to know that its requests are gone."""
        self.refused: dict[str, str] = {}
        """Bus requests the server refused to this key: lower-cased subject to the server's text."""
        self.on_violation: Callable[[str], None] = _ignore
        self._client = Client()
        self._calls: dict[str, tuple[str, asyncio.Future[Msg]]] = {}
        self._numbers = itertools.count(1)
        self._slots = asyncio.Semaphore(address.calls_max)
        self._base = ""
        self._last_error = ""
        self._opened = False
        self._changed: set[Callable[[], None]] = set()

    @property
    def connected(self) -> bool:
        """Whether the connection is up, as far as known."""
        return bool(self._client.is_connected)

    async def open(self) -> None:
        """Connect; raise BusUnavailable when nothing answered in time, PermissionDenied when the key is refused."""
        if not self.address.seed_file.is_file():
            raise ConfigurationError(f"{self.address.seed_file}: no such key file; `at-core keys` makes it")
        wait = self.address.reconnect_wait_seconds
        try:
            async with asyncio.timeout(self.address.connect_timeout_seconds):
                await self._client.connect(
                    servers=list(self.address.servers),
                    name=self.address.name,
                    nkeys_seed=str(self.address.seed_file),
                    inbox_prefix=self.address.inbox_prefix,
                    pending_size=0,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=wait,  # type: ignore[arg-type] # goes to asyncio.sleep; the hint is narrower
                    connect_timeout=2,
                    ping_interval=10,
                    max_outstanding_pings=2,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_lost,
                    reconnected_cb=self._on_back,
                    closed_cb=self._on_lost,
                )
        except (TimeoutError, OSError, Error, PermissionDenied) as error:
            await self._abandon()
            if isinstance(error, PermissionDenied):
                raise
            raise BusUnavailable(
                f"no bus at {', '.join(self.address.servers)}: {self._last_error or error}"
            ) from error
        self._opened = True
        self._base = self._client.new_inbox()
        await self.subscribe(f"{self._base}.*", self._on_answer)

    async def subscribe(self, subject: str, handle: Callable[[Msg], None]) -> Subscription:
        """Hand every message on ``subject`` to ``handle``, in order."""

        async def callback(message: Msg) -> None:
            handle(message)

        return await self._client.subscribe(
            subject,
            cb=callback,
            pending_msgs_limit=_SUBSCRIPTION_MESSAGES_MAX,
            pending_bytes_limit=_SUBSCRIPTION_BYTES_MAX,
        )

    def new_inbox(self) -> str:
        """Return a private subject nobody else replies to."""
        return self._client.new_inbox()

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed`` whenever the connection is lost or back; the returned function ends that."""
        self._changed.add(changed)
        return lambda: self._changed.discard(changed)

    async def send(
        self, subject: str, body: bytes, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send without waiting for an answer; raise BusUnavailable at once when the bus is away or stalled."""
        if self._client.pending_data_size > _UNSENT_BYTES_MAX:
            raise BusUnavailable(
                f"the bus takes nothing: {self._client.pending_data_size} bytes wait to be sent"
            )
        try:
            await self._client.publish(subject, body, reply=reply, headers=dict(headers) if headers else None)
        except _AWAY as error:
            raise BusUnavailable(f"the bus is away ({type(error).__name__})") from error
        except MaxPayloadError as error:
            raise OurFault(f"{subject}: {len(body)} bytes are more than the server takes") from error

    async def call(
        self, subject: str, body: bytes, timeout_seconds: float, headers: Mapping[str, str] | None = None
    ) -> Msg:
        """Send and return the answer.

        Calls are sent in the order they were made. Raises BusUnavailable (away, lost, no responders, no answer in
        time) or PermissionDenied.
        """
        number = str(next(self._numbers))
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_seconds), self._slots:
                self._calls[number] = (subject, answer)
                await self.send(subject, body, f"{self._base}.{number}", headers)
                message = await answer
        except TimeoutError as error:
            raise BusUnavailable(f"no answer on {subject} within {timeout_seconds} s") from error
        finally:
            self._calls.pop(number, None)
        if status_of(message)[0] == "503":
            raise BusUnavailable(f"nobody answers on {subject}: not provisioned, or the store is not ready")
        return message

    async def close(self) -> None:
        """Flush what was sent and close; bounded, and quiet when the server is gone."""
        try:
            async with asyncio.timeout(2):
                if self._client.is_connected:
                    await self._client.flush(1)
        except (TimeoutError, OSError, Error):
            pass  # a server that is gone cannot take the rest; closing goes on
        await self._client.close()

    async def _abandon(self) -> None:
        """Close a connection that never came to be; a close the client was interrupted in leaves its socket open."""
        await self._client.close()
        transport = self._client._transport
        if transport is not None:
            transport.close()  # type: ignore[no-untyped-call] # the client library leaves its transports untyped

    def _on_answer(self, message: Msg) -> None:
        waiting = self._calls.get(message.subject.rpartition(".")[2])
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(message)

    async def _on_error(self, error: Exception) -> None:
        self._last_error = str(error) or type(error).__name__
        if not self._opened and "authorization" in self._last_error.lower():
            # Raised through the client's first connect, which would otherwise try the wrong key again for ever.
            raise PermissionDenied(f"the bus refused the key in {self.address.seed_file}")
        match = _VIOLATION.search(self._last_error)
        if match is None:
            return
        subject = match[2].lower()
        if subject.startswith(
            "$js.api."
        ):  # what no caller waits for; a role has few of these, so it stays small
            self.refused[subject] = self._last_error
            self._notify()
        if match[1].lower() == "publish":
            # The client lower-cases the whole text, so the comparison does too.
            self._fail(
                lambda called: called.lower() == subject, PermissionDenied(f"may not publish {match[2]}")
            )
        self.on_violation(self._last_error)

    async def _on_lost(self) -> None:
        self.losses += 1
        self._forget_unsent()
        self._fail(lambda _: True, BusUnavailable("the connection was lost before the answer"))
        self._notify()

    async def _on_back(self) -> None:
        self._notify()

    def _forget_unsent(self) -> None:
        """Drop commands the client holds but has not written: its callers are told they failed.

        ``pending_size=0`` refuses new commands while away but keeps those of the last moment before the loss, and
        would send them after the reconnect: a stale order, late. Subscriptions are replayed from another list.
        """
        self._client._pending = []
        self._client._pending_data_size = 0

    def _fail(self, concerns: Callable[[str], bool], error: Exception) -> None:
        for subject, answer in tuple(self._calls.values()):
            if concerns(subject) and not answer.done():
                answer.set_exception(error)

    def _notify(self) -> None:
        for changed in tuple(self._changed):
            changed()


def _ignore(_: str) -> None:
    return None
