"""The wiring of obs: it acknowledges the journal, because no row may be lost, and emits nothing because of it."""

from __future__ import annotations

from typing import Final

from at_core.events.registry import event_types, stream_of
from at_core.topology.streams import JOURNAL_SOURCES
from at_core.topology.wiring import Observation, Reaction, Wiring

__all__ = ["OBS", "WIRINGS"]

JOURNALED: Final = tuple(name for name in event_types() if stream_of(name) in JOURNAL_SOURCES)
HEARTBEATS: Final = tuple(name for name in event_types() if stream_of(name) == "HEALTH")

OBS: Final = Wiring(
    role="obs",
    reacts=(Reaction("obs-journal", types=JOURNALED, emits=()),),
    observes=(
        Observation("obs-health", types=HEARTBEATS, tolerant=True),
        # Dead letters and advisories are transport records, not events: they have no types.
        Observation("obs-dead-letters", types=(), tolerant=True),
        Observation("obs-advisories", types=(), tolerant=True),
    ),
)

WIRINGS: tuple[Wiring, ...] = (OBS,)
