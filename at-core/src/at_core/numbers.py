"""Numbers that carry money: decimals from strings only, in plain notation, with bounded size.

Wire form: a JSON string matching ``DECIMAL_PATTERN``. JSON numbers and floats are refused because a float has
already lost digits when it arrives; exponents, signs of plus, blanks and underscores are refused because two
readers could disagree on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from at_core.forms import usual_or

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
_DECIMAL: Final = re.compile(DECIMAL_PATTERN, re.ASCII)
ZERO: Final = Decimal(0)
_EXACT: Final = Context(prec=60)


def as_decimal(text: str) -> Decimal:
    """Read a decimal in plain notation; raise ValueError for anything else (floats' text, exponents, NaN)."""
    if not _DECIMAL.fullmatch(text):
        # The text itself is not said: it may be a secret in the wrong field, and the sentence reaches logs.
        raise ValueError("not a plain decimal (digits, optional point, up to 18 places)")
    return Decimal(text)


def plain(value: Decimal) -> str:
    """Write a decimal in plain notation, keeping its scale (``1E+2`` becomes ``100``)."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def _only_text(value: Any) -> Decimal:
    if isinstance(value, str):
        return as_decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number must be finite")
        return as_decimal(plain(value))
    raise ValueError("write numbers as strings in plain notation; JSON numbers lose digits")


def _positive(value: Any) -> Decimal:
    number = _only_text(value)
    if number <= 0:
        raise ValueError("must be greater than 0")
    return number


def _not_negative(value: Any) -> Decimal:
    number = _only_text(value)
    if number < 0:
        raise ValueError("must not be negative")
    return _unsigned(number)


def _at_most_one(value: Any) -> Decimal:
    number = _only_text(value)
    if not 0 <= number <= 1:
        raise ValueError("must lie between 0 and 1")
    return _unsigned(number)


def _unsigned(value: Decimal) -> Decimal:
    """Take the sign off a zero and keep its scale: ``-0.00`` becomes ``0.00``. Another value stays as it is.

    Arithmetic leaves such zeros behind, and older builds wrote them: they are read, and never written again, because
    the published pattern of unsigned forms has no sign.
    """
    return value if value else value.copy_abs()


def _plain_unsigned(value: Decimal) -> str:
    return plain(_unsigned(value))


@dataclass(frozen=True, slots=True)
class _Form:
    """How a decimal is read and written.

    From JSON, a text that matches ``usual`` becomes a decimal without a call into Python code; whatever else comes is
    judged by ``strict``, which alone decides what is accepted and says what is wrong. So ``usual`` may only match
    what ``strict`` accepts, with the same result; it need not match all of it.
    """

    strict: Callable[[Any], Decimal]
    usual: str
    pattern: str
    """The pattern in the published schema; a number's own bounds cannot stand there because the form is text."""
    name: str
    """Names the bound in the published schema."""
    write: Callable[[Decimal], str] = plain

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        strict = core_schema.no_info_plain_validator_function(self.strict)
        usual = core_schema.no_info_after_validator_function(
            Decimal, core_schema.str_schema(pattern=self.usual)
        )
        return core_schema.json_or_python_schema(
            json_schema=usual_or(usual, strict),
            python_schema=strict,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern, "format": self.name}


_PLACES: Final = r"(\.[0-9]{1,18})?"
_FROM_ONE: Final = rf"[1-9][0-9]{{0,19}}{_PLACES}"
_UNSIGNED: Final = DECIMAL_PATTERN.replace("-?", "")

WireDecimal = Annotated[
    Decimal,
    _Form(
        _only_text,
        rf"^-?(0{_PLACES}|{_FROM_ONE})$",
        DECIMAL_PATTERN,
        "decimal",
    ),
]
"""Any decimal on the wire."""

Price = Annotated[
    Decimal,
    _Form(
        _positive,
        rf"^({_FROM_ONE}|0\.({'|'.join(f'0{{{zeros}}}[1-9][0-9]{{0,{17 - zeros}}}' for zeros in range(18))}))$",
        _UNSIGNED,
        "decimal-positive",
    ),
]
"""Price of one unit in the instrument's quote currency; greater than 0."""

Quantity = Annotated[
    Decimal,
    _Form(
        _not_negative,
        rf"^(0{_PLACES}|{_FROM_ONE})$",
        _UNSIGNED,
        "decimal-unsigned",
        _plain_unsigned,
    ),
]
"""Unsigned amount in the instrument's own unit (base units or contracts); a zero with a sign is read as zero."""

SignedQuantity = WireDecimal
"""Position in the instrument's own unit: positive long, negative short."""

Money = WireDecimal
"""Amount of account currency, signed."""

Percent = Quantity
"""Percent: 2.5 means 2.5 %."""

Ratio = Annotated[
    Decimal,
    _Form(
        _at_most_one,
        rf"^(0{_PLACES}|1(\.0{{1,18}})?)$",
        _UNSIGNED,
        "decimal-ratio",
        _plain_unsigned,
    ),
]
"""Share between 0 and 1."""


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Return ``price`` on the instrument's price grid, half to even."""
    return _on_grid(price, tick, ROUND_HALF_EVEN)


def to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Return ``quantity`` on the lot grid, towards zero: rounding must never enlarge an order."""
    return _on_grid(quantity, lot, ROUND_DOWN)


def _on_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise ValueError("a grid step must be greater than 0")
    steps = _EXACT.divide(value, step).to_integral_value(rounding=rounding)
    return _EXACT.multiply(steps, step)


def round_money(value: Decimal, places: int = 8) -> Decimal:
    """Return ``value`` with at most ``places`` decimals, half to even."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN, context=_EXACT)
