"""Sentences: what one event says, in words a person reads without knowing the types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from at_core.events.agent_run import AgentRunEvent
from at_core.events.envelope import Event
from at_core.events.fill import FillEvent
from at_core.events.operator import OperatorCommandEvent
from at_core.events.order import OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.events.portfolio import AccountEvent, PositionEvent
from at_core.events.proposal import TradeProposalEvent
from at_core.events.risk import CheckResult, RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent
from at_core.events.system import KillSwitchEvent, TradingModeEvent
from at_core.risk.codes import RejectCode
from at_core.risk.codes import sentence as sentence_of_code

__all__ = ["number", "sentence"]


def number(value: Decimal | None) -> str:
    """Write a decimal in plain notation; empty text for None."""
    return "" if value is None else format(value, "f")


def sentence(event: Event) -> str:
    """Return one sentence for any event; an unknown type is named by its type."""
    say = next((_SAY[cls] for cls in type(event).__mro__ if cls in _SAY), None)
    return say(event) if say else f"{event.type} was recorded."


def _signal(event: SignalEvent) -> str:
    wish = " ".join(
        part for part in (event.kind, event.side or "", number(event.quantity), event.symbol) if part
    )
    late = " It came late." if event.late else ""
    return f"The source {event.signal_source} sent an alert: {wish}.{late}"


def _run(event: AgentRunEvent) -> str:
    done = {"PROPOSED": "proposed a trade", "ABSTAINED": "proposed nothing", "FAILED": "failed"}[
        event.verdict
    ]
    why = f" ({event.reason_code})" if event.verdict != "PROPOSED" else ""
    more = f": {event.reason}" if event.reason else ""
    return f"The strategy {event.strategy} {done}{why}{more.rstrip('.')}."


def _proposal(event: TradeProposalEvent) -> str:
    plan = event.plan
    what = (
        "to close its position"
        if plan.intent.close_position
        else f"{plan.intent.side} {number(plan.quantity)}"
    )
    kind = plan.order_skeleton.order_type
    return f"The plan of {event.strategy}: {what} {event.symbol} as a {kind} order, sized by {plan.sizing_method}."


def _approved(event: RiskApprovedEvent) -> str:
    checks = len(event.checks)
    waived = sum(check.waived for check in event.checks)
    more = f", {waived} waived because the order only reduces risk" if waived else ""
    quantity = number(event.approved_quantity)
    return f"The gate approved {event.side} {quantity} {event.symbol} after {checks} checks{more}."


def _rejected(event: RiskRejectedEvent) -> str:
    return f"The gate rejected the plan. {_reasons(event.reasons, event.checks)}"


def _held(event: RiskHeldEvent) -> str:
    until = event.held_until.isoformat()
    return f"The gate holds the plan for a person until {until}. {_reasons(event.reasons, event.checks)}"


def _reasons(reasons: tuple[str, ...], checks: tuple[CheckResult, ...]) -> str:
    return " ".join(_reason(code, checks) for code in reasons)


def _reason(code: str, checks: tuple[CheckResult, ...]) -> str:
    text = sentence_of_code(RejectCode(code)) if code in RejectCode.__members__ else code
    failed = [check for check in checks if check.code == code and not check.passed]
    return " ".join(
        [text, *(f"Observed {check.observed}; allowed {check.limit} ({code})." for check in failed[:1])]
    )


def _submitted(event: OrderSubmittedEvent) -> str:
    price = f" at {number(event.limit_price)}" if event.limit_price is not None else ""
    what = f"{event.side} {number(event.quantity)} {event.symbol} {event.order_type}{price}"
    return f"The engine wrote down the order {what} for {event.broker}, before sending it."


def _updated(event: OrderStatusUpdatedEvent) -> str:
    why = f" ({event.code})" if event.code else ""
    more = f": {event.reason}" if event.reason else ""
    filled = (
        f", {number(event.filled_quantity)} of {number(event.quantity)} filled"
        if event.filled_quantity
        else ""
    )
    return f"The order is {event.status}{why}{filled}{more.rstrip('.')}."


def _fill(event: FillEvent) -> str:
    done = f"{event.side} {number(event.quantity)} {event.symbol} at {number(event.price)}"
    slip = f", slippage {number(event.slippage)}" if event.slippage is not None else ""
    return f"Filled: {done}, fee {number(event.fee)} {event.fee_currency}{slip}."


def _position(event: PositionEvent) -> str:
    if not event.quantity:
        return f"The position in {event.symbol} is flat, realised result {number(event.realized_pnl)} {event.currency}."
    return f"The position in {event.symbol} is now {number(event.quantity)} at {number(event.average_price)}."


def _account(event: AccountEvent) -> str:
    return f"The account is worth {number(event.equity)} {event.currency}, cash {number(event.cash)}."


def _command(event: OperatorCommandEvent) -> str:
    return f"The operator {event.operator} ({event.operator_role}) ordered {event.command}: {event.reason.rstrip('.')}."


def _killswitch(event: KillSwitchEvent) -> str:
    done = "engaged" if event.type.endswith("activated") else "released"
    scope = f"{event.scope} {event.scope_value}"
    why = event.reason.rstrip(".")
    return f"The kill switch was {done} for {scope} ({event.level}) by {event.triggered_by}: {why}."


def _mode(event: TradingModeEvent) -> str:
    return f"Trading is {event.trading_state} in {event.mode} mode: {event.reason.rstrip('.')}."


_SAY: Final[dict[type[Event], Callable[[Any], str]]] = {
    SignalEvent: _signal,
    AgentRunEvent: _run,
    TradeProposalEvent: _proposal,
    RiskApprovedEvent: _approved,
    RiskRejectedEvent: _rejected,
    RiskHeldEvent: _held,
    OrderSubmittedEvent: _submitted,
    OrderStatusUpdatedEvent: _updated,
    FillEvent: _fill,
    PositionEvent: _position,
    AccountEvent: _account,
    OperatorCommandEvent: _command,
    KillSwitchEvent: _killswitch,
    TradingModeEvent: _mode,
}
