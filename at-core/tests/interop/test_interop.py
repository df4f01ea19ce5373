"""Several releases of at-core on one bus: every reader gets what it should from every writer; nothing is lost.

The oldest supported release, the one before, and this tree run as wheels in virtual environments of their own. What
they exchange changed on the way: fills got an optional field in 0.2.0, refused alerts a new major in 0.3.0.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from interop_world import SECONDS_MAX, Player, build_wheel, make_environment, playing, released_wheels

from at_core.events.subjects import type_and_major
from at_core.runtime.nats_admin import StoredMessage, open_admin
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.coverage import Reason, uncovered
from at_core.topology.live import Bucket

ALERT, FILL = "intake.alert.quarantined", "trading.execution.fill"
STREAMS = {"alerts": "QUARANTINE", "fills": "EXEC"}
READERS = ("oldest", "previous", "current")
ROUNDS = 12
KEYS = 4


def durable_name(reader: str, what: str) -> str:
    """The queue through which one release reads one stream."""
    return f"interop-{reader}-{what}"


EXTRA = tuple(
    Durable(durable_name(reader, what), stream, "obs", "queue", ack_wait_seconds=30)
    for reader in READERS
    for what, stream in STREAMS.items()
)


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An environment per release, by the name of its part."""
    folder = tmp_path_factory.mktemp("wheels")
    oldest, *_, previous = released_wheels().values()
    wheels = {"oldest": oldest, "previous": previous, "current": build_wheel(folder)}
    return {name: make_environment(folder / name, wheel) for name, wheel in wheels.items()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[NatsPlace]:
    place = make_nats_place(tmp_path / "bus", durables=(*DURABLES, *EXTRA))
    yield place
    place.server.kill()


@dataclass
class Street:
    """Producers and readers of several releases on one server."""

    pythons: dict[str, Path]
    place: NatsPlace
    stack: ExitStack
    producers: dict[str, Player] = field(default_factory=dict)
    readers: dict[tuple[str, str], Player] = field(default_factory=dict)

    def produce(self, name: str, majors: str = "{}", *, python: str | None = None) -> Player:
        """Start a producer; ``majors`` is its configured ``emit_major`` as JSON."""
        words = ("produce", self.place.url, str(self.place.keys_folder), name, majors)
        self.producers[name] = self._start(python or name, words, name)
        return self.producers[name]

    def read(self, name: str, what: str) -> Player:
        """Start a reader of one stream."""
        durable = durable_name(name, what)
        words = ("consume", self.place.url, str(self.place.keys_folder), durable, STREAMS[what])
        self.readers[name, what] = self._start(name, words, durable)
        return self.readers[name, what]

    def _start(self, python: str, words: tuple[str, ...], name: str) -> Player:
        log = self.place.folder / f"{name}.log"
        return self.stack.enter_context(playing(self.pythons[python], *words, log=log))

    def rounds(self, count: int) -> None:
        """Let every producer publish ``count`` rounds, all of them at the same time, round by round."""
        for _ in range(count):
            for producer in self.producers.values():
                producer.tell()
            for producer in self.producers.values():
                producer.until(lambda answer: "done" in answer)

    def bridge(self) -> str:
        """Let the newest release carry alerts over to the first major, once; return what it complained about."""
        command = [
            str(self.pythons["current"]), "-I", "-m", "at_core", "bridge", ALERT, "--from", "2", "--to", "1",
            "--server", self.place.url, "--keys", str(self.place.keys_folder), "--once",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def written(self) -> list[dict[str, Any]]:
        """What the producers were told is stored."""
        return [answer for player in self.producers.values() for answer in player.said if "stored" in answer]


@pytest.fixture
def street(pythons: dict[str, Path], place: NatsPlace) -> Iterator[Street]:
    with ExitStack() as stack:
        yield Street(pythons, place, stack)


async def stored(place: NatsPlace, stream: str) -> list[StoredMessage]:
    """Everything that lies in a stream."""
    async with open_admin((place.url,), place.keys_folder) as admin:
        return [message async for message in admin.messages(stream)]


def read_by(player: Player, last: int) -> list[dict[str, Any]]:
    """What a reader was given, up to stream sequence ``last``."""
    if not any(answer.get("read") == last for answer in player.said):
        player.until(lambda answer: answer.get("read") == last)
    return [answer for answer in player.said if "read" in answer]


def in_order(read: list[dict[str, Any]], key: str) -> bool:
    """Whether the events of each value of the field ``key`` came in the order of the stream."""
    last: dict[str, int] = {}
    for answer in read:
        value = answer["facts"][key]
        if answer["read"] <= last.get(value, 0):
            return False
        last[value] = answer["read"]
    return len(last) == KEYS


async def dead_letters(place: NatsPlace, durable: str) -> dict[int, str]:
    """What one durable set aside: sequence in its stream to the code."""
    records = (json.loads(message.body) for message in await stored(place, "DLQ"))
    return {record["sequence"]: record["code"] for record in records if record["durable"] == durable}


async def all_settled(place: NatsPlace, durable: str, stream: str, last: int) -> None:
    """Wait until a durable has settled everything up to ``last``."""
    async with asyncio.timeout(SECONDS_MAX), open_admin((place.url,), place.keys_folder) as admin:
        while True:
            state = await admin.ask(f"CONSUMER.INFO.{stream}.{durable}")
            if state["ack_floor"]["stream_seq"] >= last:
                return
            await asyncio.sleep(0.05)


async def test_an_optional_field_reaches_those_who_know_it(street: Street) -> None:
    for name in READERS:
        street.read(name, "fills")
        street.produce(name)
    street.rounds(ROUNDS)
    messages = await stored(street.place, "EXEC")
    assert len(messages) == len(READERS) * ROUNDS * KEYS
    assert {message.sequence for message in messages} == {
        answer["stored"] for answer in street.written() if answer["type"] == FILL
    }
    by_writer = {message.sequence: message.headers["at-schema"] for message in messages}
    assert set(by_writer.values()) == {"1.0", "1.1"}
    for name in READERS:
        read = read_by(street.readers[name, "fills"], messages[-1].sequence)
        assert [answer["read"] for answer in read] == [message.sequence for message in messages]
        assert in_order(read, "client_order_id")
        for answer in read:
            assert answer["facts"]["leaves_quantity"] == "100"
            assert answer["facts"]["quantity"] == "0.010"
            knows = name != "oldest" and by_writer[answer["read"]] == "1.1"
            assert ("broker" in answer["facts"]) is knows


async def test_a_new_major_is_read_by_the_new_and_set_aside_by_the_old(street: Street) -> None:
    for name in READERS:
        street.read(name, "alerts")
        street.produce(name)
    street.rounds(ROUNDS)
    messages = await stored(street.place, "QUARANTINE")
    everything = [message.sequence for message in messages]
    newer = {message.sequence for message in messages if type_and_major(message.subject)[1] == 2}
    assert len(messages) == len(READERS) * ROUNDS * KEYS
    assert len(newer) == ROUNDS * KEYS
    assert min(newer) < max(set(everything) - newer)
    assert max(newer) > min(set(everything) - newer)
    for name in READERS:
        await all_settled(street.place, durable_name(name, "alerts"), "QUARANTINE", everything[-1])
        aside = await dead_letters(street.place, durable_name(name, "alerts"))
        expected = everything if name == "current" else [one for one in everything if one not in newer]
        read = read_by(street.readers[name, "alerts"], expected[-1])
        assert [answer["read"] for answer in read] == expected
        assert in_order(read, "signal_source")
        if name == "current":
            # Upcast at the door: whatever was written, the newest form is what a handler sees.
            assert aside == {}
            assert {answer["version"] for answer in read} == {"2.0"}
            assert all("body_text" in answer["facts"] and "body" not in answer["facts"] for answer in read)
        else:
            # Never guessed: each newer message is kept with the reason, and nothing else is.
            assert aside == dict.fromkeys(newer, "NEWER_MAJOR")
            assert {answer["version"] for answer in read} == {"1.0"}
            assert all("body" in answer["facts"] for answer in read)


async def test_a_reader_of_the_first_major_only_is_found_from_outside(street: Street) -> None:
    street.read("oldest", "alerts")
    street.produce("as-before", f'{{"{ALERT}": 1}}', python="current")
    street.rounds(1)
    assert await not_covered(street.place) == set()
    street.produce("flipped", python="current")
    street.rounds(1)
    # An old release cannot say what it reads: until it does, a major above the first counts as not covered.
    assert await not_covered(street.place) == {
        (durable_name("oldest", "alerts"), 2, KEYS, Reason.NEVER_ANNOUNCED)
    }


async def test_while_the_older_major_is_emitted_the_oldest_reader_misses_nothing(street: Street) -> None:
    street.read("oldest", "alerts")
    street.produce("current", f'{{"{ALERT}": 1}}')
    street.rounds(ROUNDS)
    messages = await stored(street.place, "QUARANTINE")
    assert {message.headers["at-schema"] for message in messages} == {"1.0"}
    read = read_by(street.readers["oldest", "alerts"], messages[-1].sequence)
    assert [answer["read"] for answer in read] == [message.sequence for message in messages]
    assert in_order(read, "signal_source")
    assert await dead_letters(street.place, durable_name("oldest", "alerts")) == {}


async def test_the_bridge_gives_a_reader_left_behind_every_newer_message_once(street: Street) -> None:
    for name in ("oldest", "current"):
        street.read(name, "alerts")
        street.produce(name)
    street.rounds(ROUNDS)
    for _ in range(2):  # the second crossing finds nothing left to do
        assert street.bridge() == ""
    messages = await stored(street.place, "QUARANTINE")
    copies = {message.sequence for message in messages if "at-downcast-of" in message.headers}
    assert len(copies) == ROUNDS * KEYS
    for name in ("oldest", "current"):
        await all_settled(street.place, durable_name(name, "alerts"), "QUARANTINE", messages[-1].sequence)
        last = max(copies) if name == "oldest" else min(copies) - 1
        read = read_by(street.readers[name, "alerts"], last)
        ids = [answer["id"] for answer in read]
        assert sorted(ids) == sorted({answer["id"] for answer in street.written() if answer["type"] == ALERT})
        assert copies.isdisjoint(answer["read"] for answer in read) is (name == "current")


async def not_covered(place: NatsPlace) -> set[tuple[str, int, int, Reason]]:
    """What the check for uncovered subjects says of the oldest release's queue of alerts."""
    durable = next(known for known in EXTRA if known.name == durable_name("oldest", "alerts"))
    async with open_admin((place.url,), place.keys_folder) as admin:
        counts = {durable.stream: await admin.subjects(durable.stream)}
        info = await admin.ask(f"CONSUMER.INFO.{durable.stream}.{durable.name}")
    filters = {durable.name: tuple(info["config"].get("filter_subjects") or ())}
    found = uncovered(counts, filters, Bucket(), [durable])
    return {(one.durable, one.major, one.messages, one.reason) for one in found if one.type == ALERT}
