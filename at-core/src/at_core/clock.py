"""The clock port: the only room that reads the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock", "require_utc"]


class Clock(Protocol):
    """Reads the present as an aware UTC time with microseconds."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests, replay and simulation."""

    def __init__(self, start: datetime) -> None:
        self._now = require_utc(start)

    def now(self) -> datetime:
        """Return the time it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds`` (may be fractional, not negative)."""
        if seconds < 0:
            raise ValueError("a clock never goes back; seconds must be >= 0")
        self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Jump to ``moment`` (aware UTC)."""
        self._now = require_utc(moment)


def require_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC; raise ValueError when it carries no time zone or UTC has no such year."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; times inside AT are aware UTC")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} lies outside of the years 1 to 9999 in UTC") from None
