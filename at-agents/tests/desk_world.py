"""The world of the desk tests: seats built by hand, and the desk inside a scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from at_agents.catalogue import Seat
from at_agents.desk.body import DeskBody
from at_agents.strategies import ema_cross, follow_signal
from at_agents.wiring import AGENTS
from at_core.events import AgentRunCompleted, Event, ProposalCreated
from at_core.runtime.metrics import Metrics
from at_core.strategy import Strategy
from at_core.testing.builders import INSTRUMENTS, a_sizing
from at_core.testing.scenario import Scenario

__all__ = [
    "EMA_PARAMS",
    "a_desk",
    "a_seat",
    "again",
    "ema_seat",
    "follow_seat",
    "proposals",
    "raising",
    "runs",
]

EMA_PARAMS = {"fast": 2, "slow": 3, "interval": "1"}


def a_seat(propose: Callable[..., Any], name: str = "own", **changes: Any) -> Seat:
    behaviour = {key: changes.pop(key) for key in ("on", "evolve", "initial") if key in changes}
    values = {"account": "paper", "sizing": a_sizing(), **changes}
    return Seat(name=name, strategy=Strategy(name, propose, **behaviour), **values)


def follow_seat(**changes: Any) -> Seat:
    values = {"name": "follow_signal", "account": "paper", "sizing": a_sizing(), **changes}
    return Seat(strategy=follow_signal.strategy, **values)


def ema_seat(**changes: Any) -> Seat:
    values = {"name": "ema_cross", "account": "paper", "sizing": a_sizing(), "params": EMA_PARAMS, **changes}
    return Seat(strategy=ema_cross.strategy, **values)


def raising(*_: Any) -> Any:
    raise RuntimeError("token=very-secret")


def a_desk(seats: Sequence[Seat], **limits: Any) -> Scenario:
    return Scenario(DeskBody(seats, INSTRUMENTS, Metrics("agents"), **limits), wiring=AGENTS)


def again(scenario: Scenario) -> Scenario:
    """A new scenario on the same body (which it resets): properties try hundreds, and metrics take time to make."""
    return Scenario(scenario.body, wiring=AGENTS)


def runs(source: Scenario | Sequence[Event]) -> list[Any]:
    """The runs among the last emits of a scenario, or among events."""
    return _of(source, AgentRunCompleted)


def proposals(source: Scenario | Sequence[Event]) -> list[Any]:
    """The proposals among the last emits of a scenario, or among events."""
    return _of(source, ProposalCreated)


def _of(source: Scenario | Sequence[Event], kind: type) -> list[Any]:
    items = [emit.payload for emit in source.emits] if isinstance(source, Scenario) else source
    return [item for item in items if isinstance(item, kind)]
