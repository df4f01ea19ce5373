"""Admission: what the venue takes and what it refuses, before anything trades. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from at_core.enums import OrderType
from at_core.instruments import Instrument
from at_core.numbers import ZERO
from at_exec_sim.portfolio import market_value, notional
from at_exec_sim.simulator.book import VenueBook, VenueOrder
from at_exec_sim.simulator.config import ORDER_TYPES, TIMES_IN_FORCE, VenueConfig

__all__ = ["VenueRefusal", "admit", "equity_of", "free_equity"]

RefusalCode = Literal[
    "INVALID_TICKER", "UNSUPPORTED", "REJECTED", "INSUFFICIENT_FUNDS", "DUPLICATE", "NOT_FOUND"
]


@dataclass(frozen=True, slots=True)
class VenueRefusal:
    """Why the venue did nothing. ``existing`` is the order that already has the id."""

    code: RefusalCode
    reason: str
    existing: VenueOrder | None = None


def admit(book: VenueBook, order: VenueOrder, config: VenueConfig) -> VenueRefusal | None:
    """Return why ``order`` is not accepted, or None. A refused order leaves no trace: its id stays free."""
    existing = book.orders.get(order.client_order_id)
    if existing is not None:
        return VenueRefusal("DUPLICATE", "client order id must be unique", existing)
    instrument = config.instruments.get(order.symbol)
    if instrument is None:
        return VenueRefusal("INVALID_TICKER", f"{order.symbol} is not listed here")
    if order.order_type not in ORDER_TYPES or order.time_in_force not in TIMES_IN_FORCE:
        return VenueRefusal("UNSUPPORTED", f"{order.order_type} {order.time_in_force} is not offered here")
    malformed = _malformed(order, instrument)
    if malformed:
        return VenueRefusal("REJECTED", malformed)
    if len(book.working) >= config.working_max:
        return VenueRefusal("REJECTED", f"more than {config.working_max} working orders")
    price = _price(book, order)
    if price is None:
        return VenueRefusal(
            "REJECTED", f"no price of {order.symbol} is known and the order brings no reference"
        )
    return _unaffordable(book, order, instrument, price, config)


def _malformed(order: VenueOrder, instrument: Instrument) -> str:
    if order.quantity <= 0 or instrument.quantity(order.quantity) != order.quantity:
        return f"quantity {order.quantity} is not a positive multiple of the lot {instrument.lot_size}"
    if order.quantity > instrument.quantity_max:
        return f"quantity {order.quantity} is above the venue's bound {instrument.quantity_max}"
    needs_limit = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    needs_stop = order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    if needs_limit != (order.limit_price is not None):
        return f"{order.order_type} {'needs a' if needs_limit else 'takes no'} limit price"
    if needs_stop != (order.stop_price is not None):
        return f"{order.order_type} {'needs a' if needs_stop else 'takes no'} stop price"
    return ""


def _price(book: VenueBook, order: VenueOrder) -> Decimal | None:
    market = book.markets.get(order.symbol)
    seen = market.price_for(order.side) if market else None
    return order.limit_price or order.stop_price or seen or order.reference_price


def equity_of(book: VenueBook) -> Decimal:
    """Return cash plus the value of all holdings at the newest prices."""
    values = (market_value(held, _last(book, symbol)) for symbol, held in book.holdings.items())
    return book.cash + sum(values, ZERO)


def free_equity(book: VenueBook, config: VenueConfig) -> Decimal:
    """Return equity minus the margin that holdings and working orders bind (working exits bind too: careful)."""
    bound = ZERO
    for symbol, held in book.holdings.items():
        value = abs(market_value(held, _last(book, symbol)))
        bound += value * _rate(config, config.instruments.get(symbol))
    for name in book.working:
        order = book.orders[name]
        instrument = config.instruments.get(order.symbol)
        price = _price(book, order)
        if instrument is not None and price is not None:
            bound += notional(order.leaves_quantity, price, instrument.multiplier) * _rate(config, instrument)
    return equity_of(book) - bound


def _last(book: VenueBook, symbol: str) -> Decimal | None:
    market = book.markets.get(symbol)
    return market.middle if market else None


def _rate(config: VenueConfig, instrument: Instrument | None) -> Decimal:
    return config.margin_rates.get(instrument.asset_class, Decimal(1)) if instrument else Decimal(1)


def _unaffordable(
    book: VenueBook, order: VenueOrder, instrument: Instrument, price: Decimal, config: VenueConfig
) -> VenueRefusal | None:
    held = book.holdings.get(order.symbol)
    quantity = held.quantity if held else ZERO
    closing = min(abs(quantity), order.quantity) if quantity * order.side.sign < 0 else ZERO
    opening = order.quantity - closing
    if opening <= 0:
        return None
    needed = notional(opening, price, instrument.multiplier) * _rate(config, instrument)
    free = free_equity(book, config)
    if needed > free:
        return VenueRefusal("INSUFFICIENT_FUNDS", f"needs {needed:f} {config.currency}, free {free:f}")
    return None
