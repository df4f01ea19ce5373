"""What happened at the venue: one execution."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from at_core.enums import Liquidity, OrderStatus, Side
from at_core.events.envelope import Event, Payload, Token, UtcTime
from at_core.numbers import Money, Price, Quantity, WireDecimal

__all__ = ["FillEvent", "FillRecorded"]


class FillRecorded(Payload):
    """One execution; ``slippage`` is signed so that positive means worse than the reference price."""

    TYPE: ClassVar[str] = "trading.execution.fill"

    client_order_id: Token
    broker_order_id: Token
    execution_id: Token
    proposal_id: UUID
    plan_id: UUID
    strategy: Token
    symbol: Token
    side: Side
    quantity: Quantity
    price: Price
    fee: Money
    fee_currency: Token
    liquidity: Liquidity
    executed_at: UtcTime
    filled_quantity: Quantity
    """Cumulative quantity of the order after this fill."""
    leaves_quantity: Quantity
    status: OrderStatus
    reference_price: Price | None = None
    slippage: WireDecimal | None = None
    """Price difference to the reference, in quote currency per unit; positive is adverse."""
    broker: Token | None = None
    """Which broker adapter reported the execution; since 1.1."""


class FillEvent(FillRecorded, Event):
    """``trading.execution.fill``."""

    VERSION: ClassVar[str] = "1.1"
    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "EXEC"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "client_order_id")

    type: Literal["trading.execution.fill"]
