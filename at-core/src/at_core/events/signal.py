"""What the world said: an alert that was understood."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from at_core.enums import OrderType, PositionSide, QuantityUnit, Side, SignalKind
from at_core.events.envelope import Event, Payload, Text, Token, UtcTime
from at_core.numbers import Price, Quantity, SignedQuantity

__all__ = ["SignalCreated", "SignalEvent"]

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SignalCreated(Payload):
    """One alert, in our words. A price said by the sender is a reference, never a limit unless it said so."""

    TYPE: ClassVar[str] = "trading.signal.created"

    signal_source: Token
    """The configured source (one per webhook token)."""
    dialect: Token
    """The parser room that understood the message."""
    kind: SignalKind
    symbol: Token
    venue: Token | None = None
    strategy: Token | None = None
    """The strategy name the sender gave, if any; routing is ours, not theirs."""
    side: Side | None = None
    quantity: Quantity | None = None
    quantity_unit: QuantityUnit = QuantityUnit.DEFAULT
    order_type: OrderType = OrderType.MARKET
    limit_price: Price | None = None
    stop_price: Price | None = None
    stop_loss: Price | None = None
    take_profit: Price | None = None
    reference_price: Price | None = None
    reduce_only: bool = False
    target_position: SignedQuantity | None = None
    """Signed quantity the position should have afterwards (kind TARGET)."""
    market_position: PositionSide | None = None
    market_position_size: Quantity | None = None
    prev_market_position: PositionSide | None = None
    prev_market_position_size: Quantity | None = None
    order_id: Annotated[str, Field(max_length=200)] | None = None
    comment: Text | None = None
    interval: Token | None = None
    bar_time: UtcTime | None = None
    fired_at: UtcTime | None = None
    received_at: UtcTime
    natural_key: Digest
    """Digest of what makes this alert itself: the same key is the same alert."""
    body_digest: Digest
    """SHA-256 of the bytes as received."""
    late: bool = False


class SignalEvent(SignalCreated, Event):
    """``trading.signal.created``: root of a flow; its event id is derived from source and natural key."""

    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "SIGNALS"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")
    EXPIRES: ClassVar[bool] = True

    type: Literal["trading.signal.created"]
