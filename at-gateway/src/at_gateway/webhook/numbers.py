"""Numbers from senders: read strictly, each way of being wrong under its own code; nothing is repaired.

Accepted: digits with at most one point, an optional sign, an optional exponent (JSON writers make ``1e-05``). Refused:
blanks inside, thousands separators, commas, percent signs, hexadecimal, calculations.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from at_core.numbers import DECIMAL_PATTERN, plain
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["PLACEHOLDER", "read_number"]

PLACEHOLDER: Final = re.compile(r"\{\{|\}\}")
"""TradingView leaves placeholders it cannot replace in the text."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_NAN: Final = frozenset({"nan", "na", "n/a", "null", "none", "undefined"})
_INFINITE: Final = frozenset({"inf", "infinity", "∞"})
_ARITHMETIC: Final = re.compile(r"[0-9)]\s*[-+*/^]\s*[-+(.0-9]|^\s*\([-+*/^(). 0-9]+\)\s*$")
_WIRE: Final = re.compile(DECIMAL_PATTERN)
_EXPONENT_MAX: Final = 40


def read_number(name: str, text: str, *, zero: bool = False, negative: bool = False) -> Decimal | Refusal:
    """Return the number in ``text``, or why it is none; ``zero`` and ``negative`` say what else is allowed."""
    trimmed = text.strip()
    if not trimmed:
        return Refusal(RefusalCode.EMPTY_NUMBER, f"{name} is empty; leave the field out or give it a value")
    if not _NUMBER.fullmatch(trimmed):
        return _not_plain(name, trimmed)
    value = Decimal(trimmed)
    if value and abs(value.adjusted()) > _EXPONENT_MAX:
        return Refusal(RefusalCode.NUMBER_TOO_LONG, f"{name} is {trimmed[:40]!r}: too many digits")
    wire = plain(value) if value else "0"
    if not _WIRE.match(wire):
        return Refusal(RefusalCode.NUMBER_TOO_LONG, f"{name} is {trimmed[:40]!r}: too many digits")
    if value < 0 and not negative:
        return Refusal(RefusalCode.NEGATIVE_NUMBER, f"{name} is {trimmed[:40]}; it must not be negative")
    if value == 0 and not zero:
        return Refusal(RefusalCode.ZERO_NUMBER, f"{name} is 0; it must be greater than 0")
    return Decimal(wire)


def _not_plain(name: str, text: str) -> Refusal:
    shown = repr(text[:60])
    if PLACEHOLDER.search(text):
        return Refusal(
            RefusalCode.UNRESOLVED_PLACEHOLDER, f"{name} is {shown}: TradingView did not replace it"
        )
    bare = text.lower().lstrip("+-")
    if bare in _NAN:
        return Refusal(RefusalCode.NAN_NUMBER, f"{name} is {shown}: the script computed it from missing data")
    if bare in _INFINITE:
        return Refusal(RefusalCode.INFINITE_NUMBER, f"{name} is {shown}: the script divided by zero")
    if _ARITHMETIC.search(text):
        return Refusal(RefusalCode.ARITHMETIC_NUMBER, f"{name} is {shown}: compute it in the script instead")
    return Refusal(RefusalCode.NOT_A_NUMBER, f"{name} is {shown}: write digits with a point, nothing else")
