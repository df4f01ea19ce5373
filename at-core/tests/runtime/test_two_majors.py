"""Two majors of one event on the real nats-server: side by side, forth and back, bridged, and one too new."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from at_core.clock import SystemClock
from at_core.contracts.golden import golden_events
from at_core.errors import ConfigurationError, OurFault
from at_core.events import AlertQuarantinedEvent, Emit, Event
from at_core.events.bridging import copied_from
from at_core.events.rendering import render
from at_core.ids import natural_id
from at_core.runtime.bus import Bus, Inbox, Outgoing
from at_core.runtime.consumer import Consumer
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_admin import StoredMessage, open_admin
from at_core.runtime.publisher import Publisher
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.consumers import DURABLES, Durable, durable
from at_core.topology.server import find_binary

TYPE = "intake.alert.quarantined"
V1 = {TYPE: 1}
QUEUE = Durable("obs-alerts", "QUARANTINE", "obs", "queue", (TYPE,))
FOLD = durable("gateway-quarantine")
KEYS = ("a", "b", "c")
(ALERT,) = (event for event in golden_events() if event.type == TYPE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[NatsPlace]:
    """A server of its own, with a queue beside the fold of this type."""
    try:
        find_binary()
    except ConfigurationError as error:
        pytest.skip(f"needs a real server: {error}")
    running = make_nats_place(tmp_path, (*DURABLES, QUEUE))
    try:
        yield running
    finally:
        running.server.kill()


class Recorder:
    """A body that keeps what reaches it."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []

    def reset(self) -> None:
        self.seen = []

    def observe(self, delivery: Delivery) -> None:
        self.seen.append(delivery)

    async def recover(self) -> None:
        return None

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        self.seen.append(delivery)
        return ()

    def emitted(self, event: Event) -> None:
        return None

    @property
    def events(self) -> list[AlertQuarantinedEvent]:
        assert all(isinstance(one.event, AlertQuarantinedEvent) for one in self.seen)
        return [one.event for one in self.seen if isinstance(one.event, AlertQuarantinedEvent)]


class Reader:
    """A consumer of one durable, as the shell has it."""

    def __init__(self, bus: Bus, inbox: Inbox, role: str) -> None:
        self.inbox = inbox
        self.body = Recorder()
        self.metrics = Metrics(role, durables=[inbox.durable.name])
        publisher = Publisher(bus, SystemClock(), self.metrics, role=role, source=f"test/{role}")
        self.consumer = Consumer(self.body, bus, publisher, SystemClock(), self.metrics)

    async def read(self, *, tolerant: bool = False) -> list[AlertQuarantinedEvent]:
        """Read up to the present end."""
        if self.inbox.durable.kind == "fold":
            self.body.reset()
            await self.inbox.rewind()
        while messages := await self.inbox.fetch(100, 0.2 if self.inbox.durable.kind == "queue" else 0):
            if self.inbox.durable.kind == "fold":
                await self.consumer.fold(self.inbox, messages, tolerant)
            else:
                await self.consumer.react(self.inbox, messages)
        return self.body.events

    def count(self, outcome: str) -> float | None:
        return self.metrics.value(
            "at_events_consumed_total", durable=self.inbox.durable.name, outcome=outcome
        )


class Street:
    """The gateway's hand on the bus, one publisher per configuration, and two readers."""

    def __init__(self, gateway: Bus, queue: Reader, fold: Reader) -> None:
        self.bus = gateway
        self.queue = queue
        self.fold = fold
        self.newest = self.publisher({})
        self.older = self.publisher(V1)

    def publisher(self, majors: dict[str, int]) -> Publisher:
        metrics = Metrics("gateway")
        return Publisher(
            self.bus, SystemClock(), metrics, role="gateway", source="test/gateway", emit_major=majors
        )


@asynccontextmanager
async def street(place: NatsPlace) -> AsyncIterator[Street]:
    gateway, obs = await place.connect("gateway"), await place.connect("obs")
    try:
        queue, fold = await obs.bind(QUEUE), await gateway.bind(FOLD)
        yield Street(gateway, Reader(obs, queue, "obs"), Reader(gateway, fold, "gateway"))
        await queue.close()
        await fold.close()
    finally:
        await gateway.close()
        await obs.close()


def alert(number: int) -> AlertQuarantinedEvent:
    assert isinstance(ALERT, AlertQuarantinedEvent)
    key = KEYS[number % len(KEYS)]
    event_id = natural_id("two-majors", str(number))
    return ALERT.model_copy(update={"event_id": event_id, "signal_source": key, "hint": str(number)})


async def stored(place: NatsPlace, subject: str = ">") -> list[StoredMessage]:
    async with open_admin((place.url,), place.keys_folder) as admin:
        return [message async for message in admin.messages("QUARANTINE", subject)]


def hints(events: Sequence[AlertQuarantinedEvent], key: str = "") -> list[int]:
    return [int(event.hint) for event in events if not key or event.signal_source == key]


async def test_interleaved_majors_reach_queue_and_fold_in_order_and_as_the_newest(place: NatsPlace) -> None:
    async with street(place) as world:
        for number in range(30):
            await (world.older if number % 3 == number % 2 else world.newest).publish(alert(number))
        majors = {message.headers["at-schema"] for message in await stored(place)}
        assert majors == {"1.0", "2.0"}
        for reader in (world.queue, world.fold):
            events = await reader.read()
            assert hints(events) == list(range(30))
            for key in KEYS:
                assert hints(events, key) == sorted(hints(events, key))
            assert {event.schema_version for event in events} == {"2.0"}
            assert {event.event_id for event in events} == {alert(number).event_id for number in range(30)}


async def test_an_unknown_newer_major_is_set_aside_and_stops_a_fold_that_decides(place: NatsPlace) -> None:
    async with street(place) as world:
        await world.newest.publish(alert(0))
        said = render(alert(1))
        headers = {**said.headers, "Nats-Msg-Id": "nine", "at-schema": "9.0"}
        await world.bus.publish(Outgoing(said.subject.replace(".v2.", ".v9."), said.body, headers))
        await world.newest.publish(alert(2))
        assert hints(await world.queue.read()) == [0, 2]
        code = {"durable": QUEUE.name, "code": "NEWER_MAJOR"}
        assert world.queue.metrics.value("at_events_set_aside_total", **code) == 1
        with pytest.raises(OurFault, match="NEWER_MAJOR"):
            await world.fold.read()
        assert hints(world.fold.body.events) == [0], "nothing behind it is folded"
        assert hints(await world.fold.read(tolerant=True)) == [0, 2]
        async with open_admin((place.url,), place.keys_folder) as admin:
            letters = [letter.subject async for letter in admin.messages("DLQ")]
        assert f"dlq.obs.{QUEUE.name}.NEWER_MAJOR" in letters


async def test_the_way_back_loses_nothing_and_doubles_nothing(place: NatsPlace) -> None:
    """Also when the switch falls between a publish and its confirmation: the same event, said in both majors."""
    async with street(place) as world:
        for publisher, numbers in (
            (world.newest, range(5)),
            (world.older, range(4, 9)),
            (world.newest, range(8, 12)),
        ):
            for number in numbers:
                await publisher.publish(alert(number))
                assert (await publisher.publish(alert(number))).duplicate
        events = await world.fold.read()
        assert list(dict.fromkeys(hints(events))) == list(range(12))
        assert len(events) == 14, "numbers 4 and 8 lie there in both majors, with one event id each"
        assert len({event.event_id for event in events}) == 12


def bridge_command(place: NatsPlace, *more: str) -> list[str]:
    words = [
        "bridge",
        TYPE,
        "--from",
        "2",
        "--to",
        "1",
        "--server",
        place.url,
        "--keys",
        str(place.keys_folder),
    ]
    return [sys.executable, "-m", "at_core", *words, *more]


async def bridging(place: NatsPlace, *more: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*bridge_command(place, *more), stdout=pipe)


async def copies(place: NatsPlace) -> list[StoredMessage]:
    return [message for message in await stored(place) if copied_from(message.headers)]


async def test_a_bridge_killed_at_work_copies_everything_once_and_newer_readers_see_it_once(
    place: NatsPlace,
) -> None:
    async with street(place) as world:
        for number in range(200):
            await (world.older if number % 5 == 0 else world.newest).publish(alert(number))
        first = await bridging(place, "--poll-seconds", "0.05")
        async with asyncio.timeout(20):
            while len(await copies(place)) < 20:
                assert first.returncode is None
        first.send_signal(signal.SIGKILL)
        await first.wait()
        half = len(await copies(place))
        second = await bridging(place, "--poll-seconds", "0.05")
        for number in range(200, 210):
            await world.newest.publish(alert(number))
        newer = await stored(place, f"{TYPE}.v2.>")
        async with asyncio.timeout(30):
            while len(await copies(place)) < len(newer):
                assert second.returncode is None
        second.send_signal(signal.SIGTERM)
        said, _ = await second.communicate()
        assert second.returncode == 0
        assert f"{len(newer) - half} copied, 0 already there, 0 set aside" in said.decode()
        found = await copies(place)
        assert [copied_from(message.headers) for message in found] == [message.sequence for message in newer]
        # What a reader of version 1 alone sees: everything, each key in order.
        laggard = await stored(place, f"{TYPE}.v1.>")
        assert len({message.headers["Nats-Msg-Id"] for message in laggard}) == len(laggard) == 210
        for reader in (world.queue, world.fold):
            assert sorted(hints(await reader.read())) == list(range(210))
            assert reader.count("skipped") == len(newer)


async def test_once_ends_by_itself_and_a_wrong_call_is_told_apart(place: NatsPlace) -> None:
    async with street(place) as world:
        await world.newest.publish(alert(0))
    process = await bridging(place, "--once", "--json")
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert b'"copied": 1' in said
    process = await bridging(place, "--once", "--to", "2")
    await process.communicate()
    assert process.returncode == 2
