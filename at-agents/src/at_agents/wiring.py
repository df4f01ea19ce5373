"""Wiring: what the desk does on the bus, as data."""

from __future__ import annotations

from at_core.topology.wiring import Observation, Reaction, Wiring

__all__ = ["AGENTS", "WIRINGS"]

_ANSWERS = ("trading.proposal.created", "agents.run.completed")

AGENTS = Wiring(
    role="agents",
    reacts=(
        # First, so that windows and last prices are complete before the first signal is answered.
        Reaction("agents-market", ("market.raw",), _ANSWERS, rewinds=True),
        Reaction("agents-signals", ("trading.signal.created",), _ANSWERS),
    ),
    observes=(
        Observation("agents-runs", _ANSWERS),
        Observation("agents-portfolio", ("portfolio.position.changed", "portfolio.account.changed")),
    ),
)

WIRINGS = (AGENTS,)
