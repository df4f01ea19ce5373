"""Presence on a real server: announced while it lives, taken back in order, no flip that leaves a reader behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from at_core.clock import SystemClock
from at_core.errors import BusUnavailable, ConfigurationError, PermissionDenied
from at_core.runtime.bus import Outgoing, Stored
from at_core.runtime.live_view import view_bucket
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_admin import Admin, open_admin
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.presence import Presence
from at_core.testing.bus_place import eventually
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import Durable
from at_core.topology.live import Announcement, announcement_subject, encode_announcement

APPROVED = "trading.risk.approved"
READERS = ("gateway", "engine", "obs")


def announcement(role: str, *majors: int, writes: int = 1, started: int = 1) -> Announcement:
    return Announcement(
        role=role,
        instance="1",
        member=f"at-{role}",
        member_version="0.3.0",
        at_core_version="0.3.0",
        started_at=datetime(2026, 1, started, tzinfo=UTC),
        reads={APPROVED: majors},
        writes={APPROVED: writes},
    )


class World:
    """A server, the gate's connection, and hands to let other roles announce themselves."""

    def __init__(self, place: NatsPlace, admin: Admin, bus: NatsBus) -> None:
        self.place, self.admin, self.bus = place, admin, bus
        self.metrics = Metrics("gate")

    def presence(self, own: Announcement, **options: tuple[str, ...]) -> Presence:
        self.metrics = Metrics("gate")
        return Presence(self.bus, own, self.metrics, every_seconds=0.05, **options)

    async def say(self, *announcements: Announcement) -> None:
        for one in announcements:
            bus = await self.place.connect(one.role)
            await bus.publish(Outgoing(announcement_subject(one.role, "1"), encode_announcement(one)))
            await bus.close()

    async def live(self) -> set[str]:
        return {one.role for one in (await view_bucket(self.admin)).announcements}

    async def until(self, *roles: str) -> None:
        async with asyncio.timeout(10):
            while await self.live() != set(roles):
                pass

    def announced(self, outcome: str) -> float:
        return self.metrics.value("at_contracts_announced_total", outcome=outcome) or 0

    def checked(self, outcome: str) -> float:
        return self.metrics.value("at_contracts_majors_checked_total", outcome=outcome) or 0


@pytest.fixture
async def world(own_nats_place: NatsPlace) -> AsyncIterator[World]:
    bus = await own_nats_place.connect("gate")
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:
        yield World(own_nats_place, admin, bus)
    await bus.close()


async def test_it_is_announced_while_it_lives_and_taken_back_at_the_end(world: World) -> None:
    async with world.presence(announcement("gate", 1)):
        await world.until("gate")
        await eventually(lambda: world.announced("stored") >= 3)  # again and again
    assert await world.live() == set()
    assert world.announced("withdrawn") == 1
    [marker] = [message async for message in world.admin.messages("KV_contracts")]
    assert (marker.subject, marker.headers["KV-Operation"]) == ("$KV.contracts.gate.1", "DEL")


async def test_a_crash_leaves_it_to_its_age(world: World) -> None:
    async def crash() -> None:
        async with world.presence(announcement("gate", 1)):
            await world.until("gate")
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await crash()
    assert await world.live() == {"gate"}
    config = (await world.admin.ask("STREAM.INFO.KV_contracts"))["config"]
    short = {"max_age": 300_000_000, "duplicate_window": 200_000_000}
    assert "error" not in await world.admin.ask("STREAM.UPDATE.KV_contracts", config | short)
    await world.until()


async def test_trouble_with_announcing_is_counted_and_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = Presence(world.bus, announcement("engine", 1), world.metrics, every_seconds=0.01)
    with caplog.at_level(logging.WARNING, "at_core.runtime.presence"):
        async with foreign:
            await eventually(lambda: world.announced("refused") >= 3)
    assert await world.live() == set()
    assert len([record for record in caplog.records if "refused" in record.message]) == 1


async def test_a_lost_server_does_not_end_it(world: World) -> None:
    async with world.presence(announcement("gate", 1)):
        await world.until("gate")
        world.place.server.kill()
        await eventually(lambda: world.announced("unconfirmed") >= 2)
        before = world.announced("stored")
        world.place.server.start()
        await eventually(lambda: world.announced("stored") > before, 20)


async def test_a_new_major_starts_when_every_live_reader_reads_it(world: World) -> None:
    await world.say(*(announcement(role, 1, 2) for role in READERS))
    async with world.presence(announcement("gate", 1, 2, writes=2)):
        assert world.checked("read") == 1
        await world.until("gate", *READERS)


async def test_a_live_reader_of_the_old_major_alone_stops_the_flip(world: World) -> None:
    await world.say(announcement("gateway", 1, 2), announcement("obs", 1, 2), announcement("engine", 1))
    with pytest.raises(ConfigurationError) as refusal:
        async with world.presence(announcement("gate", 1, 2, writes=2)):
            raise AssertionError("it must not start")
    for part in ("trading.risk.approved v2", "engine/1 (at-engine 0.3.0) reads v1", "emit_major", "can-emit"):
        assert part in str(refusal.value)
    assert world.checked("refused") == 1
    assert "gate" not in await world.live()  # it is not announced as one that writes it
    await world.say(announcement("engine", 1, 2))
    async with world.presence(announcement("gate", 1, 2, writes=2)):
        assert world.checked("read") == 1


async def test_readers_nobody_has_heard_of_do_not_stop_a_fresh_start(world: World) -> None:
    async with world.presence(announcement("gate", 1, 2, writes=2)):
        assert world.checked("unknown") == 1


async def test_the_word_of_its_own_former_life_stops_nobody(world: World) -> None:
    await world.say(announcement("gate", 1), *(announcement(role, 1, 2) for role in READERS))
    async with world.presence(announcement("gate", 1, 2, writes=2)):
        assert world.checked("read") == 1


@pytest.mark.parametrize("evidence", ["the stream", "its former life", "the operator's word"])
async def test_who_has_flipped_already_starts_again_and_says_so(
    world: World, evidence: str, caplog: pytest.LogCaptureFixture
) -> None:
    await world.say(announcement("engine", 1))
    permitted: tuple[str, ...] = ()
    if evidence == "the stream":
        for number, major in enumerate((1, 1, 2)):
            await world.bus.publish(Outgoing(f"{APPROVED}.v{major}.paper.X{number}", b"{}"))
    elif evidence == "its former life":
        await world.say(announcement("gate", 1, 2, writes=2))
    else:
        permitted = (APPROVED,)
    with caplog.at_level(logging.ERROR, "at_core.runtime.presence"):
        async with world.presence(announcement("gate", 1, 2, writes=2), emit_unread=permitted):
            await world.until("engine", "gate")
    assert (world.checked("unread"), world.checked("refused")) == (1, 0)
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "does not read" in record.message
    assert record.__dict__["readers"] == ["engine/1 (at-engine 0.3.0) reads v1"]


async def test_messages_of_another_major_are_no_evidence(world: World) -> None:
    await world.say(announcement("engine", 1))
    for subject in (f"{APPROVED}.v1.paper.X", f"{APPROVED}.v22.paper.X", "trading.risk.held.v2.paper.X"):
        await world.bus.publish(Outgoing(subject, b"{}"))
    with pytest.raises(ConfigurationError):
        async with world.presence(announcement("gate", 1, 2, writes=2)):
            raise AssertionError("it must not start")


class Blind:
    """A bus that stores, and counts who wants to read."""

    connected = True

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self.bound: list[str] = []
        self.stored: list[str] = []

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        self.stored.append(message.subject)
        return Stored("KV_contracts", len(self.stored))

    async def bind(self, durable: Durable) -> object:
        self.bound.append(durable.name)
        raise self.failure

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    ("failure", "attempts"), [(BusUnavailable("no such durable"), 2), (PermissionDenied("old rights"), 1)]
)
async def test_a_bucket_that_cannot_be_read_stops_nobody(
    failure: Exception, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    bus, metrics = Blind(failure), Metrics("gate")
    presence = Presence(bus, announcement("gate", 1, 2, writes=2), metrics, every_seconds=10)
    async with presence:
        await asyncio.sleep(0)
    assert bus.bound == ["gate-contracts"] * attempts
    assert metrics.value("at_contracts_majors_checked_total", outcome="no_bucket") == 1
    assert any("nobody can be asked" in record.message for record in caplog.records)


async def test_with_nothing_in_question_nothing_is_read() -> None:
    bus = Blind(AssertionError("it must not read"))
    own = announcement("gate", 1)
    async with Presence(bus, own, Metrics("gate"), every_seconds=10):
        await asyncio.sleep(0)
    assert bus.bound == []
    assert bus.stored == ["$KV.contracts.gate.1"] * 2  # the announcement and its marker


async def test_the_memory_bus_keeps_the_same_walls() -> None:
    bus = MemoryBus(SystemClock())
    own = announcement("gate", 1, 2, writes=2)
    async with Presence(bus.as_role("gate"), own, Metrics("gate"), every_seconds=10):
        await asyncio.sleep(0.01)
    assert [record.subject for record in bus.records("KV_contracts")] == ["$KV.contracts.gate.1"] * 2
    with pytest.raises(PermissionDenied):
        await bus.as_role("agents").publish(Outgoing("$KV.contracts.gate.1", b"{}"))
