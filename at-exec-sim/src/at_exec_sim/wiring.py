"""Wiring: what gate and engine do on the bus, as data."""

from __future__ import annotations

from at_core.topology.wiring import Observation, Outside, Reaction, Wiring

__all__ = ["ENGINE", "GATE", "WIRINGS"]

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

_RESULTS = (
    "trading.execution.updated",
    "trading.execution.fill",
    "portfolio.position.changed",
    "portfolio.account.changed",
)
_LIFE = ("trading.execution.submitted", *_RESULTS)

ENGINE = Wiring(
    role="engine",
    reacts=(
        Reaction("engine-commands", ("operator.command.issued",), emits=(*_STOPS, *_RESULTS)),
        Reaction("engine-approvals", ("trading.risk.approved",), emits=_LIFE),
    ),
    observes=(
        Observation("engine-system", _STOPS),
        Observation("engine-execution", _LIFE),
        Observation("engine-market", ("market.raw",)),
    ),
    outside=(
        Outside("broker", "out"),
        Outside("broker", "in", emits=_RESULTS),
        # At the very first start: the account's opening statement and the trading mode.
        Outside("first start", "in", emits=("portfolio.account.changed", "system.tradingmode.changed")),
    ),
)

WIRINGS: tuple[Wiring, ...] = (GATE, ENGINE)
