"""The venue's book: its orders, executions, markets and state as frozen values that survive as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from at_core.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from at_core.numbers import ZERO
from at_exec_sim.portfolio import Holding

__all__ = ["Market", "VenueBook", "VenueFill", "VenueOrder"]

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class VenueOrder(BaseModel):
    """An order at the venue."""

    model_config = _FROZEN

    client_order_id: str
    broker_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reference_price: Decimal | None = None
    status: OrderStatus = OrderStatus.ACKNOWLEDGED
    filled_quantity: Decimal = ZERO
    turnover: Decimal = ZERO
    """Sum of price x quantity over its executions."""
    fill_count: int = 0
    triggered: bool = False
    """A stop order that its price has woken."""
    resting: bool = False
    """It was on the book before the present market observation; its fills make liquidity."""
    placed_at: datetime
    working_from: datetime
    """Latency: nothing matches before this moment."""
    updated_at: datetime
    reason: str = ""

    @property
    def leaves_quantity(self) -> Decimal:
        """What may still trade."""
        return ZERO if self.status.terminal else self.quantity - self.filled_quantity

    @property
    def average_price(self) -> Decimal | None:
        """Volume-weighted price of the executions so far."""
        return self.turnover / self.filled_quantity if self.filled_quantity else None


class VenueFill(BaseModel):
    """One execution."""

    model_config = _FROZEN

    execution_id: str
    client_order_id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    executed_at: datetime


class Market(BaseModel):
    """The newest observation of one symbol, and how much of its size is still there to trade."""

    model_config = _FROZEN

    symbol: str
    tick_id: str
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    last: Decimal | None = None
    available_buy: Decimal | None = None
    """Quantity a buyer can still take of this observation; None when the market did not say."""
    available_sell: Decimal | None = None

    def price_for(self, side: Side) -> Decimal | None:
        """What a taker of ``side`` looks at: ask or bid, else the last price."""
        touch = self.ask if side is Side.BUY else self.bid
        return touch if touch is not None else self.last

    @property
    def middle(self) -> Decimal | None:
        """The price this market is valued at."""
        if self.last is not None:
            return self.last
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) / 2
        return self.bid or self.ask

    def available(self, side: Side) -> Decimal | None:
        """How much a taker of ``side`` still finds; None means without bound."""
        return self.available_buy if side is Side.BUY else self.available_sell

    def taken(self, side: Side, quantity: Decimal) -> Market:
        """Return the market after ``quantity`` of it was traded by a taker of ``side``."""
        left = self.available(side)
        if left is None:
            return self
        name = "available_buy" if side is Side.BUY else "available_sell"
        return self.model_copy(update={name: max(left - quantity, ZERO)})


@dataclass(slots=True)
class VenueBook:
    """The venue's whole state. Only ``venue.evolve`` changes it, and only by venue events."""

    cash: Decimal
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    """Every order ever accepted, by client order id: ids are unique for ever."""
    working: dict[str, None] = field(default_factory=dict)
    """Ids that may still trade, in the order of their arrival."""
    by_broker_id: dict[str, str] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    day: date | None = None
    """The UTC day of the last command: DAY orders end when it changes."""
