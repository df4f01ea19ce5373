"""The memory bus: the shared cards, and the faults it can be made to show."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from at_core.clock import ManualClock, SystemClock
from at_core.errors import BusUnavailable, FoldGap
from at_core.runtime.bus import Bus, Incoming, Outgoing
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, NO_PUBLISH_FAULT, DeliverFault, PublishFault
from at_core.runtime.memory_bus import MemoryBus
from at_core.testing.bus_cards import FoldCards, PublishCards, QueueCards
from at_core.testing.bus_place import CARD_DURABLES, card_durable, put, read_all, take
from at_core.topology.consumers import Durable
from at_core.topology.streams import STREAMS

SIGNAL = "trading.signal.created.v1.paper.X"
MARKET = "market.raw.v1.x"


class MemoryPlace:
    def __init__(self) -> None:
        self.bus = MemoryBus(SystemClock(), durables=CARD_DURABLES)

    async def connect(self, role_name: str) -> Bus:
        return self.bus.as_role(role_name)

    async def halt(self) -> None:
        self.bus.available = False

    async def resume(self) -> None:
        self.bus.restart()


@pytest.fixture
def place() -> MemoryPlace:
    return MemoryPlace()


class TestPublishing(PublishCards):
    """Publish cards on the memory bus."""


class TestQueues(QueueCards):
    """Queue cards on the memory bus."""


class TestFolds(FoldCards):
    """Fold cards on the memory bus."""


class Scripted:
    """Faults by script: each hook answers from its list, then nothing goes wrong any more."""

    def __init__(
        self,
        publish: list[PublishFault] | None = None,
        deliver: list[DeliverFault] | None = None,
        lost_acks: int = 0,
    ) -> None:
        self.publish = publish or []
        self.deliver = deliver or []
        self.lost_acks = lost_acks

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        return self.publish.pop(0) if self.publish else NO_PUBLISH_FAULT

    def on_deliver(self, durable: Durable, message: Incoming) -> DeliverFault:
        return self.deliver.pop(0) if self.deliver else NO_DELIVER_FAULT

    def on_ack(self, durable: Durable, message: Incoming) -> bool:
        self.lost_acks -= 1
        return self.lost_acks >= 0


def a_bus(faults: Scripted) -> MemoryBus:
    return MemoryBus(SystemClock(), durables=CARD_DURABLES, faults=faults)


async def test_a_dropped_publish_is_not_stored() -> None:
    bus = a_bus(Scripted(publish=[PublishFault(drop_before_store=True)]))
    with pytest.raises(BusUnavailable):
        await bus.publish(Outgoing(SIGNAL, b"1"))
    assert bus.records("SIGNALS") == ()


async def test_a_dropped_confirmation_leaves_the_message_stored_and_the_retry_is_a_duplicate() -> None:
    bus = a_bus(Scripted(publish=[PublishFault(drop_confirmation=True)]))
    message = Outgoing(SIGNAL, b"1", {"Nats-Msg-Id": "a.v1"})
    with pytest.raises(BusUnavailable):
        await bus.publish(message)
    assert (await bus.publish(message)).duplicate
    assert len(bus.records("SIGNALS")) == 1


async def test_a_publish_that_is_slower_than_its_timeout_lands_all_the_same() -> None:
    bus = a_bus(Scripted(publish=[PublishFault(delay_seconds=0.05)]))
    with pytest.raises(BusUnavailable):
        await bus.publish(Outgoing(SIGNAL, b"1"), timeout_seconds=0.01)
    fold = await bus.bind(card_durable("gateway-journal"))
    await fold.rewind()
    assert [message.body for message in await take(fold, 1)] == [b"1"]


async def test_a_slow_publish_is_not_overtaken_by_a_later_one_of_the_same_handle() -> None:
    bus = a_bus(Scripted(publish=[PublishFault(delay_seconds=0.03)]))
    await put(bus, SIGNAL, "first", "second")
    assert [record.body for record in bus.records("SIGNALS")] == [b"first", b"second"]


async def test_a_duplicated_delivery_comes_twice_even_when_the_first_is_settled() -> None:
    bus = a_bus(Scripted(deliver=[DeliverFault(duplicate=True)]))
    queue = await bus.bind(card_durable("agents-signals"))
    await put(bus, SIGNAL, "1")
    [first] = await queue.fetch(1, 0)
    await queue.ack(first)
    [second] = await queue.fetch(1, 0)
    assert (second.body, second.deliveries) == (b"1", 2)
    assert list(await queue.fetch(1, 0)) == []


async def test_a_delayed_delivery_of_a_queue_arrives_after_its_successor() -> None:
    bus = a_bus(Scripted(deliver=[DeliverFault(delay_seconds=0.05)]))
    queue = await bus.bind(card_durable("agents-signals"))
    await put(bus, SIGNAL, "1", "2")
    assert [message.body for message in await take(queue, 2)] == [b"2", b"1"]


async def test_a_delayed_delivery_of_a_fold_keeps_the_order() -> None:
    bus = a_bus(Scripted(deliver=[DeliverFault(delay_seconds=0.05)]))
    fold = await bus.bind(card_durable("gate-market"))
    await fold.rewind()
    await put(bus, MARKET, "1", "2")
    assert [message.body for message in await take(fold, 2)] == [b"1", b"2"]


async def test_a_lost_delivery_of_a_fold_is_a_gap_until_it_is_rewound() -> None:
    bus = a_bus(Scripted(deliver=[NO_DELIVER_FAULT, DeliverFault(lose=True)]))
    fold = await bus.bind(card_durable("gate-market"))
    await fold.rewind()
    await put(bus, MARKET, "1", "2", "3")
    assert [message.body for message in await fold.fetch(10, 0)] == [b"1"]
    with pytest.raises(FoldGap, match="expected delivery 2, got 3"):
        await fold.fetch(10, 0)
    await fold.rewind()
    assert len(await read_all(fold)) == 3


async def test_a_lost_acknowledgement_brings_the_message_again() -> None:
    bus = a_bus(Scripted(lost_acks=1))
    queue = await bus.bind(card_durable("agents-signals"))
    await put(bus, SIGNAL, "1")
    [message] = await take(queue, 1)
    await queue.ack(message)
    [again] = await take(queue, 1)
    assert again.deliveries == 2


async def test_the_duplicate_window_ends_with_the_clock() -> None:
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    bus = MemoryBus(clock)
    message = Outgoing(MARKET, b"1", {"Nats-Msg-Id": "a.v1"})
    first = await bus.publish(message)
    clock.advance(119)
    assert (await bus.publish(message)).duplicate
    clock.advance(1)
    again = await bus.publish(message)
    assert (again.duplicate, again.sequence) == (False, 2)
    assert bus.records("MARKET")[0].stored_at + timedelta(minutes=2) == bus.records("MARKET")[1].stored_at
    assert first.sequence == 1


async def test_a_full_stream_that_keeps_the_old_refuses_the_new() -> None:
    small = tuple(replace(stream, bytes_max=200) if stream.name == "RISK" else stream for stream in STREAMS)
    bus = MemoryBus(SystemClock(), streams=small)
    await bus.publish(Outgoing("trading.risk.approved.v1.x", b"x" * 150))
    with pytest.raises(BusUnavailable, match="full"):
        await bus.publish(Outgoing("trading.risk.approved.v1.x", b"x" * 150))


async def test_unsettled_messages_are_bounded_and_settling_lets_the_next_through() -> None:
    durables = tuple(replace(durable, pending_max=2) for durable in CARD_DURABLES)
    bus = MemoryBus(SystemClock(), durables=durables)
    queue = await bus.bind(next(durable for durable in durables if durable.name == "agents-signals"))
    await put(bus, SIGNAL, "1", "2", "3")
    batch = await queue.fetch(10, 0)
    assert len(batch) == 2
    waiting = asyncio.create_task(queue.fetch(10, 0.9))
    await asyncio.sleep(0)
    await queue.ack(batch[0])
    assert [message.body for message in await waiting] == [b"3"]
