"""Portfolio arithmetic: positions, cash and profit from executions; exact decimals, no state of its own.

One convention for every asset class: an execution moves its full notional (quantity x price x multiplier) between cash
and position. So equity = cash + sum of (quantity x last price x multiplier) holds for spot, short and futures alike;
the cash of a futures account may be far below zero while its equity is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from at_core.enums import Side
from at_core.numbers import ZERO

__all__ = ["PLACES", "Holding", "market_value", "money", "notional", "with_fill"]

PLACES: Final = 12
"""Decimals that money and average prices are kept with; the wire allows 18."""

_EXACT: Final = Context(prec=80)
_STEP: Final = Decimal(1).scaleb(-PLACES)


@dataclass(frozen=True, slots=True)
class Holding:
    """One symbol: signed quantity, entry price of the open part, profit of the closed part (fees not included)."""

    multiplier: Decimal = Decimal(1)
    quantity: Decimal = ZERO
    average_price: Decimal | None = None
    realized_pnl: Decimal = ZERO
    fill_count: int = 0


def money(value: Decimal) -> Decimal:
    """Return ``value`` with at most ``PLACES`` decimals and no trailing zeros, half to even."""
    rounded = value.quantize(_STEP, rounding=ROUND_HALF_EVEN, context=_EXACT).normalize(_EXACT)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def notional(quantity: Decimal, price: Decimal, multiplier: Decimal) -> Decimal:
    """Return quantity x price x multiplier, with the sign of ``quantity``."""
    return money(_EXACT.multiply(_EXACT.multiply(quantity, price), multiplier))


def with_fill(held: Holding, side: Side, quantity: Decimal, price: Decimal) -> Holding:
    """Return the holding after an execution.

    Enlarging averages the entry price by volume; reducing realises profit against it and keeps it; going through zero
    realises all and opens the rest at ``price`` (the average-cost method of broker statements).
    """
    signed = quantity * side.sign
    after = held.quantity + signed
    count = held.fill_count + 1
    entry = held.average_price
    if entry is None or held.quantity == 0:
        return replace(held, quantity=after, average_price=price if after else None, fill_count=count)
    if (held.quantity > 0) == (signed > 0):
        cost = _EXACT.multiply(abs(held.quantity), entry) + _EXACT.multiply(quantity, price)
        average = _positive(_EXACT.divide(cost, abs(after)))
        return replace(held, quantity=after, average_price=average, fill_count=count)
    closed = min(quantity, abs(held.quantity))
    direction = 1 if held.quantity > 0 else -1
    profit = notional(closed * direction, price - entry, held.multiplier)
    kept = entry if (after > 0) == (held.quantity > 0) else price
    return replace(
        held,
        quantity=after,
        average_price=kept if after else None,
        realized_pnl=held.realized_pnl + profit,
        fill_count=count,
    )


def market_value(held: Holding, last_price: Decimal | None) -> Decimal:
    """Return the signed value at ``last_price``, or at the entry price while no market price is known."""
    price = last_price if last_price is not None else held.average_price
    return ZERO if price is None else notional(held.quantity, price, held.multiplier)


def _positive(price: Decimal) -> Decimal:
    return money(price) or _STEP
