"""The downcast bridge on the memory bus: every newer message once, in order, whatever moment it dies at."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import nkeys
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from at_core.clock import ManualClock
from at_core.contracts.golden import golden_events
from at_core.errors import BusUnavailable, ConfigurationError
from at_core.events import AlertQuarantinedEvent, decode
from at_core.events.bridging import Lane, copied_from
from at_core.events.downcasters import DOWNCASTERS, Downcaster
from at_core.events.rendering import DOWNCAST_OF, render
from at_core.ids import natural_id
from at_core.runtime.bridge import Bridge
from at_core.runtime.bus import Outgoing, Stored
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.nats_admin import StoredMessage
from at_core.runtime.publisher import SIGNATURE_HEADER
from at_core.runtime.signing import NkeyHand
from at_core.testing.builders import T0
from at_core.topology.patterns import matches

TYPE = "intake.alert.quarantined"
LANE = Lane(TYPE, 2, 1)
DAY = 86_400
"""Seconds: longer than any stream remembers ids."""
(ALERT,) = (event for event in golden_events() if event.type == TYPE)


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class World:
    """A memory bus seen through an operator's eyes; ``die_at`` kills whoever makes that call, before or after it."""

    bus: MemoryBus
    clock: ManualClock
    calls: int = 0
    die_at: float = 0

    async def _called(self, action: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.die_at == self.calls:
            raise Killed
        result = action()
        if asyncio.iscoroutine(result):
            result = await result
        if self.die_at == self.calls + 0.5:
            raise Killed
        return result

    def _stored(self, stream: str, subject: str) -> list[StoredMessage]:
        return [
            StoredMessage(stream, one.sequence, one.subject, one.headers, one.body, one.stored_at)
            for one in self.bus.records(stream)
            if matches(subject, one.subject)
        ]

    async def next_message(self, stream: str, subject: str, sequence: int = 1) -> StoredMessage | None:
        found = (one for one in self._stored(stream, subject) if one.sequence >= sequence)
        return await self._called(lambda: next(found, None))

    async def last_message(self, stream: str, subject: str) -> StoredMessage | None:
        return await self._called(lambda: (self._stored(stream, subject) or [None])[-1])

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        return await self._called(lambda: self.bus.publish(message, timeout_seconds))

    def say(self, number: int, major: int = 2, key: str = "tv") -> None:
        """The producer itself says something."""
        said = render(alert(number, key), major)
        self.bus.store(Outgoing(said.subject, said.body, said.headers))

    def bridge(self, **more: Any) -> Bridge:
        return Bridge(LANE, self, self, sleep=self._no_sleep, **more)  # type: ignore[arg-type]  # only what it uses

    async def _no_sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def copies(self) -> list[int]:
        """What was copied, in the order of the stream, as the sequence it was copied from."""
        return [origin for one in self.bus.records("QUARANTINE") if (origin := copied_from(one.headers))]

    def sources(self) -> list[int]:
        return [one.sequence for one in self.bus.records("QUARANTINE") if ".v2." in one.subject]


def a_world() -> World:
    clock = ManualClock(T0)
    return World(MemoryBus(clock), clock)


def alert(number: int, key: str) -> AlertQuarantinedEvent:
    assert isinstance(ALERT, AlertQuarantinedEvent)
    event_id = natural_id("bridge", f"{key}/{number}")
    return ALERT.model_copy(update={"event_id": event_id, "signal_source": key, "hint": str(number)})


async def once(bridge: Bridge) -> Any:
    return await bridge.run(asyncio.Event(), once=True)


async def test_every_newer_message_is_copied_once_and_in_order_among_what_was_said_in_the_older_major() -> (
    None
):
    world = a_world()
    for number, major in enumerate((1, 2, 2, 1, 2, 1)):
        world.say(number, major, "tv" if number % 2 else "other")
    assert (await once(world.bridge())).copied == 3
    assert world.copies() == world.sources()
    for record in world.bus.records("QUARANTINE"):
        origin = copied_from(record.headers)
        if origin:
            source = world.bus.records("QUARANTINE")[origin - 1]
            assert record.subject == source.subject.replace(".v2.", ".v1.")
            first = decode(source.subject, source.headers, source.body)
            assert record.body == render(first, 1).body
    world.say(9)
    assert (await once(world.bridge())).copied == 1, "a second run goes on behind the first"
    assert world.copies() == world.sources()


async def test_killed_at_every_single_step_it_goes_on_where_it_was() -> None:
    """Also after longer than the stream remembers ids: only the positions keep it from saying something twice."""
    whole = a_world()
    script = ((1, 2), (2, 1), (3, 2), (4, 2), (5, 1), (6, 2))
    for number, major in script:
        whole.say(number, major, "tv" if number < 4 else "other")
    await once(whole.bridge())
    steps = whole.calls
    assert steps > 20
    deaths = 0
    for half in range(2, 2 * steps + 2):
        world = a_world()
        for number, major in script:
            world.say(number, major, "tv" if number < 4 else "other")
        world.die_at = half / 2
        with pytest.raises(Killed):
            await once(world.bridge())
        deaths += 1
        world.die_at = 0
        world.clock.advance(DAY)
        world.say(7, 1)
        await once(world.bridge())
        assert world.copies() == world.sources(), f"killed at call {half / 2}"
    assert deaths == 2 * steps


@pytest.mark.parametrize(("guarded", "copies"), [(True, [1]), (False, [1, 1])])
async def test_without_the_expected_position_a_stalled_bridge_would_say_it_twice(
    guarded: bool, copies: list[int]
) -> None:
    """Two bridges, one of which sleeps through the window of ids; and the same without the expected position."""
    world = a_world()
    world.say(1)
    first, second = world.bridge(), world.bridge()
    publish = world.publish

    async def stalled(message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        world.publish = publish  # type: ignore[method-assign]  # only the first publish stalls
        await once(second)
        world.clock.advance(DAY)
        return await publish(message if guarded else replace(message, expected_last_subject_sequence=None))

    world.publish = stalled  # type: ignore[method-assign]  # the seam of this test
    await once(first)
    assert world.copies() == copies


async def test_a_lost_confirmation_is_looked_up_before_it_is_said_again() -> None:
    world = a_world()
    world.say(1)
    world.say(2)
    publish = world.publish
    lost: list[int] = []

    async def deaf(message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        stored = await publish(message)
        world.clock.advance(DAY)
        if len(lost) < 2:
            lost.append(stored.sequence)
            raise BusUnavailable("no confirmation")
        return stored

    world.publish = deaf  # type: ignore[method-assign]  # the seam of this test
    await once(world.bridge())
    assert world.copies() == world.sources() == [1, 2]


async def test_a_bus_that_stays_away_ends_it_within_its_bound() -> None:
    world = a_world()
    world.say(1)

    async def away(message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        raise BusUnavailable("away")

    world.publish = away  # type: ignore[method-assign]  # the seam of this test
    with pytest.raises(BusUnavailable, match="message 1"):
        await once(world.bridge(attempts_max=3))


async def test_what_the_producer_said_in_both_majors_is_not_said_again() -> None:
    world = a_world()
    world.say(1, 2)
    world.say(1, 1)
    world.say(2, 2)
    tally = await once(world.bridge())
    assert (tally.copied, tally.already_there) == (1, 1)


async def test_what_cannot_be_said_is_set_aside_once_and_the_next_is_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = DOWNCASTERS[TYPE, 2].step

    def refuse(data: dict[str, Any]) -> dict[str, Any]:
        if data["hint"] == "2":
            raise ValueError("2 would be misread")
        return step(data)

    monkeypatch.setitem(DOWNCASTERS, (TYPE, 2), Downcaster("1.0", refuse))  # type: ignore[arg-type]  # a dict behind it
    world = a_world()
    for number in (1, 2, 3):
        world.say(number)
    world.bus.store(Outgoing(f"{TYPE}.v2.tv.X", b"{"))
    for _ in range(2):
        await once(world.bridge())
        world.clock.advance(DAY)
    assert world.copies() == [1, 3]
    letters = world.bus.records("DLQ")
    assert [letter.subject.rsplit(".", 1)[1] for letter in letters] == ["DOWNCAST_REFUSED", "INVALID_BODY"]
    assert [json.loads(letter.body)["sequence"] for letter in letters] == [2, 4]
    world.say(5)
    await once(world.bridge())
    assert world.copies() == [1, 3, 7]


async def test_only_what_a_signed_role_has_signed_is_copied_and_signed_again() -> None:
    hand = NkeyHand(a_seed(1))
    world = a_world()
    for number in (1, 2):
        said = render(alert(number, "tv"))
        signature = {SIGNATURE_HEADER: hand.sign(said.body)} if number == 1 else {}
        world.bus.store(Outgoing(said.subject, said.body, {**said.headers, **signature}))
    moved = render(alert(3, "tv"))
    forged = {**moved.headers, SIGNATURE_HEADER: NkeyHand(a_seed(2)).sign(moved.body)}
    world.bus.store(Outgoing(moved.subject, moved.body, forged))
    tally = await once(world.bridge(hand=hand))
    assert (tally.copied, tally.refused) == (1, 2)
    (copy,) = (one for one in world.bus.records("QUARANTINE") if copied_from(one.headers))
    assert hand.verify(copy.body, copy.headers[SIGNATURE_HEADER])
    assert {one.subject.rsplit(".", 1)[1] for one in world.bus.records("DLQ")} == {"UNAUTHENTIC"}


def a_seed(number: int) -> str:
    return bytes(nkeys.encode_seed(bytes([number]) * 32, nkeys.PREFIX_BYTE_USER)).decode()


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["new", "old", "copy"]), max_size=250))
def test_how_far_it_came_is_found_behind_any_number_of_others(script: Sequence[str]) -> None:
    """Far back in the stream as well: copies are looked for in growing windows from its end."""

    async def play() -> None:
        world = a_world()
        for number, word in enumerate(script):
            if word == "copy":
                await once(world.bridge())
            else:
                world.say(number, 2 if word == "new" else 1)
        await once(world.bridge())
        assert world.copies() == world.sources()

    asyncio.run(play())


async def test_it_follows_until_it_is_told_to_stop() -> None:
    world = a_world()
    stop = asyncio.Event()
    following = asyncio.create_task(world.bridge().run(stop, poll_seconds=0.01))
    async with asyncio.timeout(5):
        for number in (1, 2, 3):
            world.say(number)
            while len(world.copies()) < number:  # noqa: ASYNC110 - the condition is another task's doing
                await asyncio.sleep(0.001)
        stop.set()
        assert (await following).copied == 3


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("no.such.type", 2, 1), "no event type"),
        ((TYPE, 3, 1), "reads intake.alert.quarantined v1, v2"),
        ((TYPE, 2, 0), "writes intake.alert.quarantined v1, v2"),
        ((TYPE, 2, 2), "must be older"),
        ((TYPE, 1, 2), "must be older"),
    ],
)
def test_a_lane_that_does_not_exist_is_refused(words: tuple[str, int, int], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        Lane(*words)


def test_only_a_plain_sequence_marks_a_copy() -> None:
    assert copied_from({DOWNCAST_OF: "12"}) == 12
    for text in ("", "-1", "x", "1" * 30, "١"):
        assert copied_from({DOWNCAST_OF: text}) == 0
