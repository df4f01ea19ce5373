"""The venue: a small exchange as a state machine. Commands in, events out, the book changed by events alone.

No clock, no chance outside the seed, no IO: the same commands on the same book give the same events, so the venue is
a broker (behind the port), a backtest (fed with history) and a test subject (fed by a property test) at once.

    place  ->  Refused | OrderAccepted, OrderChanged*, OrderFilled*, OrderEnded?
    cancel ->  Refused | OrderEnded
    observe -> MarketSeen, then the working orders in the order of their arrival
    pass_time -> DAY orders of a past day end; delayed orders meet the market they know
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from at_core.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from at_core.numbers import ZERO
from at_exec_sim.portfolio import Holding, money, notional, with_fill
from at_exec_sim.simulator.admission import VenueRefusal, admit
from at_exec_sim.simulator.book import Market, VenueBook, VenueFill, VenueOrder
from at_exec_sim.simulator.chance import chance
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.simulator.fees import fee_of
from at_exec_sim.simulator.latency import delay_of
from at_exec_sim.simulator.matching import Match, match
from at_exec_sim.simulator.slippage import slipped

__all__ = [
    "MarketSeen",
    "OrderChanged",
    "OrderFilled",
    "Outcome",
    "VenueEvent",
    "cancel",
    "evolve",
    "observe",
    "pass_time",
    "place",
]


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was accepted, woken, left resting, or ended."""

    order: VenueOrder


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """An execution, with the order after it."""

    order: VenueOrder
    fill: VenueFill


@dataclass(frozen=True, slots=True)
class MarketSeen:
    """A market observation, or what is left of it."""

    market: Market


VenueEvent = OrderChanged | OrderFilled | MarketSeen


@dataclass(slots=True)
class Outcome:
    """What one command did."""

    events: list[VenueEvent] = field(default_factory=list)
    refusal: VenueRefusal | None = None


def evolve(book: VenueBook, event: VenueEvent, config: VenueConfig) -> None:
    """Fold one event into the book, in place."""
    if isinstance(event, MarketSeen):
        book.markets[event.market.symbol] = event.market
        return
    order = event.order
    book.orders[order.client_order_id] = order
    book.by_broker_id[order.broker_order_id] = order.client_order_id
    if order.status.terminal:
        book.working.pop(order.client_order_id, None)
    else:
        book.working.setdefault(order.client_order_id)
    if isinstance(event, OrderFilled):
        _settle(book, event.fill, config)


def _settle(book: VenueBook, fill: VenueFill, config: VenueConfig) -> None:
    instrument = config.instruments.get(fill.symbol)
    multiplier = instrument.multiplier if instrument else Decimal(1)
    held = book.holdings.get(fill.symbol) or Holding(multiplier=multiplier)
    book.holdings[fill.symbol] = with_fill(held, fill.side, fill.quantity, fill.price)
    book.cash -= notional(fill.quantity * fill.side.sign, fill.price, multiplier) + fill.fee


def place(book: VenueBook, order: VenueOrder, now: datetime, config: VenueConfig) -> Outcome:
    """Accept or refuse a new order, then let it meet the market."""
    out = _opened(book, now, config)
    refusal = admit(book, order, config)
    if refusal is not None:
        out.refusal = refusal
        return out
    drawn = chance(config.seed, order.client_order_id, "latency")
    working_from = now + delay_of(config.latency, drawn)
    accepted = order.model_copy(update={"placed_at": now, "updated_at": now, "working_from": working_from})
    _do(book, out, OrderChanged(accepted), config)
    if working_from <= now:
        _meet(book, out, accepted.client_order_id, now, config)
    return out


def cancel(book: VenueBook, client_order_id: str, now: datetime, config: VenueConfig) -> Outcome:
    """End what is left of an order; refused when there is no such order. A finished order stays as it is."""
    out = _opened(book, now, config)
    order = book.orders.get(client_order_id)
    if order is None:
        out.refusal = VenueRefusal("NOT_FOUND", "no such order")
    elif not order.status.terminal:
        _end(book, out, order, OrderStatus.CANCELED, "canceled on request", now, config)
    return out


def observe(book: VenueBook, market: Market, now: datetime, config: VenueConfig) -> Outcome:
    """Take a market observation; one that is not newer than the known one of its symbol changes nothing."""
    out = _opened(book, now, config)
    known = book.markets.get(market.symbol)
    if known is not None and (market.at < known.at or market.tick_id == known.tick_id):
        return out
    _do(book, out, MarketSeen(market), config)
    for name in tuple(book.working):
        if book.orders[name].symbol == market.symbol and book.orders[name].working_from <= now:
            _meet(book, out, name, now, config)
    return out


def pass_time(book: VenueBook, now: datetime, config: VenueConfig) -> Outcome:
    """Let time act: DAY orders of an earlier UTC day end, and orders whose delay is over meet the market."""
    out = _opened(book, now, config)
    for name in tuple(book.working):
        order = book.orders[name]
        if not order.resting and order.working_from <= now:
            _meet(book, out, name, now, config)
    return out


def _opened(book: VenueBook, now: datetime, config: VenueConfig) -> Outcome:
    out = Outcome()
    if book.day is None or now.date() > book.day:
        for name in tuple(book.working):
            order = book.orders[name]
            if order.time_in_force is TimeInForce.DAY and order.placed_at.date() < now.date():
                _end(book, out, order, OrderStatus.EXPIRED, "end of the trading day", now, config)
        book.day = now.date()
    return out


def _do(book: VenueBook, out: Outcome, event: VenueEvent, config: VenueConfig) -> None:
    evolve(book, event, config)
    out.events.append(event)


def _meet(book: VenueBook, out: Outcome, name: str, now: datetime, config: VenueConfig) -> None:
    """Let one working order meet its market: trade, end or rest."""
    order = book.orders[name]
    market = book.markets.get(order.symbol) or _market_from_reference(order, now)
    found, triggered = match(order, market) if market else (None, False)
    if triggered and not order.triggered:
        order = order.model_copy(update={"triggered": True, "updated_at": now})
        _do(book, out, OrderChanged(order), config)
    if found is not None and not _passed_over(order, found, config):
        order = _trade(book, out, order, found, market, now, config)
    if order.status.terminal:
        return
    if order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        _end(book, out, order, OrderStatus.CANCELED, f"{order.time_in_force}: not all available", now, config)
    elif not order.resting:
        _do(book, out, OrderChanged(order.model_copy(update={"resting": True})), config)


def _market_from_reference(order: VenueOrder, now: datetime) -> Market | None:
    """Paper only: where no market was ever seen, the order's own reference price stands in for it."""
    if order.reference_price is None:
        return None
    return Market(symbol=order.symbol, tick_id="reference", at=now, last=order.reference_price)


def _passed_over(order: VenueOrder, found: Match, config: VenueConfig) -> bool:
    if not found.touched:
        return False
    return chance(config.seed, order.client_order_id, "touch") >= config.fill_at_touch


def _trade(
    book: VenueBook,
    out: Outcome,
    order: VenueOrder,
    found: Match,
    market: Market | None,
    now: datetime,
    config: VenueConfig,
) -> VenueOrder:
    available = market.available(order.side) if market else None
    quantity = order.leaves_quantity if available is None else _lots(order, available, config)
    if quantity <= 0 or (order.time_in_force is TimeInForce.FOK and quantity < order.leaves_quantity):
        return order
    fill = _execution(order, found, quantity, available, now, config)
    filled = order.filled_quantity + quantity
    after = order.model_copy(
        update={
            "filled_quantity": filled,
            "turnover": order.turnover + quantity * fill.price,
            "fill_count": order.fill_count + 1,
            "status": OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED,
            "updated_at": now,
        }
    )
    _do(book, out, OrderFilled(after, fill), config)
    if market is not None and available is not None and order.symbol in book.markets:
        _do(book, out, MarketSeen(market.taken(order.side, quantity)), config)
    return after


def _lots(order: VenueOrder, available: Decimal, config: VenueConfig) -> Decimal:
    """Return the tradable quantity on the lot grid: never more than is left of the order."""
    instrument = config.instruments.get(order.symbol)
    quantity = min(order.leaves_quantity, available)
    return instrument.quantity(quantity) if instrument else ZERO


def _execution(
    order: VenueOrder,
    found: Match,
    quantity: Decimal,
    available: Decimal | None,
    now: datetime,
    config: VenueConfig,
) -> VenueFill:
    instrument = config.instruments.get(order.symbol)
    price = found.price
    if found.liquidity is Liquidity.TAKER:
        drawn = chance(config.seed, order.client_order_id, f"slippage:{order.fill_count}")
        price = slipped(config.slippage, order.side, price, quantity, available, drawn)
    if instrument is not None:
        price = max(instrument.price(price), instrument.tick_size)
    if order.limit_price is not None and order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        better: Callable[..., Decimal] = min if order.side is Side.BUY else max
        price = better(price, order.limit_price)
    multiplier = instrument.multiplier if instrument else Decimal(1)
    fee = fee_of(config.fees, quantity, notional(quantity, price, multiplier), found.liquidity)
    return VenueFill(
        execution_id=f"{order.broker_order_id}.{order.fill_count + 1}",
        client_order_id=order.client_order_id,
        broker_order_id=order.broker_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=quantity,
        price=price,
        fee=money(fee),
        fee_currency=config.currency,
        liquidity=found.liquidity,
        executed_at=max(now, order.working_from),
    )


def _end(
    book: VenueBook,
    out: Outcome,
    order: VenueOrder,
    status: OrderStatus,
    reason: str,
    now: datetime,
    config: VenueConfig,
) -> None:
    ended = order.model_copy(update={"status": status, "reason": reason, "updated_at": now})
    _do(book, out, OrderChanged(ended), config)
