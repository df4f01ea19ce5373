"""``tail`` on a real server: one true line per message, nothing secret, and an end on request."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from requeue_world import World

from at_core.cli import main
from at_core.contracts.golden import golden_events
from at_core.events import encode
from at_core.events.codec import headers_of
from at_core.events.registry import producer_of
from at_core.events.rendering import render
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_admin import open_admin
from at_core.runtime.reading import last_messages
from at_core.testing.builders import a_market_bar, a_signal
from at_core.testing.nats_fixture import NatsPlace

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
async def world(own_nats_place: NatsPlace) -> AsyncIterator[World]:
    world = World(own_nats_place)
    yield world
    await world.close()


async def test_every_event_of_the_catalogue_is_one_line_with_its_facts(world: World, capsys: Capsys) -> None:
    events = list(golden_events())
    for event in events:
        await world.publish(producer_of(event.type), event)
    code, lines = await world.at_core(capsys, "tail")
    assert code == 0
    shown = {line["type"]: line for line in lines}
    assert shown.keys() == {event.type for event in events}
    for event in events:
        line = shown[event.type]
        assert (line["version"], line["subject"]) == (event.schema_version, subject_of(event))
        assert line["correlation_id"] == str(event.correlation_id)
        assert line["account"] == (event.account or "")
        assert line["problem"] == ""
    assert [line["stored_at"] for line in lines] == sorted(line["stored_at"] for line in lines)
    approved = shown["trading.risk.approved"]["facts"]
    assert {"symbol", "side", "approved_quantity", "client_order_id"} <= approved.keys()


async def test_text_lines_name_time_place_type_facts_and_flow(world: World, capsys: Capsys) -> None:
    event = a_signal()
    await world.publish("gateway", event)
    assert await asyncio.to_thread(main, ["tail", "trading.signal.>", *world.where]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line[4] == "-"
    assert line.split(" ")[1:4] == ["SIGNALS:1", subject_of(event), "trading.signal.created"]
    assert "account=paper symbol=BTC/USDT kind=ORDER side=BUY quantity=0.5" in line
    assert line.endswith(f"correlation={event.correlation_id}")


async def test_an_older_major_is_shown_in_the_version_it_is_stored_in(world: World, capsys: Capsys) -> None:
    quarantined = next(event for event in golden_events() if event.type == "intake.alert.quarantined")
    older = render(quarantined, 1)
    await (await world.bus("gateway")).publish(Outgoing(older.subject, older.body, older.headers))
    _, [line] = await world.at_core(capsys, "tail", "intake.>")
    assert (line["version"], line["problem"]) == ("1.0", "")


async def test_what_is_no_event_is_shown_as_such_and_cannot_play_with_the_terminal(
    world: World, capsys: Capsys
) -> None:
    gateway = await world.bus("gateway")
    await gateway.publish(Outgoing("trading.signal.created.v9.paper.X", b"\x1b[2Jnone"))
    await gateway.publish(Outgoing("trading.signal.created.v1.paper.X", b"{}"))
    await gateway.publish(Outgoing("dlq.gateway.x.OOPS", b"{}"))
    _, lines = await world.at_core(capsys, "tail")
    assert [line["problem"] for line in lines] == ["NEWER_MAJOR", "INVALID_BODY", "NO_RECORD"]
    assert await asyncio.to_thread(main, ["tail", "--body", "--stream", "SIGNALS", *world.where]) == 0
    text = capsys.readouterr().out
    assert "UNDECODABLE NEWER_MAJOR" in text
    assert "\x1b" not in text
    assert "\\x1b[2Jnone" in text


async def test_bodies_and_signatures_are_not_printed_unasked_and_secrets_never(
    world: World, capsys: Capsys
) -> None:
    seed = world.place.keys["gate"].seed_file.read_text().strip()
    event = a_signal(comment=f"my note {seed}")
    await world.publish("gateway", event, **{"at-sig": "c2lnbmF0dXJl"})
    await asyncio.to_thread(main, ["tail", *world.where])
    plain = capsys.readouterr().out
    assert "my note" not in plain
    await asyncio.to_thread(main, ["tail", "--body", *world.where])
    with_body = capsys.readouterr().out
    assert "my note [redacted]" in with_body
    for text in (plain, with_body):
        assert seed not in text
        assert "c2lnbmF0dXJl" not in text


async def test_the_last_few_are_found_also_where_others_lie_between(world: World) -> None:
    gateway = await world.bus("gateway")
    bars = [a_market_bar(n, symbol="BTC/USDT" if n % 90 == 1 else "ETH/USDT") for n in range(1, 400)]
    await asyncio.gather(
        *(gateway.publish(Outgoing(subject_of(bar), encode(bar), headers_of(bar))) for bar in bars)
    )
    wanted = subject_of(bars[0])
    expected = [number for number, bar in enumerate(bars, start=1) if subject_of(bar) == wanted]
    async with open_admin((world.place.url,), world.place.keys_folder) as admin:
        for count in (0, 1, 3, 50):
            found = await last_messages(admin, "MARKET", wanted, count)
            assert [kept.sequence for kept in found] == (expected[-count:] if count else [])
        assert await last_messages(admin, "RISK", ">", 3) == []


async def test_from_a_sequence_on(world: World, capsys: Capsys) -> None:
    for number in range(1, 5):
        await world.publish("gateway", a_signal(number))
    _, lines = await world.at_core(capsys, "tail", "--stream", "SIGNALS", "--from", "3")
    assert [line["sequence"] for line in lines] == [3, 4]
    _, lines = await world.at_core(capsys, "tail", "--stream", "SIGNALS", "--from", "9")
    assert lines == []
    for words in (["--from", "3"], ["--stream", "NONE"], ["nothing.>"]):
        assert await asyncio.to_thread(main, ["tail", *words, *world.where]) == 2


async def test_follow_prints_what_comes_and_ends_when_interrupted(world: World) -> None:
    command = [sys.executable, "-m", "at_core", "tail", "--follow", "trading.signal.>", *world.where]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            await world.publish("gateway", a_signal(1))
            assert b" SIGNALS:1 " in await process.stdout.readline()
            await world.publish("gateway", a_signal(2))
            assert b" SIGNALS:2 " in await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
