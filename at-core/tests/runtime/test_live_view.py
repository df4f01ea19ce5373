"""The operator's view on a real server: who is announced, may a major be emitted, what is not covered."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from at_core.cli import main
from at_core.errors import BusUnavailable
from at_core.events.registry import event_types
from at_core.runtime.bus import Outgoing
from at_core.runtime.live_view import find_uncovered, view_bucket
from at_core.runtime.nats_admin import Admin, open_admin
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import DURABLES, durable
from at_core.topology.coverage import Reason
from at_core.topology.desired import consumer_config
from at_core.topology.live import (
    REMOVED_HEADERS,
    Announcement,
    Bucket,
    announcement_subject,
    encode_announcement,
)

SIGNAL = "trading.signal.created"


def announcement(role: str, *majors: int) -> Announcement:
    return Announcement(
        role=role,
        instance="1",
        member=f"at-{role}",
        member_version="0.3.0",
        at_core_version="0.3.0",
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        reads=dict.fromkeys(event_types(), majors),
        writes={},
    )


async def say(place: NatsPlace, *announcements: Announcement) -> None:
    for one in announcements:
        bus = await place.connect(one.role)
        subject = announcement_subject(one.role, one.instance)
        await bus.publish(Outgoing(subject, encode_announcement(one)))
        await bus.close()


async def bucket(place: NatsPlace) -> Bucket:
    async with open_admin((place.url,), place.keys_folder) as admin:
        return await view_bucket(admin)


async def test_the_command_lines_answer_from_the_bucket(
    own_nats_place: NatsPlace, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--server", own_nats_place.url, "--keys", str(own_nats_place.keys_folder)]

    async def command(*words: str) -> tuple[int, str]:
        ended = await asyncio.to_thread(main, [*words, *place])
        return ended, capsys.readouterr().out

    assert await command("live") == (0, "nobody is announced\n")
    ended, told = await command("can-emit", SIGNAL, "1")
    assert (ended, told.splitlines()[1:]) == (
        1,
        [f"  not announced {role}" for role in ("gateway", "agents", "obs")],
    )
    await say(own_nats_place, *(announcement(role, 1, 2) for role in ("gateway", "obs")))
    await say(own_nats_place, announcement("agents", 1))
    assert (await command("can-emit", SIGNAL, "1"))[0] == 0
    ended, told = await command("can-emit", SIGNAL, "2", "--json")
    verdict = json.loads(told)
    assert (ended, verdict["answer"], verdict["code"]) == (1, "no", "READER_BEHIND")
    assert [(one["role"], one["reads"]) for one in verdict["laggards"]] == [("agents", [1])]
    await say(own_nats_place, announcement("agents", 1, 2))
    assert (await command("can-emit", SIGNAL, "2"))[0] == 0
    ended, told = await command("live", "--json")
    assert [one["role"] for one in json.loads(told)["live"]] == ["agents", "gateway", "obs"]
    assert "agents/1 (at-agents 0.3.0), at-core 0.3.0" in (await command("live"))[1]
    assert (await command("can-emit", "no.such.type", "1"))[0] == 2
    assert (await command("can-emit", SIGNAL, "0"))[0] == 2


async def test_a_marker_removes_an_announcement_and_age_removes_a_forgotten_one(
    own_nats_place: NatsPlace,
) -> None:
    await say(own_nats_place, announcement("gate", 1), announcement("agents", 1))
    assert {one.role for one in (await bucket(own_nats_place)).announcements} == {"gate", "agents"}
    bus = await own_nats_place.connect("gate")
    await bus.publish(Outgoing(announcement_subject("gate", "1"), b"", REMOVED_HEADERS))
    await bus.close()
    assert {one.role for one in (await bucket(own_nats_place)).announcements} == {"agents"}
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:
        await shorten_age(admin)
        async with asyncio.timeout(10):
            while (await view_bucket(admin)).announcements:
                pass  # the server forgets it by itself


async def shorten_age(admin: Admin) -> None:
    config = (await admin.ask("STREAM.INFO.KV_contracts"))["config"]
    age = {"max_age": 300_000_000, "duplicate_window": 200_000_000}
    answer = await admin.ask("STREAM.UPDATE.KV_contracts", config | age)
    assert "error" not in answer, answer


async def test_a_server_without_the_bucket_says_what_to_do(own_nats_place: NatsPlace) -> None:
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:
        await admin.ask("STREAM.DELETE.KV_contracts")
        with pytest.raises(BusUnavailable, match="at-core provision --apply"):
            await view_bucket(admin)


async def test_messages_that_a_filter_or_a_reader_leaves_out_are_found(own_nats_place: NatsPlace) -> None:
    gateway = await own_nats_place.connect("gateway")
    for major in (1, 2, 2):
        await gateway.publish(Outgoing(f"{SIGNAL}.v{major}.paper.A", b"{}"))
    await gateway.close()
    ready = Bucket(tuple(announcement(role, 1, 2) for role in ("gateway", "agents", "obs")))
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:
        assert await find_uncovered(admin, ready) == ()
        late = Bucket((*ready.announcements[:1], announcement("agents", 1), ready.announcements[2]))
        [behind] = await find_uncovered(admin, late)
        assert (behind.durable, behind.messages, behind.reason) == ("agents-signals", 2, Reason.READER)
        narrow = consumer_config(durable("agents-signals"), "test") | {"filter_subjects": [f"{SIGNAL}.v1.>"]}
        request = {"stream_name": "SIGNALS", "action": "update", "config": narrow}
        answer = await admin.ask("CONSUMER.CREATE.SIGNALS.agents-signals", request)
        assert "error" not in answer, answer
        [filtered] = await find_uncovered(admin, ready, DURABLES)
        assert (filtered.durable, filtered.messages, filtered.reason) == (
            "agents-signals",
            2,
            Reason.FILTER,
        )
