"""What the broker was asked (the intent) and how the order lives."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from at_core.enums import OrderStatus, OrderType, Side, TimeInForce
from at_core.events.envelope import Event, Payload, Text, Token
from at_core.numbers import Price, Quantity, WireDecimal

__all__ = ["OrderStatusUpdated", "OrderStatusUpdatedEvent", "OrderSubmitted", "OrderSubmittedEvent"]

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OrderSubmitted(Payload):
    """The intent, durable before the broker hears of it (law 7); one per client order id, for ever."""

    TYPE: ClassVar[str] = "trading.execution.submitted"

    client_order_id: Token
    """What the broker gets as client order id (``idempotency_key`` in the BrokerAPI schemas)."""
    internal_order_id: UUID
    approval_id: UUID
    approval_digest: Digest
    """SHA-256 of the approval's exact body: the order that was sent is the order that was approved."""
    proposal_id: UUID
    plan_id: UUID
    signal_id: UUID | None = None
    strategy: Token
    broker: Token
    symbol: Token
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Quantity
    limit_price: Price | None = None
    stop_price: Price | None = None
    stop_loss: Price | None = None
    take_profit: Price | None = None
    reduces_risk: bool
    reference_price: Price | None = None


class OrderSubmittedEvent(OrderSubmitted, Event):
    """``trading.execution.submitted``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "EXEC"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "client_order_id")
    EXPIRES: ClassVar[bool] = True

    type: Literal["trading.execution.submitted"]


class OrderStatusUpdated(Payload):
    """A step in an order's life. Quantities follow FIX arithmetic: leaves = quantity - filled while working."""

    TYPE: ClassVar[str] = "trading.execution.updated"

    client_order_id: Token
    broker_order_id: Token | None = None
    proposal_id: UUID
    plan_id: UUID
    strategy: Token
    symbol: Token
    side: Side
    status: OrderStatus
    previous_status: OrderStatus | None = None
    quantity: Quantity
    filled_quantity: Quantity
    leaves_quantity: Quantity
    average_price: WireDecimal | None = None
    last_price: Price | None = None
    code: Token | None = None
    """Why, when the step is a refusal or a doubt: a broker error code or one of the engine's own."""
    reason: Text = ""


class OrderStatusUpdatedEvent(OrderStatusUpdated, Event):
    """``trading.execution.updated``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "EXEC"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "client_order_id")

    type: Literal["trading.execution.updated"]
