"""Numbers that carry money: decimals from strings only, in plain notation, with bounded size.

Wire form: a JSON string matching ``DECIMAL_PATTERN``. JSON numbers and floats are refused because a float has
already lost digits when it arrives; exponents, signs of plus, blanks and underscores are refused because two
readers could disagree on them.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

__all__ = [
    "DECIMAL_PATTERN",
    "ZERO",
    "Money",
    "Percent",
    "Price",
    "Quantity",
    "Ratio",
    "SignedQuantity",
    "WireDecimal",
    "as_decimal",
    "plain",
    "round_money",
    "to_lot",
    "to_tick",
]

DECIMAL_PATTERN: Final = r"^-?(0|[1-9]\d{0,19})(\.\d{1,18})?$"
_DECIMAL = re.compile(DECIMAL_PATTERN)
ZERO: Final = Decimal(0)
_EXACT: Final = Context(prec=60)


def as_decimal(text: str) -> Decimal:
    """Read a decimal in plain notation; raise ValueError for anything else (floats' text, exponents, NaN)."""
    if not _DECIMAL.match(text):
        raise ValueError(f"{text[:40]!r} is not a plain decimal (digits, optional point, up to 18 places)")
    return Decimal(text)


def plain(value: Decimal) -> str:
    """Write a decimal in plain notation, keeping its scale (``1E+2`` becomes ``100``)."""
    return format(value, "f")


def _only_text(value: Any) -> Decimal:
    if isinstance(value, str):
        return as_decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number must be finite")
        return as_decimal(plain(value))
    raise ValueError("write numbers as strings in plain notation; JSON numbers lose digits")


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("must be greater than 0")
    return value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def _at_most_one(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise ValueError("must lie between 0 and 1")
    return value


WireDecimal = Annotated[
    Decimal,
    BeforeValidator(_only_text),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DECIMAL_PATTERN, "format": "decimal"}),
]
"""Any decimal on the wire."""

_UNSIGNED = DECIMAL_PATTERN.replace("-?", "")


def _schema(form: str) -> WithJsonSchema:
    """Name the bound in the schema, where a number's own bounds cannot stand because the wire form is text."""
    return WithJsonSchema({"type": "string", "pattern": _UNSIGNED, "format": form})


Price = Annotated[WireDecimal, AfterValidator(_positive), _schema("decimal-positive")]
"""Price of one unit in the instrument's quote currency; greater than 0."""

Quantity = Annotated[WireDecimal, AfterValidator(_not_negative), _schema("decimal-unsigned")]
"""Unsigned amount in the instrument's own unit (base units or contracts)."""

SignedQuantity = WireDecimal
"""Position in the instrument's own unit: positive long, negative short."""

Money = WireDecimal
"""Amount of account currency, signed."""

Percent = Annotated[WireDecimal, AfterValidator(_not_negative), _schema("decimal-unsigned")]
"""Percent: 2.5 means 2.5 %."""

Ratio = Annotated[WireDecimal, AfterValidator(_at_most_one), _schema("decimal-ratio")]
"""Share between 0 and 1."""


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Return ``price`` on the instrument's price grid, half to even."""
    return _on_grid(price, tick, ROUND_HALF_EVEN)


def to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Return ``quantity`` on the lot grid, towards zero: rounding must never enlarge an order."""
    return _on_grid(quantity, lot, ROUND_DOWN)


def to_lot_up(quantity: Decimal, lot: Decimal) -> Decimal:
    """Return ``quantity`` on the lot grid, away from zero (for minimum sizes)."""
    return _on_grid(quantity, lot, ROUND_UP)


def _on_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise ValueError("a grid step must be greater than 0")
    steps = _EXACT.divide(value, step).to_integral_value(rounding=rounding)
    return _EXACT.multiply(steps, step)


def round_money(value: Decimal, places: int = 8) -> Decimal:
    """Return ``value`` with at most ``places`` decimals, half to even."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN, context=_EXACT)
