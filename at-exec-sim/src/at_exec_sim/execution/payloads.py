"""Payloads: what the engine says about an order, built from the approval, the record and the broker's word. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from at_core import ids
from at_core.enums import OrderStatus, OrderType
from at_core.events import (
    FillRecorded,
    OrderStatusUpdated,
    OrderSubmitted,
    OrderSubmittedEvent,
    RiskApprovedEvent,
)
from at_core.numbers import ZERO
from at_exec_sim.brokers.models import BrokerFill, OrderRequest
from at_exec_sim.execution.blotter import OrderRecord
from at_exec_sim.execution.pre_trade import Refused
from at_exec_sim.execution.transitions import after_fill
from at_exec_sim.portfolio import money

__all__ = ["filled", "refused", "request_of", "slot_of", "submitted", "updated"]

_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


def submitted(approval: RiskApprovedEvent, digest: str, quantity: Decimal, broker: str) -> OrderSubmitted:
    """Return the intent of an approval; ``quantity`` is the approved one or what clipping left of it."""
    skeleton = approval.plan.order_skeleton
    kind = skeleton.order_type
    return OrderSubmitted(
        client_order_id=approval.client_order_id,
        internal_order_id=ids.internal_order_id(approval.plan_id),
        approval_id=approval.event_id,
        approval_digest=digest,
        proposal_id=approval.proposal_id,
        plan_id=approval.plan_id,
        signal_id=approval.signal_id,
        strategy=approval.strategy,
        broker=broker,
        symbol=approval.symbol,
        side=approval.side,
        order_type=kind,
        time_in_force=skeleton.time_in_force,
        quantity=quantity,
        limit_price=(approval.approved_limit_price or skeleton.limit_price) if kind in _LIMITED else None,
        stop_price=skeleton.stop_price if kind in _STOPPED else None,
        stop_loss=approval.hard_stop_loss,
        take_profit=approval.plan.risk_model.take_profit,
        reduces_risk=approval.reduces_risk,
        reference_price=approval.reference_price,
    )


def request_of(intent: OrderSubmittedEvent) -> OrderRequest:
    """Return what the broker is asked: the written intent and nothing else."""
    return OrderRequest(
        client_order_id=intent.client_order_id,
        symbol=intent.symbol,
        side=intent.side,
        order_type=intent.order_type,
        time_in_force=intent.time_in_force,
        quantity=intent.quantity,
        limit_price=intent.limit_price,
        stop_price=intent.stop_price,
        reference_price=intent.reference_price,
    )


def refused(approval: RiskApprovedEvent, ruling: Refused) -> OrderStatusUpdated:
    """Return the one update that ends an approval before any order was made of it."""
    return OrderStatusUpdated(
        client_order_id=approval.client_order_id,
        proposal_id=approval.proposal_id,
        plan_id=approval.plan_id,
        strategy=approval.strategy,
        symbol=approval.symbol,
        side=approval.side,
        status=ruling.status,
        previous_status=OrderStatus.CREATED,
        quantity=approval.approved_quantity,
        filled_quantity=ZERO,
        leaves_quantity=ZERO,
        code=ruling.code,
        reason=ruling.reason,
    )


def updated(
    record: OrderRecord,
    intent: OrderSubmittedEvent,
    status: OrderStatus,
    *,
    broker_order_id: str | None = None,
    code: str | None = None,
    reason: str = "",
) -> OrderStatusUpdated:
    """Return the order's step to ``status`` with the executions recorded so far."""
    leaves = ZERO if status.terminal else max(record.quantity - record.filled_quantity, ZERO)
    average = record.average_price
    return OrderStatusUpdated(
        client_order_id=record.client_order_id,
        broker_order_id=broker_order_id or record.broker_order_id,
        proposal_id=intent.proposal_id,
        plan_id=intent.plan_id,
        strategy=intent.strategy,
        symbol=record.symbol,
        side=record.side,
        status=status,
        previous_status=record.announced[0],
        quantity=record.quantity,
        filled_quantity=record.filled_quantity,
        leaves_quantity=leaves,
        average_price=None if average is None else money(average),
        last_price=record.last_price,
        code=code,
        reason=reason[:2000],
    )


def slot_of(update: OrderStatusUpdated) -> str:
    """Return what tells one order's updates apart: a status at a filled quantity is one step, said once."""
    return f"{update.status}:{update.filled_quantity.normalize():f}"


def filled(record: OrderRecord, intent: OrderSubmittedEvent, fill: BrokerFill) -> FillRecorded:
    """Return one execution, with the order's quantities after it. ``slippage`` above zero is adverse."""
    cumulative = record.filled_quantity + fill.quantity
    status = after_fill(record.status, cumulative, record.quantity)
    reference = intent.reference_price
    leaves = ZERO if status.terminal else max(record.quantity - cumulative, ZERO)
    return FillRecorded(
        client_order_id=record.client_order_id,
        broker_order_id=fill.broker_order_id,
        execution_id=fill.execution_id,
        proposal_id=intent.proposal_id,
        plan_id=intent.plan_id,
        strategy=intent.strategy,
        symbol=record.symbol,
        side=record.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity,
        executed_at=fill.executed_at,
        filled_quantity=cumulative,
        leaves_quantity=leaves,
        status=status,
        reference_price=reference,
        slippage=None if reference is None else money((fill.price - reference) * record.side.sign),
        broker=intent.broker,
    )
