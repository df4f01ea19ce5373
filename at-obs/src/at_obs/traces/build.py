"""Builds the trace of one flow from its audit rows: stages in order, then one branch per strategy. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from at_core.events.agent_run import AgentRunEvent
from at_core.events.envelope import Event, format_utc
from at_core.events.fill import FillEvent
from at_core.events.order import OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.events.proposal import TradeProposalEvent
from at_core.events.risk import RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent
from at_obs.audit.record import AuditRecord, event_of
from at_obs.traces.branches import RECORDED, WAITING, branches_of, furthest
from at_obs.traces.document import Stage, Trace
from at_obs.traces.sentences import sentence

__all__ = ["build_trace"]

STAGE_NAMES: Final = {
    "trading.signal.created": "signal",
    "operator.command.issued": "command",
    "agents.run.completed": "answer",
    "trading.proposal.created": "proposal",
    "trading.risk.approved": "ruling",
    "trading.risk.rejected": "ruling",
    "trading.risk.held": "ruling",
    "trading.execution.submitted": "order",
    "trading.execution.updated": "order status",
    "trading.execution.fill": "fill",
    "portfolio.position.changed": "position",
    "portfolio.account.changed": "account",
}
"""In the order of the flow, which decides between events of one and the same moment."""

_ORDER: Final = {name: place for place, name in enumerate(STAGE_NAMES)}
_TRADING: Final = (
    SignalEvent, TradeProposalEvent, AgentRunEvent, RiskApprovedEvent, RiskRejectedEvent, RiskHeldEvent,
    OrderSubmittedEvent, OrderStatusUpdatedEvent, FillEvent,
)  # fmt: skip


@dataclass(slots=True)
class _Life:
    """The flow's events in the order of their own time, each with its journal position."""

    events: list[tuple[Event, int]] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)


def build_trace(correlation_id: str, records: Sequence[AuditRecord], prefix: str = "") -> Trace | None:
    """Return the trace of one flow from its records in any order; None when there is no record."""
    life = _read(records, prefix)
    if not life.events and not life.unreadable:
        return None
    events = [event for event, _ in life.events]
    signal = next((event for event in events if isinstance(event, SignalEvent)), None)
    branches = branches_of(events)
    if branches:
        outcome, complete = furthest(branches), all(branch.complete for branch in branches)
    elif any(isinstance(event, _TRADING) for event in events) or not events:
        outcome, complete = WAITING, False
    else:
        outcome, complete = RECORDED, True
    begin = _begin(events, signal)
    stages = tuple(_stage(event, sequence, begin) for event, sequence in life.events)
    return Trace(
        correlation_id=correlation_id,
        trace_id=events[0].trace_id if events else "",
        account=next((event.account for event in events if event.account), ""),
        user_message=_message(signal),
        started_at=format_utc(begin) if begin else "",
        ended_at=stages[-1].at if stages else "",
        ms=stages[-1].ms if stages else 0.0,
        final_outcome=outcome,
        complete=complete,
        stages=stages,
        branches=branches,
        explanations=tuple(sentence(event) for event in events),
        unreadable=tuple(life.unreadable),
    )


def _read(records: Sequence[AuditRecord], prefix: str) -> _Life:
    life = _Life()
    for record in records:
        event = event_of(record, prefix)
        if event is None:
            life.unreadable.append(record.sequence)
        else:
            life.events.append((event, record.sequence))
    # The journal sources several streams, so an effect may stand before its cause: the events' own time decides.
    life.events.sort(key=lambda pair: (pair[0].timestamp, _ORDER.get(pair[0].type, len(_ORDER)), pair[1]))
    return life


def _begin(events: Sequence[Event], signal: SignalEvent | None) -> datetime | None:
    if signal is not None:
        return signal.received_at
    return events[0].timestamp if events else None


def _stage(event: Event, sequence: int, begin: datetime | None) -> Stage:
    elapsed = (event.timestamp - begin).total_seconds() if begin else 0.0
    return Stage(
        stage=STAGE_NAMES.get(event.type, event.type),
        at=format_utc(event.timestamp),
        ms=round(elapsed * 1000, 3),
        sequence=sequence,
        event_type=event.type,
        event_id=str(event.event_id),
        component=event.source,
        summary=sentence(event),
    )


def _message(signal: SignalEvent | None) -> str:
    """What the user or the chart said, as far as the signal keeps it."""
    if signal is None:
        return ""
    return signal.comment or sentence(signal)
