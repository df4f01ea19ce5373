"""How numbers and times were read and written before their usual forms had a faster way: validators one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_DECIMAL = re.compile(r"^-?(0|[1-9]\d{0,19})(\.\d{1,18})?$")


def _only_text(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number must be finite")
        value = format(value, "f")
    if not isinstance(value, str):
        raise ValueError("write numbers as strings in plain notation; JSON numbers lose digits")
    if not _DECIMAL.match(value):
        raise ValueError("not a plain decimal (digits, optional point, up to 18 places)")
    return Decimal(value)


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


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _require_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; times inside AT are aware UTC")
    return moment.astimezone(UTC)


def _format_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


OldDecimal = Annotated[
    Decimal, BeforeValidator(_only_text), PlainSerializer(_plain, return_type=str, when_used="json")
]
OldPrice = Annotated[OldDecimal, AfterValidator(_positive)]
OldQuantity = Annotated[OldDecimal, AfterValidator(_not_negative)]
OldRatio = Annotated[OldDecimal, AfterValidator(_at_most_one)]
OldTime = Annotated[
    datetime, AfterValidator(_require_utc), PlainSerializer(_format_utc, return_type=str, when_used="json")
]


def old_type_and_major(subject: str, prefix: str = "") -> tuple[str, int] | None:
    """Read a subject with one expression."""
    text = subject.removeprefix(f"{prefix}.") if prefix else subject
    match = re.match(r"^([a-z]+(?:\.[a-z_]+){1,2})\.v(\d+)\.[^.]", text)
    return (match[1], int(match[2])) if match else None


def old_key(value: str | None) -> str:
    """Write a subject key byte by byte."""
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    return "".join(chr(byte) if byte in safe else f"={byte:02X}" for byte in (value or "").encode()) or "="
