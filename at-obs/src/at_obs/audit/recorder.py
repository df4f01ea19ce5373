"""The recorder: journal messages, in whatever order they were delivered, become rows in journal order.

A queue redelivers what was not acknowledged, so messages can overtake each other. What is ahead of a hole is parked
in the store (durable, because it is acknowledged) until the hole is filled. A hole that stays longer than a bound is
declared: a GAP row enters the chain and says which positions never came. What comes even later is appended as *late*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from at_core.events.envelope import Event
from at_core.runtime.bus import Incoming
from at_obs.audit.chain import ChainRow, seal
from at_obs.audit.record import AuditRecord, digest, gap_record, read_event, record_of
from at_obs.audit.store import AuditConflict, AuditStore, Head

__all__ = ["HoleLimits", "Recorded", "Recorder"]


@dataclass(frozen=True, slots=True)
class HoleLimits:
    """How long and how much may wait behind a hole of the journal before the hole is declared a gap."""

    seconds_max: float = 600.0
    messages_max: int = 50_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one batch did. ``rows`` are new in the chain, gaps and late rows among them."""

    rows: tuple[ChainRow, ...]
    events: tuple[Event, ...]
    """The events of those rows that could be decoded, in chain order."""
    head: Head
    duplicates: int = 0
    parked: int = 0
    """Messages that wait behind a hole after this batch."""
    hole_seconds: float = 0.0
    """Age of the oldest hole as this process has seen it; 0 without one."""


@dataclass(slots=True)
class _Plan:
    """The rows of one transaction, sealed one behind the other."""

    head: Head
    rows: list[ChainRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """Body digests of the events in this plan, which the store does not know yet."""

    def add(self, record: AuditRecord) -> None:
        row = seal(record, self.head.position + 1, self.head.row_hash)
        covered = self.head.sequence if record.late else record.sequence_last
        gaps = self.head.gaps + (record.kind == "GAP")
        self.head = Head(row.position, covered, row.row_hash, gaps)
        self.rows.append(row)
        if record.event_id:
            self.digests[record.event_id] = row.body_digest


class Recorder:
    """Appends batches to one store. Not concurrent: one batch after the other."""

    def __init__(self, store: AuditStore, *, prefix: str = "", limits: HoleLimits | None = None) -> None:
        self._store = store
        self._prefix = prefix
        self._limits = limits or HoleLimits()
        self._waiting: dict[int, datetime] = {}
        """Parked positions, with when this process saw them first: a restart gives redelivery its time again."""

    def append(self, messages: Sequence[Incoming], now: datetime) -> Recorded:
        """Make ``messages`` durable; all of them may be acknowledged when this returns.

        Delivering a message again changes nothing. Raises AuditUnavailable when nothing was written, AuditConflict
        when a message differs from what is recorded at its position.
        """
        plan = _Plan(self._store.head())
        parked = {entry.sequence: entry.body_digest for entry in self._store.parked()}
        fresh = self._fresh(messages, plan.head, parked)
        for sequence in [n for n in sorted(fresh) if n <= plan.head.sequence]:
            self._add(plan, fresh.pop(sequence), late=True)
        waiting = sorted({*parked, *fresh})
        for sequence in waiting:
            self._waiting.setdefault(sequence, now)
        self._drain(plan, waiting, fresh, now)
        park = [fresh[n] for n in sorted(fresh) if n > plan.head.sequence]
        unpark = [n for n in sorted(parked) if n <= plan.head.sequence]
        if plan.rows or park:
            self._store.append(plan.rows, park, unpark)
        left = [n for n in waiting if n > plan.head.sequence]
        self._waiting = {n: self._waiting[n] for n in left}
        duplicates = (
            len(messages) - len(park) - sum(row.record.kind != "GAP" for row in plan.rows) + len(unpark)
        )
        return Recorded(
            tuple(plan.rows), tuple(plan.events), plan.head, duplicates, len(left), self._age(left, now)
        )

    def _fresh(self, messages: Sequence[Incoming], head: Head, parked: dict[int, str]) -> dict[int, Incoming]:
        """Return the messages that are not in the store yet, by position."""
        fresh: dict[int, Incoming] = {}
        for message in messages:
            sequence = message.sequence
            known = parked.get(sequence)
            if known is None and sequence in fresh:
                known = digest(fresh[sequence].body)
            if known is None and sequence <= head.sequence:
                known = self._store.body_digest_at(sequence)
            if known is None:
                fresh[sequence] = message
            elif known != digest(message.body):
                raise AuditConflict(
                    f"journal position {sequence} was recorded with another body: this audit file belongs to another "
                    "journal, or a row was altered; run at-obs verify, then give the service a new audit_file"
                )
        return fresh

    def _drain(self, plan: _Plan, waiting: Sequence[int], fresh: dict[int, Incoming], now: datetime) -> None:
        """Add what continues the chain; declare a hole that is too old or has too much behind it."""
        left = len(waiting)
        for message in self._in_order(waiting, fresh):
            expected = plan.head.sequence + 1
            if message.sequence > expected:
                reason = self._overdue(message.sequence, left, now)
                if not reason:
                    return
                plan.add(gap_record(expected, message.sequence - 1, now, reason))
            self._add(plan, message, late=False)
            left -= 1

    def _in_order(self, waiting: Sequence[int], fresh: dict[int, Incoming]) -> Iterable[Incoming]:
        for sequence in waiting:
            message = fresh.get(sequence)
            if message is None:
                yield from self._store.parked_messages(sequence, sequence)
            else:
                yield message

    def _overdue(self, first_behind: int, left: int, now: datetime) -> str:
        age = (now - self._waiting[first_behind]).total_seconds()
        if age >= self._limits.seconds_max:
            return f"not delivered for {age:.0f} s"
        if left > self._limits.messages_max:
            return f"not delivered while {left} later messages came"
        return ""

    def _age(self, left: Sequence[int], now: datetime) -> float:
        return max((now - self._waiting[left[0]]).total_seconds(), 0.0) if left else 0.0

    def _add(self, plan: _Plan, message: Incoming, *, late: bool) -> None:
        def digest_of(event_id: str) -> str | None:
            return plan.digests.get(event_id) or self._store.body_digest_of(event_id)

        event = read_event(message, self._prefix)
        plan.add(record_of(message, event, digest_of, prefix=self._prefix, late=late))
        if isinstance(event, Event):
            plan.events.append(event)
