"""Duplicates: which alerts were seen, bounded, rebuilt from the JOURNAL, with time given by the caller.

An entry is *confirmed* when the stream has acknowledged its event or the JOURNAL has shown it, and *open* while nobody
knows. A resend of an open alert publishes the very same event again: if the first one did arrive, the stream drops it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from at_core.events.signal import SignalEvent
from at_gateway.webhook.keys import Key, digest_key, refired_key

__all__ = ["Memory", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One alert that came before. ``event`` is kept only while its fate is unknown."""

    signal_id: UUID
    key: str
    first_at: datetime
    fired_at: datetime | None
    event: SignalEvent | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the stream is known to hold it."""
        return self.event is None


class Memory:
    """The alerts of every source, the oldest forgotten first."""

    def __init__(self, entries_max: int, resend_window: timedelta, refire_window: timedelta) -> None:
        self._entries_max = entries_max
        self._resend_window = resend_window
        self._refire_window = refire_window
        self._by_key: OrderedDict[tuple[str, str], Seen] = OrderedDict()
        self._by_bytes: OrderedDict[tuple[str, str], Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, source: str, key: Key, body_digest: str, now: datetime) -> tuple[Seen | None, str]:
        """Return the alert this one is a copy of, or None and the key under which it is a new one."""
        if key.kind == "bytes":
            seen = self._by_bytes.get((source, body_digest))
            if seen is not None and now - seen.first_at <= self._resend_window:
                return seen, seen.key
            return None, key.value
        seen = self._by_key.get((source, key.value))
        if seen is None or not self._refired(seen, key):
            return seen, key.value
        assert key.fired_at is not None  # noqa: S101 - _refired is true only for keys with a fire time
        again = refired_key(key.value, key.fired_at)
        return self._by_key.get((source, again)), again

    def open(self, event: SignalEvent) -> None:
        """Remember an alert whose event is about to be published."""
        self._put(event, replace(_seen(event), event=event))

    def confirm(self, event: SignalEvent) -> None:
        """Remember an alert the stream holds; the first arrival that is known stays the first."""
        known = self._by_key.get((event.signal_source, event.natural_key))
        if known is None or not known.confirmed:
            self._put(event, _seen(event))

    def _refired(self, seen: Seen, key: Key) -> bool:
        if key.kind != "fields" or key.fired_at is None or seen.fired_at is None:
            return False
        return abs(key.fired_at - seen.fired_at) > self._refire_window

    def _put(self, event: SignalEvent, seen: Seen) -> None:
        self._by_key[event.signal_source, event.natural_key] = seen
        if event.natural_key == digest_key(event.body_digest, event.received_at):
            place = (event.signal_source, event.body_digest)
            latest = self._by_bytes.get(place)
            if latest is None or latest.first_at <= seen.first_at:
                self._by_bytes[place] = seen
                self._by_bytes.move_to_end(place)
        for table in (self._by_key, self._by_bytes):
            while len(table) > self._entries_max:
                table.popitem(last=False)


def _seen(event: SignalEvent) -> Seen:
    return Seen(event.event_id, event.natural_key, event.received_at, event.fired_at)
