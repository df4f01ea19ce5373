"""Branches: one per strategy that answered the trigger, each with its ruling, its orders and where it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from at_core.enums import AgentVerdict, OrderStatus
from at_core.events.agent_run import AgentRunEvent
from at_core.events.envelope import Event, format_utc
from at_core.events.fill import FillEvent
from at_core.events.order import OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.events.proposal import TradeProposalEvent
from at_core.events.risk import CheckResult, RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_obs.traces.document import Branch, Check, Fill, Order, Response, Result, Ruling
from at_obs.traces.sentences import number

__all__ = ["OUTCOMES", "RECORDED", "WAITING", "branches_of", "furthest"]

WAITING: Final = "AWAITING_STRATEGY"
RECORDED: Final = "RECORDED"

_STATUSES: Final = (
    OrderStatus.CREATED, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, OrderStatus.ACKNOWLEDGED, OrderStatus.REJECTED,
    OrderStatus.EXPIRED, OrderStatus.CANCELED, OrderStatus.FATAL_ERROR, OrderStatus.PARTIALLY_FILLED,
    OrderStatus.FILLED,
)  # fmt: skip
OUTCOMES: Final = (
    RECORDED, "STRATEGY_FAILED", "ABSTAINED", WAITING, "AWAITING_RULING", "REJECTED_BY_GATE", "HELD_BY_GATE",
    "AWAITING_ORDER", *(f"ORDER_{status}" for status in _STATUSES),
)  # fmt: skip
"""The closed set, from the nearest end to the furthest. The gate's REJECTED and the broker's are never mixed."""

_TERMINAL: Final = tuple(f"ORDER_{status}" for status in OrderStatus if status.terminal)
_COMPLETE: Final = frozenset({"STRATEGY_FAILED", "ABSTAINED", "REJECTED_BY_GATE", *_TERMINAL})

Step = OrderStatusUpdatedEvent | FillEvent
RulingEvent = RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent


@dataclass(slots=True)
class _Order:
    intent: OrderSubmittedEvent | None = None
    updates: list[OrderStatusUpdatedEvent] = field(default_factory=list)
    fills: list[FillEvent] = field(default_factory=list)


@dataclass(slots=True)
class _Parts:
    """Everything of one branch: by proposal, or by strategy when nothing was proposed."""

    strategy: str
    run: AgentRunEvent | None = None
    proposal: TradeProposalEvent | None = None
    ruling: RulingEvent | None = None
    orders: dict[str, _Order] = field(default_factory=dict)


def branches_of(events: Sequence[Event]) -> tuple[Branch, ...]:
    """Return the branches of one flow's events, in the order in which they began."""
    parts: dict[UUID | str, _Parts] = {}
    for event in events:
        if isinstance(event, AgentRunEvent):
            _part(
                parts, event.proposal_id or f"run:{event.strategy}:{event.trigger_id}", event.strategy
            ).run = event
        elif isinstance(event, TradeProposalEvent):
            _part(parts, event.event_id, event.strategy).proposal = event
        elif isinstance(event, RulingEvent):
            _rule(_part(parts, event.proposal_id, event.strategy), event)
        elif isinstance(event, OrderSubmittedEvent):
            _order(_part(parts, event.proposal_id, event.strategy), event.client_order_id).intent = event
        elif isinstance(event, OrderStatusUpdatedEvent):
            _order(_part(parts, event.proposal_id, event.strategy), event.client_order_id).updates.append(
                event
            )
        elif isinstance(event, FillEvent):
            _order(_part(parts, event.proposal_id, event.strategy), event.client_order_id).fills.append(event)
    return tuple(_branch(part) for part in parts.values())


def furthest(branches: Sequence[Branch]) -> str:
    """Return the outcome of the branch that went furthest."""
    return max((branch.final_outcome for branch in branches), key=OUTCOMES.index)


def _part(parts: dict[UUID | str, _Parts], key: UUID | str, strategy: str) -> _Parts:
    return parts.setdefault(key, _Parts(strategy))


def _rule(part: _Parts, event: RulingEvent) -> None:
    # A held plan is ruled on again by a person: the later, final word counts.
    if part.ruling is None or isinstance(part.ruling, RiskHeldEvent):
        part.ruling = event


def _order(part: _Parts, client_order_id: str) -> _Order:
    return part.orders.setdefault(client_order_id, _Order())


def _branch(part: _Parts) -> Branch:
    run = part.run
    proposed = part.proposal is not None or part.ruling is not None or bool(part.orders)
    verdict = run.verdict if run else AgentVerdict.PROPOSED
    orders = tuple(_order_document(name, order) for name, order in part.orders.items())
    outcome = _outcome(part, verdict, orders, proposed)
    proposal_id = next(_proposal_ids(part), None)
    return Branch(
        strategy=part.strategy,
        verdict=str(verdict),
        reason_code=run.reason_code if run else "",
        reason=run.reason if run else "",
        proposal_id=str(proposal_id or ""),
        inputs_used=tuple(f"{seen.stream}@{seen.sequence}" for seen in run.seen) if run else (),
        tools_called=(),
        riskgate_result=_ruling(part.ruling) if part.ruling else None,
        orders_submitted=orders,
        reconciliation_result=(),
        final_outcome=outcome,
        complete=outcome in _COMPLETE,
    )


def _proposal_ids(part: _Parts) -> Iterator[UUID]:
    if part.proposal is not None:
        yield part.proposal.event_id
    if part.run is not None and part.run.proposal_id is not None:
        yield part.run.proposal_id
    if part.ruling is not None:
        yield part.ruling.proposal_id


def _outcome(part: _Parts, verdict: AgentVerdict, orders: Sequence[Order], proposed: bool) -> str:
    if orders:
        return max((f"ORDER_{order.status}" for order in orders), key=OUTCOMES.index)
    if isinstance(part.ruling, RiskRejectedEvent):
        return "REJECTED_BY_GATE"
    if isinstance(part.ruling, RiskHeldEvent):
        return "HELD_BY_GATE"
    if isinstance(part.ruling, RiskApprovedEvent):
        return "AWAITING_ORDER"
    if proposed or verdict is AgentVerdict.PROPOSED:
        return "AWAITING_RULING"
    return "ABSTAINED" if verdict is AgentVerdict.ABSTAINED else "STRATEGY_FAILED"


def _ruling(event: RulingEvent) -> Ruling:
    verdict: Literal["APPROVED", "REJECTED", "HELD"] = "APPROVED"
    reasons: tuple[str, ...] = ()
    explanation = ""
    if not isinstance(event, RiskApprovedEvent):
        verdict = "REJECTED" if isinstance(event, RiskRejectedEvent) else "HELD"
        reasons, explanation = event.reasons, event.explanation
    checks = tuple(Check(check.code, _result(check), check.observed, check.limit) for check in event.checks)
    return Ruling(str(event.event_id), verdict, reasons, explanation, checks, event.policy_digest)


def _result(check: CheckResult) -> Result:
    if check.waived:
        return "WAIVED"
    return "PASS" if check.passed else "FAIL"


def _order_document(client_order_id: str, order: _Order) -> Order:
    steps: tuple[Step, ...] = (*order.updates, *order.fills)
    newest = _newest(steps)
    said: OrderSubmittedEvent | Step | None = order.intent or next(iter(steps), None)
    updates = [update for update in order.updates if update.average_price is not None]
    status = newest.status if newest else OrderStatus.SUBMITTED
    size = order.intent.quantity if order.intent else order.updates[0].quantity if order.updates else None
    return Order(
        client_order_id=client_order_id,
        broker_order_id=next((step.broker_order_id for step in steps if step.broker_order_id), ""),
        intended=order.intent is not None,
        side=str(said.side) if said else "",
        symbol=said.symbol if said else "",
        order_type=str(order.intent.order_type) if order.intent else "",
        quantity=number(size),
        status=str(status),
        filled_quantity=number(newest.filled_quantity) if newest else "0",
        average_price=number(updates[-1].average_price) if updates else "",
        responses=tuple(
            Response(format_utc(update.timestamp), str(update.status), update.code or "", update.reason)
            for update in order.updates
        ),
        fills=tuple(_fill(fill) for fill in order.fills),
    )


def _newest(steps: Sequence[Step]) -> Step | None:
    """The step that says most: more filled before less, an end before a way station, later before earlier."""
    best: Step | None = None
    for step in steps:
        if best is None or _weight(step) >= _weight(best):
            best = step
    return best


def _weight(step: Step) -> tuple[Decimal, bool, datetime]:
    return step.filled_quantity, step.status.terminal, step.timestamp


def _fill(fill: FillEvent) -> Fill:
    return Fill(
        execution_id=fill.execution_id,
        at=format_utc(fill.executed_at),
        quantity=number(fill.quantity),
        price=number(fill.price),
        fee=number(fill.fee),
        fee_currency=fill.fee_currency,
        slippage=number(fill.slippage),
    )
