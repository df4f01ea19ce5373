"""The life of a service, on the memory bus under a virtual clock."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from at_core.errors import BusUnavailable, ContractBroken, OurFault, WorldFailed
from at_core.events import AgentRunCompleted, Emit, Event
from at_core.events.agent_run import AgentRunEvent
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Incoming, Outgoing
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, NO_PUBLISH_FAULT, DeliverFault, PublishFault
from at_core.runtime.delivery import Delivery
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service
from at_core.testing.builders import T0, a_signal
from at_core.testing.simulation import LoopClock, VirtualLoop, run_virtual
from at_core.topology.consumers import Durable, durables_of
from at_core.topology.wiring import Observation, Reaction, Wiring

RUN, SIGNAL = "agents.run.completed", "trading.signal.created"
WIRING = Wiring(
    "agents",
    reacts=(Reaction("agents-signals", (SIGNAL,), (RUN,)),),
    observes=(Observation("agents-runs", (RUN,)),),
)


class Desk:
    """Answers every signal with one run; fails on request."""

    def __init__(self, fail: Callable[[int], None] = lambda _attempt: None) -> None:
        self.fail = fail
        self.attempts = 0
        self.resets = 0
        self.answered: set[Any] = set()

    def reset(self) -> None:
        self.resets += 1
        self.answered = set()

    def observe(self, delivery: Delivery) -> None:
        self.emitted(delivery.event)

    async def recover(self) -> None:
        return None

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        self.attempts += 1
        self.fail(self.attempts)
        if delivery.event.event_id in self.answered:
            return []
        run = AgentRunCompleted(
            strategy="s",
            strategy_version="1",
            trigger_type=delivery.event.type,
            trigger_id=delivery.event.event_id,
            verdict="ABSTAINED",
            reason_code="TEST",
        )
        return [Emit(run, "paper", slot="s")]

    def emitted(self, event: Event) -> None:
        if isinstance(event, AgentRunEvent):
            self.answered.add(event.causation_id)


class Calm:
    """No faults: a base to disturb one thing only."""

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        return NO_PUBLISH_FAULT

    def on_deliver(self, durable: Durable, message: Incoming) -> DeliverFault:
        return NO_DELIVER_FAULT

    def on_ack(self, durable: Durable, message: Incoming) -> bool:
        return False


class World:
    def __init__(self, loop: VirtualLoop, desk: Desk) -> None:
        clock = LoopClock(loop, T0)
        self.bus = MemoryBus(clock)
        self.desk = desk
        self.metrics = Metrics("agents", durables=[durable.name for durable in durables_of("agents")])
        handle = self.bus.as_role("agents")
        publisher = Publisher(handle, clock, self.metrics, role="agents", source="at-agents/1")
        self.service = Service(
            WIRING, desk, bus=handle, publisher=publisher, clock=clock, metrics=self.metrics
        )

    def send(self, *events: Event) -> None:
        for event in events:
            self.bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))

    def count(self, stream: str) -> int:
        return len(self.bus.records(stream))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not condition():  # noqa: ASYNC110 - virtual time: polling costs nothing
                await asyncio.sleep(0.01)


def play(desk: Desk, story: Callable[[World], Coroutine[Any, Any, None]]) -> World:
    async def main(loop: VirtualLoop) -> World:
        world = World(loop, desk)
        life = loop.create_task(world.service.run())
        try:
            await story(world)
        finally:
            world.service.stop()
            await life
        return world

    return run_virtual(main)


def test_it_catches_up_reacts_and_acknowledges() -> None:
    async def story(world: World) -> None:
        world.send(a_signal(1), a_signal(2))
        await world.until(lambda: world.count("PROPOSALS") == 2)
        assert world.service.ready
        await asyncio.sleep(60)

    world = play(Desk(), story)
    assert world.desk.attempts == 2
    assert world.metrics.value("at_events_consumed_total", durable="agents-signals", outcome="handled") == 2


def test_when_the_world_fails_the_trigger_comes_again() -> None:
    def fail(attempt: int) -> None:
        if attempt < 3:
            raise WorldFailed("not yet")

    async def story(world: World) -> None:
        world.send(a_signal())
        await world.until(lambda: world.count("PROPOSALS") == 1)

    assert play(Desk(fail), story).desk.attempts == 3


def test_a_broken_contract_is_dead_lettered_with_its_code_and_the_next_is_handled() -> None:
    def fail(attempt: int) -> None:
        if attempt == 1:
            raise ContractBroken("NO_GOOD", "because")

    async def story(world: World) -> None:
        world.send(a_signal(1), a_signal(2))
        await world.until(lambda: world.count("DLQ") == 1 and world.count("PROPOSALS") == 1)

    world = play(Desk(fail), story)
    assert world.bus.records("DLQ")[0].subject == "dlq.agents.agents-signals.NO_GOOD"


def test_a_bug_is_retried_and_then_dead_lettered() -> None:
    def fail(_attempt: int) -> None:
        raise ZeroDivisionError("a bug")

    async def story(world: World) -> None:
        world.send(a_signal())
        await world.until(lambda: world.count("DLQ") == 1)

    world = play(Desk(fail), story)
    assert world.desk.attempts == 8
    assert world.bus.records("DLQ")[0].subject.endswith("HANDLER_ERROR")


def test_bytes_that_are_no_event_are_dead_lettered() -> None:
    async def story(world: World) -> None:
        world.bus.store(Outgoing("trading.signal.created.v1.paper.X", b"{", {"Nats-Msg-Id": "1"}))
        world.bus.store(Outgoing("trading.signal.created.v9.paper.X", b"{}", {"Nats-Msg-Id": "2"}))
        await world.until(lambda: world.count("DLQ") == 2)

    subjects = [record.subject for record in play(Desk(), story).bus.records("DLQ")]
    assert subjects == ["dlq.agents.agents-signals.INVALID_BODY", "dlq.agents.agents-signals.NEWER_MAJOR"]


def test_losing_the_bus_rebuilds_the_state_and_goes_on() -> None:
    async def story(world: World) -> None:
        world.send(a_signal(1))
        await world.until(lambda: world.count("PROPOSALS") == 1)
        world.bus.available = False
        await asyncio.sleep(5)
        assert not world.service.ready
        world.bus.restart()
        world.send(a_signal(1), a_signal(2))
        await world.until(lambda: world.count("PROPOSALS") == 2)

    world = play(Desk(), story)
    assert world.desk.resets >= 2


def test_a_strict_fold_that_cannot_be_read_stops_the_service() -> None:
    async def main(loop: VirtualLoop) -> None:
        world = World(loop, Desk())
        world.bus.store(Outgoing("agents.run.completed.v1.paper.s", b"{}", {}))
        await world.service.run()

    with pytest.raises(OurFault, match="agents-runs cannot read"):
        run_virtual(main)


def test_an_unconfirmed_publish_is_retried_with_the_same_id() -> None:
    class Once(Calm):
        hit = False

        def on_publish(self, role: str, message: Outgoing) -> PublishFault:
            if role == "agents" and not self.hit:
                self.hit = True
                return PublishFault(drop_confirmation=True)
            return NO_PUBLISH_FAULT

    async def story(world: World) -> None:
        world.bus.faults = Once()
        world.send(a_signal())
        await world.until(lambda: world.count("PROPOSALS") == 1)
        await asyncio.sleep(30)

    world = play(Desk(), story)
    assert world.count("PROPOSALS") == 1
    assert world.metrics.value("at_events_published_total", type=RUN, outcome="duplicate") == 1


def test_publishing_gives_up_within_its_bound() -> None:
    async def main(loop: VirtualLoop) -> float:
        world = World(loop, Desk())
        world.bus.available = False
        clock = LoopClock(loop, T0)
        publisher = Publisher(world.bus, clock, world.metrics, role="gateway", source="g")
        with pytest.raises(BusUnavailable):
            await publisher.publish(a_signal())
        return loop.time()

    assert run_virtual(main) < 1


def test_the_second_outputs_of_all_triggers_follow_the_first_outputs_of_all() -> None:
    class Twice(Desk):
        async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
            first = await super().react(delivery, now)
            return [*first, *(replace(emit, slot="second") for emit in first)]

    async def story(world: World) -> None:
        world.send(a_signal(1), a_signal(2))
        await world.until(lambda: world.count("PROPOSALS") == 4)

    world = play(Twice(), story)
    bodies = [json.loads(record.body) for record in world.bus.records("PROPOSALS")]
    one, two = str(a_signal(1).event_id), str(a_signal(2).event_id)
    assert [body["causation_id"] for body in bodies] == [one, two, one, two]
