"""The fold of the flow: which stages a journal event completes, and how long each took. Pure, bounded in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from at_core.events.envelope import Event
from at_core.events.fill import FillEvent
from at_core.events.order import OrderSubmittedEvent
from at_core.events.proposal import TradeProposalEvent
from at_core.events.risk import RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent

__all__ = ["STAGES", "FlowFold", "Stage", "StageTime"]

Stage = Literal[
    "signal_to_proposal", "proposal_to_ruling", "ruling_to_order", "order_to_fill", "signal_to_fill"
]
Mark = Literal["signal", "proposal", "ruling", "order", "fill"]

STAGES: Final[dict[Stage, tuple[Mark, Mark]]] = {
    "signal_to_proposal": ("signal", "proposal"),
    "proposal_to_ruling": ("proposal", "ruling"),
    "ruling_to_order": ("ruling", "order"),
    "order_to_fill": ("order", "fill"),
    "signal_to_fill": ("signal", "fill"),
}
"""A stage lies between two marks. ``signal`` is the moment the alert was received, ``fill`` the order's first fill;
every other mark is the timestamp of its event."""

BRANCHES_MAX: Final = 64
"""Proposals followed per flow; a signal cannot have more strategies than that."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One completed stage. ``seconds`` is never negative: clocks of two processes may disagree by a little."""

    stage: Stage
    seconds: float


@dataclass(slots=True)
class _Branch:
    """One proposal's way through the flow."""

    marks: dict[Mark, datetime] = field(default_factory=dict)
    measured: set[Stage] = field(default_factory=set)


@dataclass(slots=True)
class _Flow:
    """One correlation id."""

    signal_at: datetime | None = None
    branches: dict[UUID, _Branch] = field(default_factory=dict)


class FlowFold:
    """Follows open flows and reports each stage once, in whatever order its two ends arrive.

    The journal sources several streams, so an effect may stand before its cause. At most ``flows_max`` flows are
    kept; the one that was silent longest is forgotten first.
    """

    def __init__(self, flows_max: int = 10_000) -> None:
        self._flows: OrderedDict[UUID, _Flow] = OrderedDict()
        self._flows_max = flows_max

    def __len__(self) -> int:
        """Return how many flows are followed now."""
        return len(self._flows)

    def fold(self, event: Event) -> list[StageTime]:
        """Return the stages that ``event`` completes."""
        if isinstance(event, SignalEvent):
            flow = self._flow(event.correlation_id)
            flow.signal_at = flow.signal_at or event.received_at
            return [time for branch in flow.branches.values() for time in self._measure(flow, branch)]
        found = _mark(event)
        if found is None:
            return []
        proposal_id, mark = found
        flow = self._flow(event.correlation_id)
        branch = flow.branches.get(proposal_id)
        if branch is None:
            if len(flow.branches) >= BRANCHES_MAX:
                return []
            branch = flow.branches[proposal_id] = _Branch()
        branch.marks.setdefault(mark, event.timestamp)
        return self._measure(flow, branch)

    def _flow(self, correlation_id: UUID) -> _Flow:
        flow = self._flows.get(correlation_id)
        if flow is None:
            flow = self._flows[correlation_id] = _Flow()
            if len(self._flows) > self._flows_max:
                self._flows.popitem(last=False)
        self._flows.move_to_end(correlation_id)
        return flow

    @staticmethod
    def _measure(flow: _Flow, branch: _Branch) -> list[StageTime]:
        marks = dict(branch.marks)
        if flow.signal_at is not None:
            marks["signal"] = flow.signal_at
        times = []
        for stage, (begin, end) in STAGES.items():
            if stage not in branch.measured and begin in marks and end in marks:
                branch.measured.add(stage)
                times.append(StageTime(stage, max((marks[end] - marks[begin]).total_seconds(), 0.0)))
        return times


def _mark(event: Event) -> tuple[UUID, Mark] | None:
    """Return which proposal the event speaks of and which moment of its way it marks."""
    if isinstance(event, TradeProposalEvent):
        return event.event_id, "proposal"
    if isinstance(event, RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent):
        return event.proposal_id, "ruling"
    if isinstance(event, OrderSubmittedEvent):
        return event.proposal_id, "order"
    if isinstance(event, FillEvent):
        return event.proposal_id, "fill"
    return None
