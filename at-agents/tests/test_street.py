"""The desk in its shell on the memory bus, disturbed: every trigger still ends in exactly one answer per strategy."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from desk_world import proposals, runs

from at_agents.bootstrap import build_desk
from at_agents.wiring import AGENTS, WIRINGS
from at_core.enums import AgentVerdict
from at_core.events import Event, decode
from at_core.events.codec import encode, headers_of
from at_core.events.registry import stream_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service
from at_core.testing.builders import INSTRUMENTS, T0, a_market_bar, a_signal
from at_core.testing.simulation import FaultRates, Host, LoopClock, SeededFaults, VirtualLoop, run_virtual
from at_core.topology.consumers import durables_of

CATALOGUE = """
[strategies.follow_signal]
use = "follow_signal"
account = "paper"
sizing = { method = "SIGNAL" }

[strategies.ema_cross]
use = "ema_cross"
account = "paper"
symbols = ["ETH/USDT"]
params = { fast = 2, slow = 3 }
sizing = { method = "NOTIONAL", value = "1000" }
"""
CLOSES = ("10", "9", "8", "7", "20", "21", "3", "2", "30", "31")
CROSSES = 3
SIGNALS = (
    a_signal(1),
    a_signal(2, kind="CLOSE", side="SELL"),
    a_signal(3, kind="CONTROL"),
    a_signal(4, account="elsewhere"),
    a_signal(5, side="SELL", quantity="2"),
)
ROUGH = FaultRates(drop_before_store=0.08, drop_confirmation=0.08, lose_ack=0.2, crash_on_publish=0.08)


def play(seed: int, rates: FaultRates) -> tuple[list[Event], SeededFaults]:
    """One life of the desk under one seed; returns what PROPOSALS holds at the end."""

    async def story(loop: VirtualLoop) -> tuple[list[Event], SeededFaults]:
        clock = LoopClock(loop, T0)
        faults = SeededFaults(random.Random(seed), rates)
        bus = MemoryBus(clock, faults=faults)

        def build() -> Service:
            metrics = Metrics("agents", durables=[durable.name for durable in durables_of("agents")])
            handle = bus.as_role("agents")
            publisher = Publisher(handle, clock, metrics, role="agents", source="at-agents/1")
            desk = build_desk(CATALOGUE, INSTRUMENTS, metrics)
            return Service(AGENTS, desk, bus=handle, publisher=publisher, clock=clock, metrics=metrics)

        host = Host("agents", build)
        faults.crash = lambda _role: host.crash()
        host.start()
        for n, close in enumerate(CLOSES):
            send(bus, a_market_bar(n, close=close, received_at=clock.now()))
            if n < len(SIGNALS):
                send(bus, SIGNALS[n])
            await asyncio.sleep(3)
        faults.calm = True
        await asyncio.sleep(120)
        assert host.ready
        await host.stop()
        return [
            decode(record.subject, record.headers, record.body) for record in bus.records("PROPOSALS")
        ], faults

    return run_virtual(story)


def send(bus: MemoryBus, event: Event) -> None:
    bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))


@pytest.mark.parametrize("seed", range(12))
def test_a_disturbed_desk_answers_every_trigger_exactly_once(seed: int) -> None:
    events, faults = play(seed, ROUGH)
    told = Counter((run.trigger_id, run.strategy) for run in runs(events))
    assert set(told.values()) == {1}
    answered = {(trigger, strategy) for trigger, strategy in told if strategy != "ema_cross"}
    assert answered == {
        (signal.event_id, "desk" if signal.account == "elsewhere" else "follow_signal") for signal in SIGNALS
    }
    assert sum(strategy == "ema_cross" for _, strategy in told) == CROSSES
    wished = Counter(proposal.event_id for proposal in proposals(events))
    assert set(wished.values()) == {1}
    assert wished.keys() == {run.proposal_id for run in runs(events) if run.verdict is AgentVerdict.PROPOSED}
    assert faults.injected


def test_disturbed_or_not_the_facts_are_the_same() -> None:
    calm, _ = play(0, FaultRates(0, 0, 0, 0, 0, 0, 0, 0, 0))
    rough, _ = play(1, ROUGH)
    assert {event.event_id for event in rough} == {event.event_id for event in calm}


def test_the_desk_emits_only_what_is_wired_and_only_into_its_own_stream() -> None:
    assert {stream_of(name) for name in AGENTS.emits} == {"PROPOSALS"}
    assert WIRINGS == (AGENTS,)
