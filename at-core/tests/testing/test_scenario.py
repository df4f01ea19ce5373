"""Tests of the scenario: it plays the shell's part, and it fails when it should."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

import pytest

from at_core.events import AgentRunCompleted, Emit, Event
from at_core.runtime.delivery import Delivery
from at_core.testing.builders import T0, a_market_bar, a_position, a_signal
from at_core.testing.scenario import Scenario
from at_core.topology.wiring import Observation, Reaction, Wiring

RUN = "agents.run.completed"
WIRING = Wiring(
    "agents",
    reacts=(
        Reaction("agents-market", ("market.raw",), (RUN,), rewinds=True),
        Reaction("agents-signals", ("trading.signal.created",), (RUN,)),
    ),
    observes=(
        Observation("agents-runs", (RUN,)),
        Observation("agents-portfolio", ("portfolio.position.changed",)),
    ),
)


class Diary:
    """Writes down what the shell does; answers every trigger once."""

    waits = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def reset(self) -> None:
        self.told: set[Any] = set()
        self.lines.append("reset")

    def observe(self, delivery: Delivery) -> None:
        self.lines.append(f"observe {delivery.event.type} {delivery.sequence}")
        self.emitted(delivery.event)

    async def recover(self) -> None:
        self.lines.append("recover")

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        if self.waits:
            await asyncio.sleep(0)
        self.lines.append(f"react {delivery.event.type} {delivery.sequence} {now:%H:%M}")
        return [] if delivery.event.event_id in self.told else [run(delivery.event)]

    def emitted(self, event: Event) -> None:
        self.told.add(event.causation_id)

    def since(self, line: str) -> Self:
        self.lines = self.lines[len(self.lines) - self.lines[::-1].index(line) :]
        return self


def run(cause: Event) -> Emit:
    return Emit(
        AgentRunCompleted(
            strategy="s",
            strategy_version="1",
            trigger_type=cause.type,
            trigger_id=cause.event_id,
            verdict="ABSTAINED",
            reason_code="TEST",
        ),
        "paper",
        slot="s",
    )


def scenario() -> Scenario:
    return Scenario(Diary(), wiring=WIRING)


def diary(of: Scenario) -> Diary:
    assert isinstance(of.body, Diary)
    return of.body


def test_given_folds_what_is_observed_and_when_delivers_the_trigger() -> None:
    told = scenario().given(a_position()).when(a_signal(), T0).then(run(a_signal()))
    assert diary(told).lines == [
        "reset",
        "recover",
        "observe portfolio.position.changed 1",
        "react trading.signal.created 1 15:00",
    ]


def test_own_outputs_are_folded_at_once() -> None:
    scenario().when(a_signal()).then_types(RUN).when(a_signal()).then_nothing()


def test_what_was_given_as_a_trigger_was_answered() -> None:
    assert [event.type for event in scenario().given(a_signal()).published] == [RUN]


def test_a_restart_folds_everything_again_and_answers_only_what_rewinds() -> None:
    told = scenario().given(a_position(), a_market_bar()).when(a_signal()).restart().then_nothing()
    assert diary(told).since("reset").lines == [
        "observe portfolio.position.changed 1",
        f"observe {RUN} 1",
        f"observe {RUN} 2",
        "recover",
        "react market.raw 1 15:00",
    ]


def test_a_restart_may_have_lost_outputs_and_they_are_published_under_the_same_ids() -> None:
    told = scenario().given(a_market_bar())
    before = list(told.published)
    told.restart(keep=lambda event: event.type != RUN).then_types(RUN)
    assert [event.event_id for event in told.published] == [event.event_id for event in before]


def test_then_fails_when_something_else_was_emitted() -> None:
    with pytest.raises(AssertionError, match="expected"):
        scenario().when(a_signal()).then_nothing()
    with pytest.raises(AssertionError):
        scenario().when(a_signal()).then_types("trading.proposal.created")


def test_a_body_that_waits_for_the_outside_is_refused() -> None:
    told = scenario()
    diary(told).waits = True
    with pytest.raises(AssertionError, match="not pure"):
        told.when(a_signal())
