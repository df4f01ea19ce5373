"""What crosses the broker port: requests, orders, executions, refusals and capabilities, all frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from at_core.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from at_core.numbers import ZERO

__all__ = [
    "BrokerAccount",
    "BrokerCode",
    "BrokerFill",
    "BrokerOrder",
    "BrokerPosition",
    "BrokerRefusal",
    "BrokerSnapshot",
    "Capabilities",
    "ClientIdSemantics",
    "FillPage",
    "MarketTick",
    "OrderFilter",
    "OrderRequest",
    "Quote",
    "TradeFilter",
]


class BrokerCode(StrEnum):
    """Why a broker call did not end in an order. The first five are the public codes of the BrokerAPI spec."""

    RATE_LIMIT = "ERR_RATE_LIMIT"
    """Not taken: too many requests. The same call may succeed after ``retry_after_seconds``."""
    NETWORK = "ERR_NETWORK"
    """The broker was certainly not reached. When that is not certain, the code is OUTCOME_UNKNOWN."""
    INSUFFICIENT_FUNDS = "ERR_INSUFFICIENT_FUNDS"
    INVALID_TICKER = "ERR_INVALID_TICKER"
    MARKET_CLOSED = "ERR_MARKET_CLOSED"
    AUTH = "AUTH"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    """The client order id was used before; ``existing`` is the order that has it, when the broker says so."""
    NOT_FOUND = "NOT_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """No answer: the order may exist. Look it up before anything else."""


class ClientIdSemantics(StrEnum):
    """What a broker makes of our client order id."""

    PERMANENT = "permanent"
    """Accepted once, refused for ever after: sending again with the same id can never make a second order."""
    WINDOW = "window"
    """Unique only for some time."""
    LABEL = "label"
    """Only a label; nothing is de-duplicated."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an adapter can do; discovered at ``authenticate``, declared to the conformance cards."""

    broker: str
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    fractional: bool
    client_id_semantics: ClientIdSemantics
    fills_cursor: bool
    streaming: bool
    paper: bool
    client_id_length_max: int = 128


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What we ask for. ``reference_price`` is our own estimate; only a paper venue may trade on it."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reference_price: Decimal | None = None
    extended_hours: bool = False


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker tells it."""

    client_order_id: str
    broker_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    status: OrderStatus
    submitted_at: datetime
    updated_at: datetime
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BrokerFill:
    """One execution. ``execution_id`` is unique within the account."""

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


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """What is held in one symbol; positive long, negative short."""

    symbol: str
    quantity: Decimal
    average_price: Decimal | None


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """Money at the broker, in ``currency``."""

    account: str
    currency: str
    cash: Decimal
    equity: Decimal
    buying_power: Decimal
    paper: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The market in one symbol, as far as the broker knows it."""

    symbol: str
    as_of: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BrokerSnapshot:
    """Everything at one moment: what reconciliation compares with."""

    as_of: datetime
    account: BrokerAccount
    positions: tuple[BrokerPosition, ...]
    open_orders: tuple[BrokerOrder, ...]
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; an absent part does not filter."""

    symbol: str | None = None
    open_only: bool = False
    limit: int = 500


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which executions; an absent part does not filter."""

    symbol: str | None = None
    client_order_id: str | None = None
    limit: int = 500


@dataclass(frozen=True, slots=True)
class FillPage:
    """Executions after a cursor, oldest first. ``cursor`` is opaque; ``more`` says that another page waits."""

    fills: tuple[BrokerFill, ...]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class BrokerRefusal:
    """The broker (or the way to it) said no: a value, never an exception."""

    code: BrokerCode
    reason: str = ""
    retry_after_seconds: float | None = None
    existing: BrokerOrder | None = None

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later. An order is looked up before it is sent again all the same."""
        return self.code in _RETRYABLE


_RETRYABLE = frozenset({BrokerCode.RATE_LIMIT, BrokerCode.NETWORK})


@dataclass(frozen=True, slots=True)
class MarketTick:
    """One market observation for a paper venue. ``tick_id`` tells two ticks of one instant apart."""

    tick_id: str
    symbol: str
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    last: Decimal | None = None
    volume: Decimal | None = field(default=None)
    """Traded size: of the trade, or of the bar."""
