"""The memory bus's storage: streams with dedup window and expected sequence, durables as positions over them."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from at_core.errors import BusUnavailable, SequenceConflict
from at_core.events.subjects import subjects_of_type
from at_core.runtime.bus import Incoming, Outgoing, Stored
from at_core.topology.consumers import Durable
from at_core.topology.patterns import matches
from at_core.topology.streams import Stream

__all__ = ["MESSAGE_ID", "Cursor", "MemoryStream", "Record", "cursors_by_name"]

MESSAGE_ID = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class Record:
    """One stored message."""

    sequence: int
    subject: str
    body: bytes
    headers: Mapping[str, str]
    stored_at: datetime


class MemoryStream:
    """One stream. Keeps everything: ages are not applied, ``discard: new`` is (a full stream refuses)."""

    def __init__(self, definition: Stream) -> None:
        self.definition = definition
        self.records: list[Record] = []
        self.cursors: list[Cursor] = []
        self._bytes = 0
        self._last_of_subject: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._ids_by_age: deque[tuple[datetime, str]] = deque()

    def takes(self, subject: str) -> bool:
        """Return whether ``subject`` belongs to this stream."""
        return any(matches(pattern, subject) for pattern in self.definition.subjects)

    def store(self, message: Outgoing, now: datetime) -> Stored:
        """Append ``message``; raise SequenceConflict, or BusUnavailable when a ``discard: new`` stream is full.

        The expected sequence is checked before the id, as a single real server does: a retry of a stored message
        that still expects 0 conflicts.
        """
        expected = message.expected_last_subject_sequence
        last = self._last_of_subject.get(message.subject, 0)
        if expected is not None and expected != last:
            raise SequenceConflict(
                f"{message.subject}: expected last sequence {expected}, the stream has {last}"
            )
        known = self._known(message.headers.get(MESSAGE_ID, ""), now)
        if known:
            return Stored(self.definition.name, known, duplicate=True)
        size = len(message.subject) + len(message.body)
        full = self._bytes + size > self.definition.bytes_max > 0
        if full and self.definition.discard == "new":
            raise BusUnavailable(f"stream {self.definition.name} is full ({self.definition.bytes_max} bytes)")
        self._bytes += size
        return Stored(self.definition.name, self.append(message, now).sequence)

    def append(self, message: Outgoing, now: datetime) -> Record:
        """Append without checks: what a sourcing stream does with what its source has accepted."""
        record = Record(len(self.records) + 1, message.subject, message.body, dict(message.headers), now)
        self.records.append(record)
        self._last_of_subject[record.subject] = record.sequence
        identity = record.headers.get(MESSAGE_ID, "")
        if identity:
            self._ids[identity] = record.sequence
            self._ids_by_age.append((now, identity))
        for cursor in self.cursors:
            cursor.offer(record)
        return record

    def _known(self, identity: str, now: datetime) -> int:
        window = self.definition.duplicate_window
        while self._ids_by_age and now - self._ids_by_age[0][0] >= window:
            self._ids.pop(self._ids_by_age.popleft()[1], None)
        return self._ids.get(identity, 0)


@dataclass(slots=True)
class _Unsettled:
    """A delivered message of a queue that is not settled yet. It comes again at ``due`` (loop time)."""

    due: float
    deliveries: int


@dataclass(slots=True)
class Cursor:
    """The server's side of one durable: which messages it selects, and how far it got."""

    durable: Durable
    stream: MemoryStream
    selected: list[int] = field(default_factory=list)
    """Stream sequences this durable selects, ascending."""
    position: int = 0
    """Index into ``selected`` of the next new message."""
    consumer_sequence: int = 0
    unsettled: dict[int, _Unsettled] = field(default_factory=dict)
    due: list[tuple[float, int]] = field(default_factory=list)
    """Heap of redeliveries; entries whose time differs from ``unsettled`` are stale."""
    copies: deque[Incoming] = field(default_factory=deque)
    """Second copies a fault asked for."""
    blocked_until: float = 0.0
    generation: int = 0

    def __post_init__(self) -> None:
        for record in self.stream.records:
            self.offer(record)

    def offer(self, record: Record) -> None:
        """Take note of a new record, when the filter selects it."""
        types = self.durable.types
        if not types or any(matches(subjects_of_type(name), record.subject) for name in types):
            self.selected.append(record.sequence)

    def rewind(self, sequence: int) -> None:
        """Begin again at stream ``sequence``; the consumer sequence starts at 1 again."""
        self.position = bisect_left(self.selected, sequence)
        self.consumer_sequence = 0
        self.unsettled.clear()
        self.due.clear()
        self.copies.clear()
        self.blocked_until = 0.0
        self.generation += 1

    def deliver(self, sequence: int, deliveries: int) -> Incoming:
        """Return record ``sequence`` as this durable's next delivery."""
        self.consumer_sequence += 1
        record = self.stream.records[sequence - 1]
        name = self.durable.name
        return Incoming(
            subject=record.subject,
            body=record.body,
            headers=record.headers,
            stream=self.stream.definition.name,
            sequence=sequence,
            consumer_sequence=self.consumer_sequence,
            deliveries=deliveries,
            pending=len(self.selected) - self.position,
            stored_at=record.stored_at,
            reply=f"memory.{name}.{self.generation}.{sequence}",
        )

    def next_new(self) -> int | None:
        """Return the stream sequence of the next new message, or None; bounded by the unsettled ones of a queue."""
        if self.position >= len(self.selected):
            return None
        if self.durable.kind == "queue" and len(self.unsettled) >= self.durable.pending_max:
            return None
        self.position += 1
        return self.selected[self.position - 1]

    def schedule(self, sequence: int, due: float, deliveries: int) -> None:
        """Let ``sequence`` come again at loop time ``due`` unless it is settled before."""
        self.unsettled[sequence] = _Unsettled(due, deliveries)
        heapq.heappush(self.due, (due, sequence))

    def next_due(self, now: float) -> tuple[int, int] | None:
        """Return (sequence, deliveries so far) of a message whose time has come, or None."""
        while self.due:
            due, sequence = self.due[0]
            entry = self.unsettled.get(sequence)
            if entry is None or entry.due != due:
                heapq.heappop(self.due)
                continue
            if due > now:
                return None
            heapq.heappop(self.due)
            return sequence, entry.deliveries
        return None

    def next_due_time(self) -> float | None:
        """Return the loop time of the earliest possible redelivery."""
        return self.due[0][0] if self.due else None

    def settle(self, sequence: int) -> bool:
        """Forget ``sequence``; return whether it was waiting."""
        return self.unsettled.pop(sequence, None) is not None


def cursors_by_name(streams: Mapping[str, MemoryStream], durables: Iterable[Durable]) -> dict[str, Cursor]:
    """Return one cursor per durable, attached to its stream."""
    cursors: dict[str, Cursor] = {}
    for durable in durables:
        cursor = Cursor(durable, streams[durable.stream])
        streams[durable.stream].cursors.append(cursor)
        cursors[durable.name] = cursor
    return cursors
