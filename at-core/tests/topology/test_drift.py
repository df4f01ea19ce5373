"""A careless hand on a real server: each drifted field is named, what can be repaired is, nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from at_core.cli import main
from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_admin import Admin, open_admin
from at_core.runtime.nats_bus import NatsBus
from at_core.testing.bus_place import CARD_DURABLES, SIGNAL, card_durable, take
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.consumers import DURABLES
from at_core.topology.desired import consumer_config, stream_config
from at_core.topology.provisioner import Change
from at_core.topology.repair import FIXED
from at_core.topology.streams import STREAMS, stream

SECOND, HOUR = 1_000_000_000, 3_600_000_000_000

STREAM_BY_HAND: dict[str, Any] = {
    "allow_direct": True,
    "allow_rollup_hdrs": True,
    "compression": "s2",
    "description": "by hand",
    "discard": "old",
    "duplicate_window": SECOND,
    "max_age": 1000 * HOUR,
    "max_bytes": 5_000_000,
    "max_consumers": 40,
    "max_msg_size": 100_000,
    "max_msgs": 100,
    "max_msgs_per_subject": 50,
    "metadata": {"owner": "me"},
    "mirror_direct": True,
    "no_ack": True,
    "republish": {"src": ">", "dest": "copy.>"},
    "sources": [{"name": "OBS"}],
    "subjects": ["trading.signal.>", "media.>", "stray.>"],
}
"""What the server lets a hand change on SIGNALS, and change back."""

STREAM_FOR_GOOD: dict[str, Any] = {
    "allow_msg_ttl": True,
    "deny_delete": True,
    "deny_purge": True,
    "sealed": True,
}
"""What a hand can set and nobody can take back."""

STREAM_MADE_OTHERWISE: dict[str, Any] = {"storage": "memory", "retention": "interest"}
"""What only a stream that is made anew can have."""

STREAM_NEVER = {"name": "it is the stream", "num_replicas": "a single server has one copy"}

CONSUMER_BY_HAND: dict[str, Any] = {
    "ack_wait": 3 * SECOND,
    "backoff": [3 * SECOND, 4 * SECOND],
    "description": "by hand",
    "filter_subjects": ["trading.signal.created.>", "media.>"],
    "headers_only": True,
    "inactive_threshold": 100 * HOUR,
    "max_ack_pending": 7,
    "max_batch": 3,
    "max_deliver": 9,
    "metadata": {"owner": "me"},
    "num_replicas": 1,
    "sample_freq": "50",
}
"""What the server lets a hand change on a queue; ``pause_until`` has a request of its own."""

CONSUMER_MADE_OTHERWISE: dict[str, Any] = {
    "ack_policy": "all",
    "deliver_policy": "new",
    "max_waiting": 8,
    "mem_storage": True,
    "replay_policy": "original",
}

CONSUMER_NEVER = {"name": "it is the consumer", "durable_name": "it is the consumer"}


def consumer_request(
    action: str, name: str, version: str = "test", **changes: Any
) -> tuple[str, dict[str, Any]]:
    known = card_durable(name)
    config = consumer_config(known, version) | changes
    return f"CONSUMER.CREATE.{known.stream}.{name}", {
        "stream_name": known.stream,
        "action": action,
        "config": config,
    }


def found(changes: list[Change], name: str) -> Change:
    [change] = [change for change in changes if change.name == name]
    return change


def named(change: Change) -> set[str]:
    return {difference.field for difference in change.drift}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[NatsPlace]:
    place = make_nats_place(tmp_path, CARD_DURABLES)
    yield place
    place.server.kill()


@pytest.fixture
async def admin(place: NatsPlace) -> AsyncIterator[Admin]:
    async with open_admin((place.url,), place.keys_folder) as admin:
        yield admin


@pytest.fixture
async def gateway(place: NatsPlace) -> AsyncIterator[NatsBus]:
    bus = await place.connect("gateway")
    yield bus
    await bus.close()


@pytest.fixture
async def agents(place: NatsPlace) -> AsyncIterator[NatsBus]:
    bus = await place.connect("agents")
    yield bus
    await bus.close()


async def done(admin: Admin, path: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await admin.ask(path, request)
    assert "error" not in answer, answer
    return answer


async def contents(admin: Admin, name: str) -> list[tuple[int, str, bytes]]:
    return [(kept.sequence, kept.subject, kept.body) async for kept in admin.messages(name)]


def test_every_field_of_the_tables_is_in_one_of_the_lists() -> None:
    streams = {name for known in STREAMS for name in stream_config(known, 1, "x")}
    assert streams <= {*STREAM_BY_HAND, *STREAM_FOR_GOOD, *STREAM_MADE_OTHERWISE, *STREAM_NEVER}
    readers = {name for known in DURABLES for name in consumer_config(known, "x")}
    assert readers <= {*CONSUMER_BY_HAND, *CONSUMER_MADE_OTHERWISE, *CONSUMER_NEVER}


async def test_check_names_every_field_and_apply_repairs_without_losing_a_message_or_an_ack(
    place: NatsPlace, admin: Admin, gateway: NatsBus, agents: NatsBus
) -> None:
    for number in range(10):
        await gateway.publish(Outgoing(SIGNAL, b"%d" % number, {"Nats-Msg-Id": f"m{number}"}))
    inbox = await agents.bind(card_durable("agents-signals"))
    for message in (await take(inbox, 10))[:5]:
        await inbox.ack(message)
    await inbox.close()
    before = await contents(admin, "SIGNALS")

    await done(admin, "STREAM.UPDATE.SIGNALS", stream_config(stream("SIGNALS"), 1, "test") | STREAM_BY_HAND)
    await done(admin, *consumer_request("update", "agents-signals", **CONSUMER_BY_HAND))
    pause = {"pause_until": "2099-01-01T00:00:00Z"}
    await done(admin, "CONSUMER.PAUSE.SIGNALS.agents-signals", pause)

    changes = await place.provision(apply=False)
    for name, by_hand in (("SIGNALS", STREAM_BY_HAND), ("agents-signals", CONSUMER_BY_HAND | pause)):
        change = found(changes, name)
        assert change.outcome == "updated"
        assert named(change) == by_hand.keys()
        for difference in change.drift:
            assert str(difference) == f"{difference.field}: {difference.found!r} -> {difference.wanted!r}"
            if difference.field != "metadata":  # the server adds entries of its own
                assert difference.found == by_hand[difference.field]
            assert difference.found != difference.wanted
    assert [change.name for change in changes if change.outcome != "unchanged"] == [
        "SIGNALS",
        "agents-signals",
    ]

    assert {change.outcome for change in await place.provision()} == {"unchanged", "updated"}
    assert {change.outcome for change in await place.provision(apply=False)} == {"unchanged"}
    assert await contents(admin, "SIGNALS") == before
    assert [body for _, _, body in before] == [b"%d" % number for number in range(10)]
    inbox = await agents.bind(card_durable("agents-signals"))
    again = await take(inbox, 5)
    assert sorted(message.body for message in again) == [b"5", b"6", b"7", b"8", b"9"]
    for message in again:
        await inbox.ack(message)
    await gateway.publish(Outgoing(SIGNAL, b"new", {"Nats-Msg-Id": "new"}))
    assert [message.body for message in await take(inbox, 1)] == [b"new"]


@pytest.mark.parametrize("field", sorted(STREAM_FOR_GOOD))
async def test_what_nobody_can_take_back_is_refused_with_a_hint_and_the_rest_is_repaired(
    place: NatsPlace, admin: Admin, field: str
) -> None:
    by_hand = {"max_age": HOUR, field: STREAM_FOR_GOOD[field]}
    await done(admin, "STREAM.UPDATE.QUARANTINE", stream_config(stream("QUARANTINE"), 1, "test") | by_hand)
    for apply in (False, True):
        change = found(await place.provision(apply=apply), "QUARANTINE")
        assert change.outcome == "refused"
        assert field in named(change)
        assert any(FIXED["stream"][field] in line for line in change.refused)
    left = found(await place.provision(apply=False), "QUARANTINE")
    if field != "sealed":  # a sealed stream cannot be touched at all
        assert named(left) == {field}


@pytest.mark.parametrize("field", sorted(STREAM_MADE_OTHERWISE))
async def test_a_stream_made_otherwise_is_refused_with_a_hint_and_left(
    place: NatsPlace, admin: Admin, field: str
) -> None:
    await done(admin, "STREAM.DELETE.HEALTH")
    config = stream_config(stream("HEALTH"), 1, "test") | {field: STREAM_MADE_OTHERWISE[field]}
    await done(admin, "STREAM.CREATE.HEALTH", config | {"max_bytes": 1_000_000})
    change = found(await place.provision(), "HEALTH")
    assert change.outcome == "refused"
    assert named(change) == {field, "max_bytes"}
    assert [line.partition(":")[0] for line in change.refused] == [field]
    kept = (await done(admin, "STREAM.INFO.HEALTH"))["config"]
    assert (kept[field], kept["max_bytes"]) == (STREAM_MADE_OTHERWISE[field], stream("HEALTH").bytes_max)


@pytest.mark.parametrize("field", sorted(CONSUMER_MADE_OTHERWISE))
async def test_a_queue_made_otherwise_is_refused_with_a_hint_and_left(
    place: NatsPlace, admin: Admin, field: str
) -> None:
    await done(admin, "CONSUMER.DELETE.PROPOSALS.gate-proposals")
    by_hand = {field: CONSUMER_MADE_OTHERWISE[field], "max_ack_pending": 3}
    await done(admin, *consumer_request("create", "gate-proposals", **by_hand))
    change = found(await place.provision(), "gate-proposals")
    assert change.outcome == "refused"
    assert [line.partition(":")[0] for line in change.refused] == [field]
    kept = (await done(admin, "CONSUMER.INFO.PROPOSALS.gate-proposals"))["config"]
    assert (kept[field], kept["max_ack_pending"]) == (CONSUMER_MADE_OTHERWISE[field], 512)


async def test_a_deleted_queue_comes_back_and_says_that_everything_is_delivered_again(
    place: NatsPlace, admin: Admin, gateway: NatsBus, agents: NatsBus
) -> None:
    await gateway.publish(Outgoing(SIGNAL, b"0", {"Nats-Msg-Id": "m0"}))
    inbox = await agents.bind(card_durable("agents-signals"))
    await inbox.ack((await take(inbox, 1))[0])
    await inbox.close()
    await done(admin, "CONSUMER.DELETE.SIGNALS.agents-signals")
    for apply in (False, True):
        change = found(await place.provision(apply=apply), "agents-signals")
        assert change.outcome == "created"
        assert "it has no acknowledgements: all that SIGNALS holds for it" in change.notes[0]
    inbox = await agents.bind(card_durable("agents-signals"))
    assert [message.body for message in await take(inbox, 1)] == [b"0"]


async def test_a_deleted_source_of_the_journal_goes_on_where_the_journal_stopped(
    place: NatsPlace, admin: Admin, gateway: NatsBus
) -> None:
    for number in range(3):
        await gateway.publish(Outgoing(SIGNAL, b"%d" % number, {"Nats-Msg-Id": f"m{number}"}))

    async def copied(body: bytes) -> None:
        async with asyncio.timeout(90):  # the server looks after a source that went away only now and then
            while (last := await admin.last_message("JOURNAL", SIGNAL)) is None or last.body != body:  # noqa: ASYNC110 - the server has nothing to wait on
                await asyncio.sleep(0.05)

    await copied(b"2")
    await done(admin, "STREAM.DELETE.SIGNALS")
    change = found(await place.provision(), "SIGNALS")
    assert change.outcome == "created"
    assert "goes on at sequence 4" in change.notes[0]
    assert {one.outcome for one in await place.provision(apply=False)} == {"unchanged"}
    stored = await gateway.publish(Outgoing(SIGNAL, b"after", {"Nats-Msg-Id": "after"}))
    assert stored.sequence == 4
    await copied(b"after")


@pytest.mark.parametrize(
    ("field", "by_hand", "size"), [("max_bytes", 900_000_000, 900_000), ("max_msgs_per_subject", -1, 10)]
)
async def test_a_bound_is_not_narrowed_where_that_deletes_messages(
    place: NatsPlace, admin: Admin, field: str, by_hand: int, size: int
) -> None:
    """HEALTH keeps 16 MiB and 8 messages of a subject; a hand widened that and more has gathered since."""
    config = stream_config(stream("HEALTH"), 1, "test") | {field: by_hand, "description": "by hand"}
    await done(admin, "STREAM.UPDATE.HEALTH", config)
    obs = await place.connect("obs")
    for number in range(20):
        beat = f"heartbeat.obs.v1.{number if field == 'max_bytes' else 1}"
        await obs.publish(Outgoing(beat, b"x" * size, {"Nats-Msg-Id": f"m{number}"}))
    await obs.close()
    before = await contents(admin, "HEALTH")
    change = found(await place.provision(), "HEALTH")
    assert change.outcome == "refused"
    assert [line.partition(":")[0] for line in change.refused] == [field]
    assert "would delete" in change.refused[0]
    assert "--allow-deletion" in change.refused[0]
    assert await contents(admin, "HEALTH") == before
    assert named(found(await place.provision(), "HEALTH")) == {field}  # the rest was repaired
    assert await asyncio.to_thread(main, [*_provision(place), "--apply", "--allow-deletion"]) == 0
    assert len(await contents(admin, "HEALTH")) < len(before)


@pytest.mark.parametrize("narrowed", [False, True])
async def test_a_narrowed_filter_passes_messages_over_as_the_note_says(
    place: NatsPlace, admin: Admin, gateway: NatsBus, agents: NatsBus, narrowed: bool
) -> None:
    inbox = await agents.bind(card_durable("agents-signals"))
    if narrowed:
        await done(admin, *consumer_request("update", "agents-signals", filter_subjects=["media.>"]))
    await gateway.publish(Outgoing(SIGNAL, b"meanwhile", {"Nats-Msg-Id": "m"}))
    await gateway.publish(Outgoing("media.screenshot.received.v1.x", b"other", {"Nats-Msg-Id": "o"}))
    if narrowed:
        assert [message.body for message in await take(inbox, 1)] == [b"other"]
    change = found(await place.provision(), "agents-signals")
    assert any("match only now" in note for note in change.notes) is narrowed
    await gateway.publish(Outgoing(SIGNAL, b"after", {"Nats-Msg-Id": "a"}))
    expected = [b"after"] if narrowed else [b"meanwhile", b"after"]
    assert [message.body for message in await take(inbox, len(expected))] == expected


def _provision(place: NatsPlace) -> list[str]:
    return ["provision", "--server", place.url, "--keys", str(place.keys_folder)]


async def test_the_command_says_it_as_data(
    place: NatsPlace, admin: Admin, capsys: pytest.CaptureFixture[str]
) -> None:
    await done(admin, "STREAM.CREATE.MINE", {"name": "MINE", "subjects": ["mine.>"]})
    assert await asyncio.to_thread(main, [*_provision(place), "--check", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    signals = next(line for line in lines if line["name"] == "SIGNALS")
    assert signals["outcome"] == "updated"  # the place is provisioned under another version
    assert [entry["field"] for entry in signals["drift"]] == ["metadata"]
    assert [line["name"] for line in lines if line["outcome"] == "unknown"] == ["MINE"]
