"""Times from senders: RFC 3339 with a zone, or whole seconds or milliseconds since 1970; nothing else is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from at_gateway.webhook.numbers import PLACEHOLDER
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["interval_length", "read_time"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_INTERVAL: Final = re.compile(r"(?P<count>[0-9]{0,5})(?P<unit>[SsTmhHDdWw]?)")
_UNIT_SECONDS: Final = {
    "": 60, "m": 60, "S": 1, "s": 1, "h": 3_600, "H": 3_600, "D": 86_400, "d": 86_400, "W": 604_800, "w": 604_800,
}  # fmt: skip


def read_time(name: str, text: str) -> datetime | Refusal:
    """Return the moment in ``text``, aware and in UTC, or why it is none."""
    trimmed = text.strip()
    if PLACEHOLDER.search(trimmed):
        return Refusal(
            RefusalCode.UNRESOLVED_PLACEHOLDER, f"{name} is {trimmed[:60]!r}: TradingView did not replace it"
        )
    if re.fullmatch(r"[0-9]{9,10}", trimmed):
        return _EPOCH + timedelta(seconds=int(trimmed))
    if re.fullmatch(r"[0-9]{12,13}", trimmed):
        return _EPOCH + timedelta(milliseconds=int(trimmed))
    if _RFC3339.fullmatch(trimmed):
        try:
            return datetime.fromisoformat(trimmed.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return Refusal(
        RefusalCode.BAD_TIME,
        f"{name} is {trimmed[:60]!r}; write 2026-01-05T15:00:00Z, or epoch seconds or milliseconds",
    )


def interval_length(interval: str) -> timedelta | None:
    """Return how long a bar of TradingView's ``{{interval}}`` lasts (``5``, ``1D``, ``30S``), None when unknown."""
    match = _INTERVAL.fullmatch(interval.strip())
    if match is None or not interval.strip() or match["unit"] not in _UNIT_SECONDS:
        return None
    count = int(match["count"] or 1)
    return timedelta(seconds=count * _UNIT_SECONDS[match["unit"]]) if count else None
