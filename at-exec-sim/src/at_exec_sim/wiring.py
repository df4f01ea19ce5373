"""Wiring: what gate and engine do on the bus, as data."""

from __future__ import annotations

from at_core.topology.wiring import Observation, Reaction, Wiring

__all__ = ["GATE", "WIRINGS"]

_RULINGS = ("trading.risk.approved", "trading.risk.rejected", "trading.risk.held")
_STOPS = ("system.killswitch.activated", "system.killswitch.released", "system.tradingmode.changed")

GATE = Wiring(
    role="gate",
    reacts=(Reaction("gate-proposals", ("trading.proposal.created",), emits=_RULINGS),),
    observes=(
        Observation("gate-system", _STOPS),
        Observation("gate-rulings", _RULINGS),
        Observation(
            "gate-execution",
            (
                "trading.execution.updated",
                "trading.execution.fill",
                "portfolio.position.changed",
                "portfolio.account.changed",
            ),
        ),
        Observation("gate-market", ("market.raw",)),
    ),
)

WIRINGS: tuple[Wiring, ...] = (GATE,)
