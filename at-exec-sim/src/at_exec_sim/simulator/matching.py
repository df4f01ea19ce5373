"""Matching: whether an order trades against a market, and at which price before slippage. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from at_core.enums import Liquidity, OrderType, Side
from at_exec_sim.simulator.book import Market, VenueOrder

__all__ = ["Match", "match"]


@dataclass(frozen=True, slots=True)
class Match:
    """The order trades at ``price``; ``touched`` says that the market only just reached a resting limit."""

    price: Decimal
    liquidity: Liquidity
    touched: bool = False


def match(order: VenueOrder, market: Market) -> tuple[Match | None, bool]:
    """Return how ``order`` trades against ``market``, and whether its stop is triggered by now.

    An order that was not resting meets the touch (ask, bid, last); a resting one meets everything the observation
    says happened, so a bar's high and low count for it.
    """
    if order.order_type is OrderType.MARKET:
        return _taker(market.price_for(order.side)), False
    if order.order_type is OrderType.LIMIT:
        return _limit(order, market), False
    woken_at = None if order.triggered else _trigger(order, market)
    if woken_at is None and not order.triggered:
        return None, False
    if order.order_type is OrderType.STOP:
        price = woken_at if woken_at is not None else market.price_for(order.side)
        return _taker(price), True
    if woken_at is None:
        return _limit(order, market), True
    return (_taker(woken_at) if _within(order, woken_at) else None), True


def _taker(price: Decimal | None) -> Match | None:
    return None if price is None else Match(price, Liquidity.TAKER)


def _within(order: VenueOrder, price: Decimal) -> bool:
    limit = order.limit_price
    return limit is None or (price <= limit if order.side is Side.BUY else price >= limit)


def _limit(order: VenueOrder, market: Market) -> Match | None:
    limit = order.limit_price
    best = _best(order, market)
    if best is None or limit is None or not _within(order, best):
        return None
    if not order.resting:
        return Match(best, Liquidity.TAKER)
    return Match(limit, Liquidity.MAKER, touched=best == limit)


def _best(order: VenueOrder, market: Market) -> Decimal | None:
    """Return the best price the market offered this order."""
    if order.resting:
        extreme = market.low if order.side is Side.BUY else market.high
        if extreme is not None:
            return extreme
    return market.price_for(order.side)


def _trigger(order: VenueOrder, market: Market) -> Decimal | None:
    """Return the price a stop order is woken at: its stop, or the worse price the market jumped to."""
    stop = order.stop_price
    reached = market.price_for(order.side)
    if order.resting:
        extreme = market.high if order.side is Side.BUY else market.low
        reached = extreme if extreme is not None else reached
    if stop is None or reached is None:
        return None
    if order.side is Side.BUY:
        if reached < stop:
            return None
        gap = market.open if order.resting and market.high is not None else reached
        return stop if gap is None else max(stop, gap)
    if reached > stop:
        return None
    gap = market.open if order.resting and market.low is not None else reached
    return stop if gap is None else min(stop, gap)
