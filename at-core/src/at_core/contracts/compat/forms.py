"""Forms of text: the formats and patterns this platform uses, and which of them surely accepts all of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from at_core.contracts.compat.patterns import ENDLESS, matches, width
from at_core.events.envelope import TIME_PATTERN
from at_core.numbers import DECIMAL_PATTERN

__all__ = ["FORMATS", "WIDER_PATTERNS", "Format", "format_covers", "has_format", "lengths", "pattern_covers"]

UNSIGNED_PATTERN: Final = DECIMAL_PATTERN.replace("-?", "")
NAME_PATTERN: Final = r"^[A-Za-z0-9._:/@!+-]+$"
UUID_PATTERN: Final = r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True, slots=True)
class Format:
    """One named form of text."""

    test: Callable[[str], object]
    """Raises ValueError, or returns false, for a text that has another form."""
    pattern: str | None = None
    """Every text of the form matches it."""
    wider: frozenset[str] = frozenset()
    """Forms that accept every text of this one."""


def _decimal(text: str) -> Decimal:
    if not matches(DECIMAL_PATTERN, text):
        raise ValueError("no plain decimal")
    return Decimal(text)


def _uuid(text: str) -> bool:
    return matches(UUID_PATTERN, text) and UUID(text).hex != ""


FORMATS: Final[Mapping[str, Format]] = {
    "decimal": Format(lambda text: _decimal(text).is_finite(), DECIMAL_PATTERN),
    "decimal-unsigned": Format(lambda text: _decimal(text) >= 0, UNSIGNED_PATTERN, frozenset({"decimal"})),
    "decimal-positive": Format(
        lambda text: _decimal(text) > 0, UNSIGNED_PATTERN, frozenset({"decimal", "decimal-unsigned"})
    ),
    "decimal-ratio": Format(
        lambda text: 0 <= _decimal(text) <= 1, UNSIGNED_PATTERN, frozenset({"decimal", "decimal-unsigned"})
    ),
    "uuid": Format(_uuid, UUID_PATTERN),
    "date-time": Format(lambda text: datetime.fromisoformat(text).tzinfo is not None),
    "date": Format(date.fromisoformat, DATE_PATTERN),
}
"""Formats the checker knows. Another one is compared by its name alone, which is as much as anybody can say."""

WIDER_PATTERNS: Final[Mapping[str, frozenset[str]]] = {
    UNSIGNED_PATTERN: frozenset({DECIMAL_PATTERN, NAME_PATTERN}),
    DECIMAL_PATTERN: frozenset({NAME_PATTERN}),
    TIME_PATTERN: frozenset({NAME_PATTERN}),
    DATE_PATTERN: frozenset({NAME_PATTERN}),
    UUID_PATTERN: frozenset({NAME_PATTERN}),
    r"^[0-9a-f]{32}$": frozenset({NAME_PATTERN}),
    r"^[0-9a-f]{64}$": frozenset({NAME_PATTERN}),
}
"""Pattern to the patterns that accept all it accepts. Only what was proved by generated texts stands here.

A pattern with ``\\d`` stands here only when a form of our own judges the text: a bare ``Field(pattern=...)`` also lets
digits of other scripts pass, which no wider pattern here accepts.
"""


def format_covers(writer: str | None, reader: str | None) -> bool:
    """Whether a reader that demands ``reader`` accepts every text a writer of ``writer`` sends."""
    if reader is None or writer == reader:
        return True
    return writer is not None and writer in FORMATS and reader in FORMATS[writer].wider


def pattern_covers(writer: Mapping[str, Any], reader: str | None) -> bool:
    """Whether every text of the writer's node surely matches the reader's pattern."""
    if reader is None:
        return True
    known = FORMATS.get(writer.get("format", ""))
    said = (writer.get("pattern"), known.pattern if known else None)
    return any(text == reader or reader in WIDER_PATTERNS.get(text, ()) for text in said if text is not None)


def has_format(text: str, name: str) -> bool:
    """Whether ``text`` has the form; false for a form nobody here knows."""
    if name not in FORMATS:
        return False
    try:
        return bool(FORMATS[name].test(text))
    except ValueError:
        return False


def lengths(node: Mapping[str, Any]) -> tuple[int, int]:
    """Return least and greatest length of the texts of a node (greatest ``ENDLESS`` when unbounded)."""
    known = FORMATS.get(node.get("format", ""))
    patterns = (node.get("pattern"), known.pattern if known else None)
    spans = [width(text) for text in patterns if text is not None]
    spans.append((node.get("minLength", 0), node.get("maxLength", ENDLESS)))
    bounded = [high for _, high in spans if high != ENDLESS]
    return max(low for low, _ in spans), min(bounded, default=ENDLESS)
