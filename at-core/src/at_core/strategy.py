"""What strategy authors import: a strategy is one pure function from a trigger and a frozen context to a proposal.

The same file runs live, in paper, in replay and in a backtest, because it sees nothing but its arguments: no bus, no
clock, no ids, no logger. What it may not know it cannot do wrong; limits are the gate's work, not the author's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from at_core.enums import OrderType, QuantityUnit, Side, SizingMethod, TimeInForce
from at_core.events import MarketDataEvent, SeenStream, SignalEvent
from at_core.instruments import Instruments
from at_core.numbers import ZERO
from at_core.risk import sizing

__all__ = [
    "FLAT",
    "MARKET",
    "SIGNAL",
    "Abstain",
    "Answer",
    "Context",
    "Params",
    "Position",
    "Sized",
    "SizingPolicy",
    "Strategy",
    "TradeProposal",
]

Params = Mapping[str, Any]
"""A strategy's own settings: its defaults, overlaid by ``params`` of its table in ``strategies.toml``."""

SIGNAL: Final = "trading.signal.created"
MARKET: Final = "market.raw"


@dataclass(frozen=True, slots=True)
class Position:
    """What the account holds of one symbol, as far as the desk has heard: it lags behind the engine."""

    quantity: Decimal = ZERO
    """Signed: positive long, negative short."""
    average_price: Decimal | None = None
    """Volume-weighted entry price; None when flat."""


FLAT: Final = Position()


@dataclass(frozen=True, slots=True)
class Abstain:
    """No trade, and why. ``code`` is a token such as NO_PRICE; ``reason`` is a sentence for people."""

    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sized:
    """A quantity on the instrument's lot grid, and the method that found it."""

    quantity: Decimal
    method: SizingMethod


@dataclass(frozen=True, slots=True)
class SizingPolicy:
    """How a strategy's quantities are found when it does not state them.

    ``value`` by method: FIXED quantity, NOTIONAL money in the instrument's currency, EQUITY_PERCENT and RISK_TO_STOP
    percent of equity (2.5 means 2.5 %); SIGNAL takes the alert's own quantity and needs none.
    """

    method: SizingMethod
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class TradeProposal:
    """What a strategy wants. The desk completes it into a plan, the gate rules on it.

    ``quantity`` None means "by my sizing policy"; with ``close_position`` or ``reduce_only`` it means "all of it",
    found by the gate.
    Prices are per unit in the instrument's quote currency. ``ttl_seconds`` shortens the configured life, never
    lengthens it.
    """

    symbol: str
    side: Side
    quantity: Decimal | Sized | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False
    close_position: bool = False
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    reference_price: Decimal | None = None
    """The price the wish was made at; the last known market price when None."""
    rationale: str = ""
    confidence: Decimal | None = None
    """Between 0 and 1."""
    ttl_seconds: int | None = None

    @property
    def exits(self) -> bool:
        """Whether it can only shrink a position."""
        return self.reduce_only or self.close_position


Answer = TradeProposal | Abstain | None
"""None is an abstention without a reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a strategy may look at, frozen at one moment."""

    account: str
    now: datetime
    """Time of the delivery for a signal, time of the observation for market data; aware, UTC."""
    instruments: Instruments
    sizing: SizingPolicy
    positions: Mapping[str, Position] = field(default_factory=dict)
    last_entries: Mapping[str, Side] = field(default_factory=dict)
    """Side of the last entry proposed in this account, by symbol: it may be on its way, unknown to positions."""
    equity: Decimal | None = None
    """Equity of the account in its currency; None until the engine has said it once."""
    last_prices: Mapping[str, Decimal] = field(default_factory=dict)
    params: Params = field(default_factory=dict)
    state: Any = None
    """The strategy's own folded state for the trigger's symbol; ``initial`` before the first observation."""
    seen: tuple[SeenStream, ...] = ()
    """How far each stream was folded when this context was taken."""

    def position(self, symbol: str) -> Position:
        """Return what the account holds of ``symbol``; flat when nothing is known."""
        return self.positions.get(symbol, FLAT)

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the last known market price of ``symbol``, or None."""
        return self.last_prices.get(symbol)

    def size(
        self,
        symbol: str,
        side: Side,
        price: Decimal | None = None,
        stop: Decimal | None = None,
        signal: SignalEvent | None = None,
    ) -> Sized | Abstain:
        """Return the quantity the configured sizing policy gives, or why it gives none.

        ``price`` defaults to the last known market price; ``stop`` is where the trade is wrong, ``signal`` the alert
        whose own quantity the policy may use.
        """
        instrument = self.instruments.get(symbol)
        if instrument is None:
            return Abstain("UNKNOWN_INSTRUMENT", f"{symbol} is not in the instrument list")
        method, value = self.sizing.method, self.sizing.value
        price = price or self.last_price(symbol)
        if method is SizingMethod.SIGNAL or method is SizingMethod.FIXED:
            quantity = _stated(signal) if method is SizingMethod.SIGNAL else value
            if quantity is None:
                return Abstain("NO_QUANTITY", "the alert states no quantity in the instrument's unit")
            return _sized(sizing.fixed(quantity, instrument), method)
        if price is None:
            return Abstain("NO_PRICE", f"no price of {symbol} is known to size with")
        if method is SizingMethod.NOTIONAL:
            return _sized(sizing.notional(value, price, instrument), method)
        if self.equity is None:
            return Abstain("NO_EQUITY", f"the equity of {self.account} is not known yet")
        if method is SizingMethod.EQUITY_PERCENT:
            return _sized(sizing.equity_percent(self.equity, value, price, instrument), method)
        if stop is None or (price - stop) * side.sign <= 0:
            return Abstain("NO_STOP", "sizing by risk needs a stop on the losing side of the entry")
        return _sized(sizing.risk_to_stop(self.equity, value, price, stop, instrument), method)


def _stated(signal: SignalEvent | None) -> Decimal | None:
    counted = signal is not None and signal.quantity_unit in (QuantityUnit.BASE, QuantityUnit.CONTRACTS)
    return signal.quantity if signal is not None and counted else None


def _sized(quantity: Decimal, method: SizingMethod) -> Sized | Abstain:
    if quantity == 0:
        return Abstain("SIZE_BELOW_LOT", f"{method} does not buy one lot")
    return Sized(quantity, method)


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy: its name, its function, and what it listens to.

    A strategy that remembers gives ``initial`` and ``evolve(state, observation, params) -> state``: a pure fold of
    the market data of its symbols, kept per symbol, recomputed from the stream at every start. ``params`` are its
    settings with their defaults; ``check(params)`` returns what is wrong with them, or None.
    """

    name: str
    propose: Callable[[Any, Context], Answer]
    version: str = "1"
    on: Literal["trading.signal.created", "market.raw"] = SIGNAL
    initial: Any = None
    evolve: Callable[[Any, MarketDataEvent, Params], Any] | None = None
    params: Params = field(default_factory=dict)
    check: Callable[[Params], str | None] | None = None
