"""The laws of the street, by seeds; and each law's judge, shown to speak when its protecting line is gone.

A seed is a complete bug report: ``play(seed)`` repeats it. ``--full`` (AT_TEST_FULL) plays thousands.
"""

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulation.story import Outcome, play

import at_agents.desk.decide
import at_core.events.rendering
import at_exec_sim.gate.ruling
from at_core.enums import AgentVerdict
from at_core.events.codec import headers_of
from at_core.risk import checks
from at_core.risk.checks import controls, money, order, plan, price, result
from at_core.runtime.consumer import Consumer
from at_core.testing.simulation import FaultRates
from at_exec_sim.brokers.models import BrokerCode, BrokerRefusal
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.execution.announcer import Announcer

CHUNKS = 8
SEEDS_EACH = 250 if os.environ.get("AT_TEST_FULL") else 25
PATIENCE = 40
"""Seeds within which a sabotage must be noticed."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Faults by the thousand would log by the thousand."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_seed_breaks_a_law(chunk: int) -> None:
    played = [play(seed) for seed in range(chunk * SEEDS_EACH + 1, (chunk + 1) * SEEDS_EACH + 1)]
    broken = {outcome.seed: outcome.violations for outcome in played if outcome.violations}
    assert not broken
    # A calm run proves nothing: every chunk was disturbed, traded and refused.
    assert sum(outcome.injected for outcome in played) >= 10 * len(played)
    assert sum(outcome.crashes for outcome in played) >= len(played)
    assert sum(outcome.orders for outcome in played) >= len(played)
    assert sum(outcome.refused for outcome in played) >= len(played)


def test_a_seed_repeats_itself_exactly() -> None:
    first, second = play(7), play(7)
    assert [one.event for one in first.facts.kept] == [one.event for one in second.facts.kept]
    assert (first.injected, first.crashes) == (second.injected, second.crashes)


def _noticed(law: str, rates: FaultRates | None = None, patience: int = PATIENCE) -> bool:
    for seed in range(1, patience + 1):
        outcome: Outcome = play(seed, rates=rates)
        if any(text.startswith(law) for text in outcome.violations):
            return True
    return False


def test_law_6_is_noticed_without_the_message_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_id(event: Any) -> dict[str, str]:
        return {name: value for name, value in headers_of(event).items() if name != "Nats-Msg-Id"}

    monkeypatch.setattr(at_core.events.rendering, "headers_of", without_id)
    assert _noticed("law_6", FaultRates(drop_confirmation=0.2))


def test_law_7_is_noticed_when_the_intent_is_not_written_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_remembered(self: Any, payload: Any, approval: Any, now: Any) -> Any:
        from at_core.events import Emit

        emit = Emit(payload, account=self._account, expires_at=approval.expires_at)
        self._fold(self._publisher.derive(emit, approval, now))
        return self._state.blotter.get(payload.client_order_id)

    monkeypatch.setattr(Announcer, "intent", only_remembered)
    assert _noticed("law_7")


def test_law_7_is_noticed_without_the_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never_found(self: SimulatedBroker, client_order_id: str) -> BrokerRefusal:
        return BrokerRefusal(BrokerCode.NOT_FOUND, "not looked for")

    monkeypatch.setattr(SimulatedBroker, "find_order", never_found)
    assert _noticed("law_7")


def test_law_8_is_noticed_when_exits_are_not_waived(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(trial: Any, code: Any, passed: bool, observed: str, allowed: str) -> Any:
        return result.rule(code, passed, observed, allowed)

    for room in (controls, money, order, plan, price):
        if hasattr(room, "limit"):
            monkeypatch.setattr(room, "limit", strict)
    assert _noticed("law_8")


def test_law_8_is_noticed_when_the_gate_does_not_look_at_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = [
        one for one in checks.CHECKS if one is not controls.kill_switch and "trading" not in one.__name__
    ]
    monkeypatch.setattr(at_exec_sim.gate.ruling, "examine", lambda trial: checks.examine(trial, blind))
    assert _noticed("law_8")


def test_law_10_is_noticed_when_abstaining_leaves_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    record: Callable[..., Any] = at_agents.desk.decide._record

    def silent(seat: Any, trigger: Any, verdict: Any, ctx: Any) -> Any:
        return [] if verdict.verdict is AgentVerdict.ABSTAINED else record(seat, trigger, verdict, ctx)

    def abstains(seat: Any, trigger: Any, ctx: Any, now: Any) -> Any:
        return at_agents.desk.decide.Verdict(AgentVerdict.ABSTAINED, "TEST")

    monkeypatch.setattr(at_agents.desk.decide, "decide", abstains)
    assert not _noticed("law_10", patience=4)  # abstaining alone is fine: it leaves its run
    monkeypatch.setattr(at_agents.desk.decide, "_record", silent)
    assert _noticed("law_10")


def test_law_10_is_noticed_when_triggers_are_acknowledged_before_they_are_handled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    react = Consumer.react

    async def eager(self: Consumer, inbox: Any, messages: Any) -> None:
        await self._ack(inbox, messages)
        await react(self, inbox, messages)

    monkeypatch.setattr(Consumer, "react", eager)
    assert _noticed("law_10")


def test_the_books_disagree_when_executions_are_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(self: Announcer, *_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(Announcer, "execution", deaf)
    assert _noticed("books_agree")
