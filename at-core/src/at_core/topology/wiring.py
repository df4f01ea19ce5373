"""Wiring: what a service does on the bus, as data that a check can prove laws 1 to 3 from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Observation", "Outside", "Reaction", "Wiring"]


@dataclass(frozen=True, slots=True)
class Reaction:
    """The service handles these types from this durable, and may emit ``emits`` because of them.

    ``rewinds``: the durable is a fold that is read again from its beginning at every start (a strategy that keeps a
    window of bars); the service must then recompute the same answers, which derived ids make harmless.
    """

    durable: str
    types: tuple[str, ...]
    emits: tuple[str, ...]
    rewinds: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """The service folds these types from this durable and emits nothing because of them.

    ``tolerant``: a message that cannot be decoded is set aside and the fold goes on. Only for readers that decide
    nothing; a fold that rules on money stops instead (law 8).
    """

    durable: str
    types: tuple[str, ...]
    tolerant: bool = False


@dataclass(frozen=True, slots=True)
class Outside:
    """An edge of the world: ``in`` brings facts that become ``emits``; ``out`` is a place we act upon."""

    name: str
    direction: Literal["in", "out"]
    emits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything one role does on the bus."""

    role: str
    reacts: tuple[Reaction, ...] = ()
    observes: tuple[Observation, ...] = ()
    outside: tuple[Outside, ...] = ()

    @property
    def emits(self) -> frozenset[str]:
        """Every type this role may publish."""
        reactions = (name for reaction in self.reacts for name in reaction.emits)
        edges = (name for edge in self.outside for name in edge.emits)
        return frozenset((*reactions, *edges))
