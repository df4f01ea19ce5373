"""The metrics of at-obs: the flow's figures, the audit's state, heartbeats, dead letters. Labels are closed sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from at_core.enums import AgentVerdict, OrderStatus, SignalKind
from at_core.events.agent_run import AgentRunEvent
from at_core.events.envelope import Event
from at_core.events.fill import FillEvent
from at_core.events.order import OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.events.risk import RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent
from at_core.runtime.metrics import Metrics
from at_core.topology.consumers import DURABLES
from at_core.topology.roles import ROLES
from at_obs.flow.fold import STAGES, StageTime

__all__ = ["ADVISORIES", "NO_CODE", "STAGE_BUCKETS", "ObsMetrics"]

STAGE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; 0.5 is a promise's bound and stands in the list exactly."""

NO_CODE: Final = "NONE"
"""The ``code`` label of a ruling without a reason: an approval."""

OTHER: Final = "other"
"""What the catalogue shows for a value outside its closed set; declared, so that it starts at 0 as well."""

ADVISORIES: Final = ("MAX_DELIVERIES", "MSG_TERMINATED", OTHER)

_VERDICTS: Final = ("APPROVED", "REJECTED", "HELD")
_ROLE_NAMES: Final = tuple(role.name for role in ROLES)
_DURABLE_NAMES: Final = (*(durable.name for durable in DURABLES), OTHER)


class ObsMetrics:
    """Every metric that at-obs adds to the catalogue of its process, all series at 0 from the start."""

    def __init__(self, metrics: Metrics, reject_codes: Sequence[str]) -> None:
        self._declare_flow(metrics, reject_codes)
        self._declare_audit(metrics)
        self._declare_health(metrics)

    def _declare_flow(self, metrics: Metrics, reject_codes: Sequence[str]) -> None:
        self._stages = metrics.histogram(
            "at_flow_stage_seconds",
            "Time between two moments of a flow, from the events' own timestamps.",
            {"stage": tuple(STAGES)},
            STAGE_BUCKETS,
        )
        self._signals = metrics.counter(
            "at_flow_signals_total", "Signals seen in the journal, by kind.", {"kind": tuple(SignalKind)}
        )
        self._runs = metrics.counter(
            "at_flow_runs_total", "Answers of strategies to triggers.", {"verdict": tuple(AgentVerdict)}
        )
        self._decisions = metrics.counter(
            "at_risk_decisions_total",
            "Rulings of the gate, one per reason code; an approval counts once with code NONE.",
            {"verdict": _VERDICTS, "code": (NO_CODE, *reject_codes, OTHER)},
        )
        self._orders = metrics.counter(
            "at_flow_orders_total",
            "Orders entering a status; SUBMITTED is the written intent.",
            {"status": tuple(OrderStatus)},
        )
        self._fills = metrics.counter("at_flow_fills_total", "Executions reported by the broker.", {})
        self._open = metrics.gauge("at_flow_followed", "Flows kept in memory to measure their stages.", {})

    def _declare_audit(self, metrics: Metrics) -> None:
        outcomes = ("appended", "duplicate", "late", "gap", "undecodable")
        self._appends = metrics.counter(
            "at_audit_rows_total", "What became of journal messages.", {"outcome": outcomes}
        )
        self._rows = metrics.gauge("at_audit_chain_rows", "Rows in the chain: the head's position.", {})
        self._sequence = metrics.gauge(
            "at_audit_journal_sequence", "Last journal position the chain covers.", {}
        )
        self._gaps = metrics.gauge("at_audit_gaps", "Declared gaps in the chain.", {})
        self._parked = metrics.gauge("at_audit_parked_messages", "Messages waiting behind a hole.", {})
        self._hole = metrics.gauge("at_audit_hole_age_seconds", "Age of the oldest hole; 0 without one.", {})
        self._pending = metrics.gauge(
            "at_audit_pending_messages", "Journal messages not yet delivered to the audit.", {}
        )
        self._lag = metrics.gauge(
            "at_audit_lag_seconds",
            "Age of the oldest message in the last batch when it was taken up; 0 when idle.",
            {},
        )

    def _declare_health(self, metrics: Metrics) -> None:
        self._heartbeat = metrics.gauge(
            "at_heartbeat_age_seconds",
            "Time since the newest heartbeat of a role, or since this observer began when it never saw one.",
            {"role": _ROLE_NAMES},
        )
        self._dead = metrics.gauge(
            "at_dead_letters", "Dead letters kept in the stream, by durable.", {"durable": _DURABLE_NAMES}
        )
        self._dead_newest = metrics.gauge(
            "at_dead_letter_newest_timestamp_seconds",
            "When the newest dead letter was stored; 0 without one.",
            {},
        )
        self._advisories = metrics.gauge(
            "at_delivery_advisories", "Advisories kept in the stream.", {"kind": ADVISORIES}
        )
        self._advisory_newest = metrics.gauge(
            "at_delivery_advisory_newest_timestamp_seconds",
            "When the newest advisory was stored; 0 without one.",
            {},
        )

    def event(self, event: Event, stages: Sequence[StageTime], followed: int) -> None:
        """Count one journal event and the stages it completed."""
        for time in stages:
            self._stages.observe(time.seconds, time.stage)
        self._open.set(followed)
        if isinstance(event, SignalEvent):
            self._signals.inc(event.kind)
        elif isinstance(event, AgentRunEvent):
            self._runs.inc(event.verdict)
        elif isinstance(event, RiskApprovedEvent):
            self._decisions.inc("APPROVED", NO_CODE)
        elif isinstance(event, RiskRejectedEvent | RiskHeldEvent):
            verdict = "REJECTED" if isinstance(event, RiskRejectedEvent) else "HELD"
            for code in event.reasons or (OTHER,):
                self._decisions.inc(verdict, code)
        elif isinstance(event, OrderSubmittedEvent):
            self._orders.inc(OrderStatus.SUBMITTED)
        elif isinstance(event, OrderStatusUpdatedEvent):
            if event.status is not OrderStatus.SUBMITTED and event.status is not event.previous_status:
                self._orders.inc(event.status)
        elif isinstance(event, FillEvent):
            self._fills.inc()

    def appended(self, outcomes: Mapping[str, int]) -> None:
        """Count what one batch became."""
        for outcome, amount in outcomes.items():
            self._appends.inc(outcome, amount=amount)

    def chain(self, rows: int, sequence: int, gaps: int) -> None:
        """Set the chain's head."""
        self._rows.set(rows)
        self._sequence.set(sequence)
        self._gaps.set(gaps)

    def hole(self, parked: int, seconds: float) -> None:
        """Set what waits behind a hole, and for how long."""
        self._parked.set(parked)
        self._hole.set(seconds)

    def lag(self, pending: int, seconds: float) -> None:
        """Set how far the audit is behind the journal."""
        self._pending.set(pending)
        self._lag.set(seconds)

    def heartbeat_age(self, role: str, seconds: float) -> None:
        """Set the age of a role's newest heartbeat."""
        self._heartbeat.set(seconds, role)

    def dead_letters(self, durable: str, count: int, newest: float) -> None:
        """Set how many dead letters of one durable the stream keeps, and when the newest of all was stored."""
        self._dead.set(count, durable)
        self._dead_newest.set(newest)

    def advisories(self, kind: str, count: int, newest: float) -> None:
        """Set how many advisories of one kind the stream keeps, and when the newest of all was stored."""
        self._advisories.set(count, kind)
        self._advisory_newest.set(newest)

    def forget_records(self) -> None:
        """Set dead letters and advisories back to 0: their streams are folded again from the beginning."""
        for durable in _DURABLE_NAMES:
            self.dead_letters(durable, 0, 0)
        for kind in ADVISORIES:
            self.advisories(kind, 0, 0)
