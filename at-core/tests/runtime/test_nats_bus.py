"""The real bus: the shared cards on a real nats-server, and what only a real one can do."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from at_core.errors import BusUnavailable, ConfigurationError, FoldGap, OurFault, PermissionDenied
from at_core.runtime.bus import Bus, Outgoing
from at_core.runtime.nats_bus import NatsBus
from at_core.testing.bus_cards import FoldCards, PublishCards, QueueCards
from at_core.testing.bus_place import (
    CARD_DURABLES,
    bodies,
    card_durable,
    eventually,
    put,
    read_all,
    take,
    until_message,
)
from at_core.testing.nats_fixture import NatsPlace, make_nats_place

SIGNAL = "trading.signal.created.v1.paper.X"
MARKET = "market.raw.v1.x"


class RealPlace:
    def __init__(self, nats: NatsPlace) -> None:
        self.nats = nats
        self.buses: list[NatsBus] = []

    async def connect(self, role_name: str) -> Bus:
        bus = await self.nats.connect(role_name)
        self.buses.append(bus)
        return bus

    async def halt(self) -> None:
        self.nats.server.kill()
        await eventually(lambda: not any(bus.connected for bus in self.buses))

    async def resume(self) -> None:
        self.nats.server.start()


@pytest.fixture
def card_server(tmp_path: Path) -> Iterator[NatsPlace]:
    nats = make_nats_place(tmp_path, CARD_DURABLES)
    yield nats
    nats.server.kill()


@pytest.fixture
async def place(card_server: NatsPlace) -> AsyncIterator[RealPlace]:
    real = RealPlace(card_server)
    yield real
    for bus in real.buses:
        await bus.close()


class TestPublishing(PublishCards):
    """Publish cards on a real server."""


class TestQueues(QueueCards):
    """Queue cards on a real server."""


class TestFolds(FoldCards):
    """Fold cards on a real server."""


async def test_what_was_confirmed_survives_a_kill_and_nothing_unconfirmed_arrives_late(
    place: RealPlace,
) -> None:
    bus = await place.connect("gateway")
    confirmed: list[str] = []
    failed: list[str] = []

    async def write(number: int) -> None:
        try:
            await bus.publish(Outgoing(MARKET, str(number).encode()), timeout_seconds=5)
        except BusUnavailable:
            failed.append(str(number))
        else:
            confirmed.append(str(number))

    writers = [asyncio.create_task(write(number)) for number in range(3000)]
    await eventually(lambda: len(confirmed) >= 300)
    await place.halt()
    async with asyncio.timeout(2):  # at once: nobody waits out the five seconds
        await asyncio.gather(*writers)
    assert failed
    await place.resume()
    gate = await place.connect("gate")
    fold = await gate.bind(card_durable("gate-market"))
    await fold.rewind()
    before = bodies(await read_all(fold))
    assert set(confirmed) <= set(before)
    await eventually(lambda: bus.connected)
    await put(bus, MARKET, "after")
    assert bodies(await take(fold, 1)) == ["after"]
    assert list(await fold.fetch(10, 0.2)) == []


async def test_what_a_stalled_server_never_read_is_not_sent_to_its_successor(place: RealPlace) -> None:
    bus = await place.connect("gateway")
    await put(bus, MARKET, "before")
    pid = place.nats.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # the client's socket fills up, and then its own list of commands
    large = Outgoing(MARKET, b"x" * 200_000)
    for _ in range(3):
        results = await asyncio.gather(*(bus.publish(large, 0.3) for _ in range(100)), return_exceptions=True)
        assert all(isinstance(result, BusUnavailable) for result in results)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with pytest.raises(BusUnavailable, match="takes nothing"):  # what waits in memory is bounded
        await bus.publish(large, 5)
    assert loop.time() - begun < 1
    await place.halt()
    await place.resume()
    await eventually(lambda: bus.connected)
    assert (await bus.publish(Outgoing(MARKET, b"after"))).sequence == 2


async def test_a_reader_has_the_first_message_within_a_second_of_the_server_being_back(
    place: RealPlace,
) -> None:
    gateway, agents = await place.connect("gateway"), await place.connect("agents")
    queue = await agents.bind(card_durable("agents-signals"))
    assert list(await queue.fetch(1, 0.05)) == []
    await place.halt()
    await place.resume()
    loop = asyncio.get_running_loop()
    back = loop.time()
    await eventually(lambda: gateway.connected)
    await put(gateway, SIGNAL, "1")
    [message] = await take(queue, 1, 2)
    await queue.ack(message)
    assert loop.time() - back < 1.0


async def test_a_fold_whose_stream_lost_what_it_had_folded_is_told_so(place: RealPlace) -> None:
    gateway, gate = await place.connect("gateway"), await place.connect("gate")
    fold = await gate.bind(card_durable("gate-market"))
    await fold.rewind()
    await put(gateway, MARKET, "1", "2", "3")
    assert len(await take(fold, 3)) == 3
    await place.halt()
    for path in sorted((place.nats.folder / "js").rglob("*"), reverse=True):  # the disk is gone
        path.rmdir() if path.is_dir() else path.unlink()
    await place.resume()
    await place.nats.provision()
    await eventually(lambda: gateway.connected)
    await put(gateway, MARKET, "other 1", "other 2", "other 3")
    with pytest.raises(FoldGap, match="not what was folded"):
        await until_message(fold)
    await fold.rewind()
    assert bodies(await read_all(fold)) == ["other 1", "other 2", "other 3"]


async def test_a_durable_that_is_not_provisioned_says_so(tmp_path: Path) -> None:
    def names(durable: object) -> bool:
        return getattr(durable, "name", "") not in ("gate-market", "gate-proposals")

    nats = await asyncio.to_thread(make_nats_place, tmp_path, tuple(filter(names, CARD_DURABLES)))
    try:
        bus = await nats.connect("gate")
        with pytest.raises(BusUnavailable, match="not provisioned"):
            await (await bus.bind(card_durable("gate-market"))).rewind()
        with pytest.raises(BusUnavailable, match="not provisioned"):
            await (await bus.bind(card_durable("gate-proposals"))).fetch(1, 2)
        with pytest.raises(BusUnavailable, match="not provisioned"):
            await (await bus.bind(card_durable("gate-proposals"))).fetch(1, 0)
        await bus.close()
    finally:
        nats.server.kill()


async def test_a_body_larger_than_the_server_takes_is_our_fault(place: RealPlace) -> None:
    bus = await place.connect("gateway")
    with pytest.raises(OurFault):
        await bus.publish(Outgoing(MARKET, b"x" * (1024 * 1024 + 1)))
    assert (await bus.publish(Outgoing(MARKET, b"x"))).sequence == 1


async def test_an_unknown_key_is_refused_and_an_absent_server_is_unavailable(
    place: RealPlace, tmp_path: Path
) -> None:
    from at_core.topology.keys import create_keys

    stranger = create_keys(tmp_path / "others", ("gateway",))["gateway"].seed_file
    with pytest.raises(PermissionDenied, match="refused the key"):
        await NatsBus.connect(
            place.nats.url, role_name="gateway", seed_file=stranger, connect_timeout_seconds=0.5
        )
    await place.halt()
    seed = place.nats.keys["gateway"].seed_file
    with pytest.raises(BusUnavailable, match="no bus at"):
        await NatsBus.connect(
            place.nats.url, role_name="gateway", seed_file=seed, connect_timeout_seconds=0.5
        )
    with pytest.raises(ConfigurationError, match="at-core keys"):
        await NatsBus.connect(place.nats.url, role_name="gateway", seed_file=tmp_path / "none.nk")
