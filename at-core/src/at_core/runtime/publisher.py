"""The publisher: events to bytes to the bus, with ids, headers, signature, retries within bounds, and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from at_core.clock import Clock
from at_core.errors import BusUnavailable, Unsayable
from at_core.events.emit import Emit, derive, originate
from at_core.events.envelope import Event
from at_core.events.registry import newest_major
from at_core.events.rendering import render
from at_core.events.versions import checked_majors
from at_core.runtime.bus import Bus, Outgoing, Stored
from at_core.runtime.metrics import Metrics

__all__ = ["SIGNATURE_HEADER", "BodySigner", "Publisher"]

SIGNATURE_HEADER = "at-sig"


class BodySigner(Protocol):
    """Signs exact bytes."""

    def sign(self, body: bytes) -> str:
        """Return a detached signature of ``body`` as text."""
        ...


class Publisher:
    """Publishes one role's events. A retry always carries the same id, so a copy is dropped by the stream.

    ``emit_major`` names the types that are published in an older major than the newest; raises ConfigurationError
    when this role or this build cannot. Inside the service such an event is the newest form all the same.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        metrics: Metrics,
        *,
        role: str,
        source: str,
        prefix: str = "",
        signer: BodySigner | None = None,
        emit_major: Mapping[str, int] | None = None,
        attempts_max: int = 3,
        timeout_seconds: float = 2.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._signer = signer
        self._attempts_max = attempts_max
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._emit_major = checked_majors(role, emit_major or {})
        self.role = role
        self.source = source
        self.prefix = prefix

    @property
    def signer(self) -> BodySigner | None:
        """Who signs what is published here, if anybody does."""
        return self._signer

    def major_of(self, event_type: str) -> int:
        """Return the major in which ``event_type`` is published here; 0 for an unknown type."""
        return self._emit_major.get(event_type) or newest_major(event_type)

    def derive(self, emit: Emit, cause: Event, now: datetime) -> Event:
        """Return the event for ``emit`` because of ``cause``, with its derived id."""
        return derive(emit, cause, role=self.role, source=self.source, now=now)

    def originate(self, emit: Emit, event_id: UUID, now: datetime) -> Event:
        """Return the root event of a new flow."""
        return originate(emit, event_id, source=self.source, now=now)

    async def publish(self, event: Event, *, expected_last: int | None = None) -> Stored:
        """Store one event; raises BusUnavailable after bounded attempts, SequenceConflict, PermissionDenied.

        Raises Unsayable before anything is sent, when the configured major cannot say this event.
        """
        message = self.message(event, expected_last)
        attempt = 1
        while True:
            try:
                stored = await self._bus.publish(message, self._timeout_seconds)
            except BusUnavailable:
                self._metrics.published(event.type, "unconfirmed")
                if attempt >= self._attempts_max:
                    raise
                await self._sleep(0.05 * 2**attempt)
                attempt += 1
                continue
            self._metrics.published(event.type, "duplicate" if stored.duplicate else "stored")
            return stored

    async def publish_all(self, events: Sequence[Event]) -> list[Stored]:
        """Store several events, sent in order and confirmed together; raises the first failure after all ended."""
        if len(events) == 1:
            return [await self.publish(events[0])]
        results = await asyncio.gather(*(self.publish(event) for event in events), return_exceptions=True)
        stored: list[Stored] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            stored.append(result)
        return stored

    def message(self, event: Event, expected_last: int | None = None) -> Outgoing:
        """Return the exact message for ``event``; the body is encoded once, so the signature covers what is sent.

        Raises Unsayable when the configured major cannot say this event.
        """
        try:
            rendered = render(event, self._emit_major.get(event.type), self.prefix)
        except Unsayable:
            self._metrics.published(event.type, "unsayable")
            raise
        if self._signer is not None:
            rendered.headers[SIGNATURE_HEADER] = self._signer.sign(rendered.body)
        return Outgoing(rendered.subject, rendered.body, rendered.headers, expected_last)

    def require_sayable(self, events: Sequence[Event]) -> None:
        """Raise Unsayable when one of ``events`` cannot be published in the major configured for its type."""
        for event in events:
            if event.type in self._emit_major:
                self.message(event)
