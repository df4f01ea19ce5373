"""The observer: the body of at-obs. It records the journal and counts what it sees; it never emits an event."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from at_core.clock import Clock
from at_core.events.emit import Emit
from at_core.events.envelope import Event
from at_core.events.subjects import decode_key
from at_core.events.system import HeartbeatEvent
from at_core.runtime.bus import Incoming
from at_core.runtime.dead_letter import is_requeue_marker
from at_core.runtime.delivery import Delivery
from at_core.topology.roles import ROLES
from at_core.topology.streams import DEAD_LETTER_HEAD
from at_obs.audit.record import event_of
from at_obs.audit.recorder import Recorded, Recorder
from at_obs.audit.store import AuditStore
from at_obs.flow.fold import FlowFold
from at_obs.flow.metrics import ADVISORIES, OTHER, ObsMetrics

__all__ = ["CHECKPOINT_ROWS", "JOURNAL_DURABLE", "Observer"]

log = logging.getLogger(__name__)

JOURNAL_DURABLE: Final = "obs-journal"

CHECKPOINT_ROWS: Final = 1000
"""A checkpoint (size and head) is logged at every multiple: logs leave the machine, the audit file stays."""


class Observer:
    """Implements ``Body`` with both raw hooks; see ``at_core.runtime.body``."""

    raw_durables: frozenset[str] = frozenset({JOURNAL_DURABLE})

    def __init__(
        self,
        store: AuditStore,
        recorder: Recorder,
        metrics: ObsMetrics,
        clock: Clock,
        *,
        flows_max: int = 10_000,
        prefix: str = "",
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._flows_max = flows_max
        self._prefix = prefix
        self._began = clock.now()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the audit file, which is the one thing that is not a fold."""
        self._flows = FlowFold(self._flows_max)
        self._beats: dict[str, datetime] = {}
        self._dead: Counter[str] = Counter()
        self._advisories: Counter[str] = Counter()
        self._dead_newest = 0.0
        self._advisory_newest = 0.0
        self._metrics.forget_records()

    def observe(self, delivery: Delivery) -> None:
        """Fold a heartbeat."""
        event = delivery.event
        if isinstance(event, HeartbeatEvent):
            known = self._beats.get(event.role)
            self._beats[event.role] = max(known, event.timestamp) if known else event.timestamp

    def observe_raw(self, message: Incoming) -> bool:
        """Count dead letters and advisories: transport records, not events."""
        tokens = message.subject.split(".")
        stored = message.stored_at.timestamp()
        if message.stream == "DLQ" and is_requeue_marker(message.subject):
            return True  # says that a letter was put back; it is no new one
        if message.stream == "DLQ" and tokens[0] == DEAD_LETTER_HEAD:
            name = _durable_of(tokens)
            self._dead[name] += 1
            self._dead_newest = max(self._dead_newest, stored)
            self._metrics.dead_letters(name, self._dead[name], self._dead_newest)
            return True
        if message.stream == "ADVISORY":
            kind = next((token for token in tokens if token in ADVISORIES), OTHER)
            self._advisories[kind] += 1
            self._advisory_newest = max(self._advisory_newest, stored)
            self._metrics.advisories(kind, self._advisories[kind], self._advisory_newest)
            return True
        return False

    async def recover(self) -> None:
        """Take up the chain where the file ends, and follow the flows that were open there."""
        head = self._store.head()
        for row in self._store.tail(self._flows_max):
            event = event_of(row.record, self._prefix)
            if event is not None:
                self._flows.fold(event)
        self._metrics.chain(head.position, head.sequence, head.gaps)
        log.info(
            "audit chain opened",
            extra={"rows": head.position, "sequence": head.sequence, "head": head.row_hash},
        )
        await self.tick()

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Never called: the only durable this body reacts to is a raw one."""
        del delivery, now
        return ()

    async def react_raw(self, messages: Sequence[Incoming]) -> None:
        """Append a batch of the journal; the shell acknowledges it once this returns.

        Raises AuditUnavailable when nothing could be written, AuditConflict when the file is another journal's.
        """
        if not messages:
            return
        now = self._clock.now()
        pending = messages[-1].pending
        oldest = min(message.stored_at for message in messages)
        # Set before the attempt: an audit that cannot write must look late, not idle.
        self._metrics.lag(pending, max((now - oldest).total_seconds(), 0.0))
        recorded = self._recorder.append(messages, now)
        self._account_for(recorded)
        if pending == 0:
            self._metrics.lag(0, 0.0)

    def emitted(self, event: Event) -> None:
        """Nothing: this role emits no event because of another."""
        del event

    async def tick(self) -> None:
        """Let time pass: ages of heartbeats, and holes that have become too old to wait for."""
        now = self._clock.now()
        for role in ROLES:
            age = now - self._beats.get(role.name, self._began)
            self._metrics.heartbeat_age(role.name, max(age.total_seconds(), 0.0))
        self._account_for(self._recorder.append((), now))

    def _account_for(self, recorded: Recorded) -> None:
        """Count and log what a batch did."""
        for event in recorded.events:
            self._metrics.event(event, self._flows.fold(event), len(self._flows))
        outcomes: Counter[str] = Counter(duplicate=recorded.duplicates)
        for row in recorded.rows:
            record = row.record
            outcomes["gap" if record.kind == "GAP" else "late" if record.late else "appended"] += 1
            fields = {"sequence": record.sequence, "problem": record.problem}
            if record.kind == "UNDECODABLE":
                outcomes["undecodable"] += 1
                log.warning("journal message is no event of this build; kept as bytes", extra=fields)
            elif record.kind == "GAP":
                log.error("journal gap declared", extra={**fields, "sequence_last": record.sequence_last})
            if row.position % CHECKPOINT_ROWS == 0:
                log.info("audit checkpoint", extra={"position": row.position, "head": row.row_hash})
        self._metrics.appended(outcomes)
        self._metrics.chain(recorded.head.position, recorded.head.sequence, recorded.head.gaps)
        self._metrics.hole(recorded.parked, recorded.hole_seconds)


def _durable_of(tokens: Sequence[str]) -> str:
    """Read the durable out of ``dlq.<role>.<durable>.<reason>``."""
    try:
        return decode_key(tokens[2]) or OTHER
    except (IndexError, ValueError):
        return OTHER
