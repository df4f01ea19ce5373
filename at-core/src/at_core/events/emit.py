"""Emit: what a pure decision wants published; the shell turns it into an event with derived ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from at_core.errors import OurFault
from at_core.events.envelope import Event, Payload
from at_core.events.registry import class_for
from at_core.ids import derived_id

__all__ = ["Emit", "derive", "originate", "trace_id_of"]


@dataclass(frozen=True, slots=True)
class Emit:
    """A payload to publish because of a cause.

    ``slot`` tells several emits of one cause apart; ``decision`` replaces the type in the derived id where exactly one
    of several types may exist (the three rulings of the gate share one id, so a second ruling is a duplicate).
    """

    payload: Payload
    account: str | None = None
    slot: str = ""
    decision: str | None = None
    expires_at: datetime | None = None

    def id_after(self, cause: UUID, role: str) -> UUID:
        """Return the event id this emit gets when ``role`` publishes it because of ``cause``."""
        return derived_id(cause, role, self.decision or self.payload.event_type, self.slot)


def trace_id_of(correlation_id: UUID) -> str:
    """The W3C trace id of a flow: the hex of its root event id."""
    return correlation_id.hex


def derive(emit: Emit, cause: Event, *, role: str, source: str, now: datetime) -> Event:
    """Return the event for ``emit``, caused by ``cause``; same cause, role, type and slot give the same id."""
    return _class_of(emit.payload).wrap(
        emit.payload,
        event_id=emit.id_after(cause.event_id, role),
        timestamp=now,
        source=source,
        trace_id=cause.trace_id,
        correlation_id=cause.correlation_id,
        causation_id=cause.event_id,
        account=emit.account,
        expires_at=emit.expires_at,
    )


def originate(emit: Emit, event_id: UUID, *, source: str, now: datetime) -> Event:
    """Return the root event of a new flow; ``event_id`` is a UUIDv7 or a natural id."""
    return _class_of(emit.payload).wrap(
        emit.payload,
        event_id=event_id,
        timestamp=now,
        source=source,
        trace_id=trace_id_of(event_id),
        correlation_id=event_id,
        causation_id=None,
        account=emit.account,
        expires_at=emit.expires_at,
    )


def _class_of(payload: Payload) -> type[Event]:
    cls = class_for(payload.event_type)
    if cls is None:
        raise OurFault(f"payload {type(payload).__name__} has no event class in the registry")
    return cls
