"""Wiring: the gateway observes what happened and lets the outside in; it reacts to nothing."""

from __future__ import annotations

from at_core.events.registry import event_types, stream_of
from at_core.topology.streams import JOURNAL_SOURCES
from at_core.topology.wiring import Observation, Outside, Wiring

__all__ = ["GATEWAY", "WIRINGS"]

_JOURNAL = tuple(name for name in event_types() if stream_of(name) in JOURNAL_SOURCES)

GATEWAY = Wiring(
    role="gateway",
    observes=(
        Observation("gateway-journal", _JOURNAL, tolerant=True),
        Observation("gateway-quarantine", ("intake.alert.quarantined",), tolerant=True),
    ),
    outside=(
        Outside(
            "tradingview webhook", "in", ("trading.signal.created", "market.raw", "intake.alert.quarantined")
        ),
        Outside("operator api", "in", ("operator.command.issued",)),
    ),
)

WIRINGS: tuple[Wiring, ...] = (GATEWAY,)
