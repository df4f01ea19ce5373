"""Streams: one per writer's trust domain, plus the JOURNAL that sources those that decide anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

__all__ = ["CONTRACTS_STREAM", "DEAD_LETTER_HEAD", "JOURNAL_SOURCES", "STREAMS", "Stream", "stream"]

DEAD_LETTER_HEAD = "dlq"
"""Dead letters are transport records, not events: ``dlq.<role>.<durable>.<reason>``, one subject head per role."""

CONTRACTS_STREAM = "KV_contracts"
"""The bucket of live versions: a raw stream in the layout of a key-value bucket, so that no roll-up can wipe it."""

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream. Ages and sizes bound it; ``None`` keeps for ever."""

    name: str
    subjects: tuple[str, ...]
    age_max: timedelta | None
    bytes_max: int
    duplicate_window: timedelta
    discard: Literal["old", "new"] = "old"
    deny_delete: bool = False
    messages_per_subject_max: int = -1
    sources: tuple[str, ...] = ()
    compression: Literal["none", "s2"] = "none"


JOURNAL_SOURCES = ("SIGNALS", "OPERATOR", "PROPOSALS", "RISK", "EXEC", "SYSTEM", "OBS")
"""What audit, console and replay read in one total order."""

_TEN_MINUTES = timedelta(minutes=10)

STREAMS: tuple[Stream, ...] = (
    Stream(
        "SIGNALS", ("trading.signal.>", "media.>"), timedelta(days=90), 1024 * MEBIBYTE, _TEN_MINUTES, "new"
    ),
    Stream("QUARANTINE", ("intake.>",), timedelta(days=90), 256 * MEBIBYTE, _TEN_MINUTES),
    Stream("OPERATOR", ("operator.>",), None, 64 * MEBIBYTE, _TEN_MINUTES, "new", deny_delete=True),
    Stream(
        "MARKET", ("market.>",), timedelta(hours=24), 1024 * MEBIBYTE, timedelta(minutes=2), compression="s2"
    ),
    Stream("FEATURES", ("features.>", "signal.>"), timedelta(days=7), 512 * MEBIBYTE, timedelta(minutes=2)),
    Stream(
        "PROPOSALS",
        ("trading.proposal.>", "agents.>", "portfolio.target.>"),
        timedelta(days=90),
        1024 * MEBIBYTE,
        _TEN_MINUTES,
        "new",
    ),
    Stream("RISK", ("trading.risk.>",), None, 2048 * MEBIBYTE, timedelta(hours=1), "new", deny_delete=True),
    Stream(
        "EXEC",
        (
            "trading.execution.>",
            "portfolio.position.>",
            "portfolio.account.>",
            "trading.reconciliation.>",
            "trading.state.>",
        ),
        None,
        2048 * MEBIBYTE,
        timedelta(hours=1),
        "new",
        deny_delete=True,
    ),
    Stream("SYSTEM", ("system.>",), None, 64 * MEBIBYTE, _TEN_MINUTES, "new", deny_delete=True),
    Stream("OBS", ("obs.>",), timedelta(days=90), 256 * MEBIBYTE, _TEN_MINUTES),
    Stream(
        "HEALTH",
        ("heartbeat.>",),
        timedelta(hours=1),
        16 * MEBIBYTE,
        timedelta(minutes=2),
        messages_per_subject_max=8,
    ),
    Stream(
        CONTRACTS_STREAM,
        ("$KV.contracts.>",),
        timedelta(seconds=60),
        4 * MEBIBYTE,
        timedelta(seconds=60),
        messages_per_subject_max=1,
    ),
    Stream("DLQ", (f"{DEAD_LETTER_HEAD}.>",), timedelta(days=90), 256 * MEBIBYTE, _TEN_MINUTES),
    Stream(
        "ADVISORY",
        ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"),
        timedelta(days=90),
        64 * MEBIBYTE,
        _TEN_MINUTES,
    ),
    Stream(
        "JOURNAL", (), None, 8192 * MEBIBYTE, _TEN_MINUTES, "old", deny_delete=True, sources=JOURNAL_SOURCES
    ),
)


def stream(name: str) -> Stream:
    """Return the stream called ``name``; raise KeyError when there is none."""
    for known in STREAMS:
        if known.name == name:
            return known
    raise KeyError(name)
