"""Quarantine: the refused alerts, newest first, as they were kept: without their secrets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from at_core.events import AlertQuarantinedEvent
from at_core.events.envelope import format_utc
from at_gateway.views.bounded import Bounded

__all__ = ["Quarantine"]


class Quarantine:
    """The newest refused alerts."""

    def __init__(self, count_max: int) -> None:
        self._entries: Bounded[UUID, AlertQuarantinedEvent] = Bounded(count_max)

    def __len__(self) -> int:
        return len(self._entries)

    def fold(self, event: AlertQuarantinedEvent) -> None:
        """Take one refused alert."""
        self._entries.put(event.event_id, event)

    def entries(self) -> list[dict[str, Any]]:
        """All entries, the newest first."""
        return [_entry(event) for event in self._entries.newest()]


def _entry(event: AlertQuarantinedEvent) -> dict[str, Any]:
    return {
        "quarantine_id": str(event.event_id),
        "signal_source": event.signal_source,
        "account": event.account,
        "code": event.code,
        "hint": event.hint,
        "content_type": event.content_type,
        "body": event.body_text,
        "body_encoding": event.body_encoding.value,
        "truncated": event.truncated,
        "body_size": event.body_size,
        "body_digest": event.body_digest,
        "received_at": format_utc(event.received_at),
    }
