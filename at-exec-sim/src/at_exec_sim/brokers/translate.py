"""Translation between the port's words and the venue's. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from at_core.numbers import ZERO
from at_exec_sim.brokers.models import (
    BrokerCode,
    BrokerFill,
    BrokerOrder,
    BrokerRefusal,
    MarketTick,
    OrderRequest,
    Quote,
)
from at_exec_sim.portfolio import money
from at_exec_sim.simulator.admission import VenueRefusal
from at_exec_sim.simulator.book import Market, VenueFill, VenueOrder

__all__ = ["market_of", "order_of", "quote_of", "refusal_of", "to_fill", "to_order"]

_CODES: Final = {
    "INVALID_TICKER": BrokerCode.INVALID_TICKER,
    "UNSUPPORTED": BrokerCode.UNSUPPORTED,
    "REJECTED": BrokerCode.REJECTED,
    "INSUFFICIENT_FUNDS": BrokerCode.INSUFFICIENT_FUNDS,
    "DUPLICATE": BrokerCode.DUPLICATE,
    "NOT_FOUND": BrokerCode.NOT_FOUND,
}


def order_of(request: OrderRequest, broker_order_id: str, now: datetime) -> VenueOrder:
    """Return the venue's draft of a requested order."""
    return VenueOrder(
        client_order_id=request.client_order_id,
        broker_order_id=broker_order_id,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        reference_price=request.reference_price,
        placed_at=now,
        working_from=now,
        updated_at=now,
    )


def to_order(order: VenueOrder) -> BrokerOrder:
    """Return the port's view of a venue order."""
    average = order.average_price
    return BrokerOrder(
        client_order_id=order.client_order_id,
        broker_order_id=order.broker_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        quantity=order.quantity,
        status=order.status,
        submitted_at=order.placed_at,
        updated_at=order.updated_at,
        filled_quantity=order.filled_quantity,
        average_price=None if average is None else money(average),
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        reason=order.reason,
    )


def to_fill(fill: VenueFill) -> BrokerFill:
    """Return the port's view of an execution."""
    return BrokerFill(**{name: getattr(fill, name) for name in VenueFill.model_fields})


def refusal_of(refusal: VenueRefusal) -> BrokerRefusal:
    """Return the port's word for a venue refusal."""
    existing = to_order(refusal.existing) if refusal.existing else None
    return BrokerRefusal(_CODES[refusal.code], refusal.reason, existing=existing)


def market_of(tick: MarketTick, participation: Decimal) -> Market:
    """Return the venue's view of a tick.

    Sizes of a quote bound what can be traded against it; of a traded volume, ``participation`` can. A volume of zero
    is how feeds without volume (indices, currencies) say that they do not know: it does not bound.
    """
    traded = tick.volume * participation if tick.volume else None
    return Market(
        symbol=tick.symbol,
        tick_id=tick.tick_id,
        at=tick.at,
        bid=tick.bid,
        ask=tick.ask,
        open=tick.open,
        high=tick.high,
        low=tick.low,
        last=tick.last,
        available_buy=_known(tick.ask_size, traded),
        available_sell=_known(tick.bid_size, traded),
    )


def _known(size: Decimal | None, traded: Decimal | None) -> Decimal | None:
    return size if size is not None and size > ZERO else traded


def quote_of(market: Market) -> Quote:
    """Return the port's view of a market."""
    return Quote(
        symbol=market.symbol,
        as_of=market.at,
        bid=market.bid,
        ask=market.ask,
        last=market.middle,
        bid_size=market.available_sell,
        ask_size=market.available_buy,
    )
