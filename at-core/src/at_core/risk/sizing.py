"""Sizing: how much to buy or sell, as pure functions; always on the lot grid, never more than was asked.

Every function rounds towards zero in whole lots by integer division, so that no rounding of an intermediate result
can enlarge an order. A result of 0 means that the budget does not buy one lot: propose nothing.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from at_core.instruments import Instrument
from at_core.numbers import ZERO

__all__ = ["equity_percent", "fixed", "notional", "risk_to_stop"]

_EXACT: Final = Context(prec=90)
"""Wide enough that products of wire decimals (38 digits) stay exact."""


def fixed(quantity: Decimal, instrument: Instrument) -> Decimal:
    """Return ``quantity`` floored to whole lots; raise ValueError when it is negative."""
    return _whole_lots(_not_negative("quantity", quantity), Decimal(1), instrument)


def notional(amount: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """Return the quantity whose value at ``price`` is at most ``amount`` (instrument currency).

    quantity = amount / (price x multiplier): the definition of notional value, solved for the quantity.
    Raises ValueError when ``amount`` is negative or ``price`` is not greater than 0.
    """
    unit = _EXACT.multiply(_positive("price", price), instrument.multiplier)
    return _whole_lots(_not_negative("amount", amount), unit, instrument)


def equity_percent(equity: Decimal, percent: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """Return the quantity worth at most ``percent`` % of ``equity`` at ``price``.

    The meaning of TradingView's ``strategy.percent_of_equity`` without its fee reserve: the gate's limits are the
    reserve. Equity of zero or less buys nothing. Raises ValueError when ``percent`` is negative.
    """
    return notional(_share(equity, percent), price, instrument)


def risk_to_stop(
    equity: Decimal, percent: Decimal, entry: Decimal, stop: Decimal, instrument: Instrument
) -> Decimal:
    """Return the quantity that loses at most ``percent`` % of ``equity`` between ``entry`` and ``stop``.

    quantity = (equity x percent / 100) / (|entry - stop| x multiplier): fixed fractional sizing (R. Vince, *Portfolio
    Management Formulas*, 1990), known as the percent risk model (V. K. Tharp, *Trade Your Way to Financial
    Freedom*, 1998). Slippage beyond the stop is not covered; value limits are the gate's. Equity of zero or less buys
    nothing. Raises ValueError when ``stop`` equals ``entry``, a price is not greater than 0 or ``percent`` is negative.
    """
    distance = abs(_EXACT.subtract(_positive("entry", entry), _positive("stop", stop)))
    if distance == 0:
        raise ValueError(
            "stop equals entry: the risk of one unit is unknown; give a stop away from the entry"
        )
    return _whole_lots(_share(equity, percent), _EXACT.multiply(distance, instrument.multiplier), instrument)


def _share(equity: Decimal, percent: Decimal) -> Decimal:
    return max(ZERO, _EXACT.multiply(equity, _not_negative("percent", percent)).scaleb(-2, _EXACT))


def _whole_lots(budget: Decimal, unit_cost: Decimal, instrument: Instrument) -> Decimal:
    lot_cost = _EXACT.multiply(unit_cost, instrument.lot_size)
    return _EXACT.multiply(_EXACT.divide_int(budget, lot_cost), instrument.lot_size)


def _positive(name: str, value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f"{name} must be greater than 0, is {value}")
    return value


def _not_negative(name: str, value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(f"{name} must not be negative, is {value}")
    return value
