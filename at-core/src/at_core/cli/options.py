"""What several verbs share: where the bus is, whose keys, times as text, and lines that cannot play with a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from at_core.errors import ConfigurationError
from at_core.runtime.logging import redactor

__all__ = ["add_bus", "printable", "since", "table"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_bus(parser: argparse.ArgumentParser, keys: str) -> None:
    """Declare ``--server`` and ``--keys``."""
    parser.add_argument("--server", action="append", required=True, help="nats://host:port, may be repeated")
    parser.add_argument("--keys", type=Path, required=True, help=keys)


def since(text: str | None, now: datetime) -> datetime | None:
    """Read ``30m``, ``12h``, ``2d`` or an RFC 3339 time; raise ConfigurationError for anything else."""
    if text is None:
        return None
    try:
        if text[-1:] in _UNITS:
            return now - timedelta(**{_UNITS[text[-1]]: float(text[:-1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"--since {text!r}: say 30m, 12h, 2d or 2026-01-05T15:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def printable(text: str) -> str:
    """Return ``text`` as one safe line: no secret, and nothing that moves the cursor or colours the screen."""
    clean = redactor.clean(text)
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in clean)


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows as lines with aligned columns."""
    known = list(rows)
    if not known:
        return ""
    widths = [max(len(row[place]) for row in known) for place in range(len(known[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in known
    )
