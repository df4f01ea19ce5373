"""Dead letters on a real server: listed, shown, put back once, and never more than their reader was to read."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from requeue_world import SECOND_READER, SIGNAL, World, make_world, newer, ruling_of, run_of

from at_core.clock import SystemClock
from at_core.errors import SequenceConflict
from at_core.events import Event, encode, registry
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Incoming, Outgoing
from at_core.runtime.dead_letter import dead_letter, is_requeue_marker
from at_core.runtime.dead_letters import HINTS
from at_core.runtime.nats_admin import Admin, StoredMessage, open_admin
from at_core.runtime.requeue import REFUSALS
from at_core.runtime.signing import NkeySigner
from at_core.testing.builders import a_proposal, a_signal, an_approval
from at_core.topology.consumers import durable

Capsys = pytest.CaptureFixture[str]
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture
def place_world(tmp_path: Path) -> Iterator[World]:
    world = make_world(tmp_path)
    yield world
    world.place.server.kill()


@pytest.fixture
async def world(place_world: World) -> AsyncIterator[World]:
    yield place_world
    await place_world.close()


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Admin]:
    async with open_admin((world.place.url,), world.place.keys_folder) as admin:
        yield admin


ELSEWHERE = {"CLOUDEVENT", "NO_RECORD"}
"""Codes of things that are no deliveries: no consumer writes a dead letter with them."""


async def stored(admin: Admin, stream: str) -> list[StoredMessage]:
    return [kept async for kept in admin.messages(stream)]


def fresh_signal(n: int = 1) -> Event:
    return a_signal(n, expires_at=SystemClock().now() + timedelta(hours=1))


def incoming(event: Event, stream: str, sequence: int, **changes: Any) -> Incoming:
    values = {
        "subject": subject_of(event), "body": encode(event), "headers": headers_of(event), "stream": stream,
        "sequence": sequence, "consumer_sequence": 1, "deliveries": 1, "pending": 0,
        "stored_at": datetime(2026, 1, 5, tzinfo=UTC),
    }  # fmt: skip
    return Incoming(**(values | changes))


async def set_aside(world: World, reader: str, message: Incoming, code: str = "HANDLER_ERROR") -> int:
    """Write a dead letter as ``reader`` does; returns its sequence in the DLQ."""
    known = durable(reader)
    bus = await world.bus(known.role)
    return (await bus.publish(dead_letter(known.role, reader, message, code, "because"))).sequence


async def test_a_newer_major_is_requeued_after_the_upgrade_and_acted_upon_exactly_once(
    world: World, admin: Admin, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = newer(fresh_signal())
    await world.publish("gateway", event)
    old = await world.reader(durable("agents-signals"), run_of)
    other = await world.reader(SECOND_READER, ruling_of)
    assert await old.turn() == 1
    assert old.body.seen == []
    _, [letter] = await world.at_core(capsys, "dlq", "list")
    assert (letter["code"], letter["type"], letter["durable"]) == ("NEWER_MAJOR", SIGNAL, "agents-signals")
    assert letter["requeues"] == []

    monkeypatch.setitem(registry._BY_TYPE, SIGNAL, type(event))
    await other.turn()
    assert other.body.seen == [str(event.event_id)]
    # The control: under its own id the stream drops the original as a copy, and nobody would ever see it.
    assert (await world.publish("gateway", event)).duplicate

    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1", "--reason", "reader upgraded")
    assert (code, said["outcome"], said["producer"], said["warnings"]) == (0, "put back", "gateway", [])
    assert await old.turn() == 1
    assert await other.turn() == 1
    assert (old.body.seen, other.body.seen) == ([str(event.event_id)], [str(event.event_id)] * 2)
    assert await old.turn() == 0
    runs, rulings = await stored(admin, "PROPOSALS"), await stored(admin, "RISK")
    assert [kept.headers["at-type"] for kept in runs] == ["agents.run.completed"]
    assert [kept.headers["at-type"] for kept in rulings] == ["trading.risk.rejected"]

    first, back = await stored(admin, "SIGNALS")
    assert back.headers["Nats-Msg-Id"] == f"{first.headers['Nats-Msg-Id']}.requeue.1"
    assert back.headers["at-requeued"] == "1"
    own = ("Nats-Msg-Id", "at-requeued")
    assert {**first.headers} == {
        **{name: value for name, value in back.headers.items() if name not in own},
        "Nats-Msg-Id": first.headers["Nats-Msg-Id"],
    }
    assert (back.subject, back.body) == (first.subject, first.body)
    _, [letter] = await world.at_core(capsys, "dlq", "list")
    [marker] = letter["requeues"]
    assert (marker["stream"], marker["sequence"], marker["reason"]) == ("SIGNALS", 2, "reader upgraded")
    assert len(await stored(admin, "DLQ")) == 2  # nothing was deleted


async def test_a_letter_is_put_back_once_unless_somebody_insists(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    event = fresh_signal()
    await world.publish("gateway", event)
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 1))
    assert (await world.at_core(capsys, "dlq", "requeue", "1"))[0] == 0
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (code, said["outcome"], said["why"]) == (1, "refused", "ALREADY_REQUEUED")
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1", "--again")
    assert (code, said["sequence"]) == (0, 3)
    ids = [kept.headers["Nats-Msg-Id"] for kept in await stored(admin, "SIGNALS")]
    assert ids == [ids[0], f"{ids[0]}.requeue.1", f"{ids[0]}.requeue.1.2"]
    _, [letter] = await world.at_core(capsys, "dlq", "list")
    assert [marker["attempt"] for marker in letter["requeues"]] == [1, 2]


async def test_a_requeue_whose_marker_got_lost_is_found_in_the_home_stream(
    world: World, capsys: Capsys
) -> None:
    event = fresh_signal()
    await world.publish("gateway", event)
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 1))
    headers = {**headers_of(event), "Nats-Msg-Id": "x.requeue.1", "at-requeued": "1"}
    await (await world.bus("gateway")).publish(Outgoing(subject_of(event), encode(event), headers))
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (code, said["why"]) == (1, "ALREADY_REQUEUED")


async def test_conditions_of_the_first_publish_do_not_stand_in_the_way(world: World, capsys: Capsys) -> None:
    event = fresh_signal()
    gateway = await world.bus("gateway")
    message = Outgoing(subject_of(event), encode(event), headers_of(event), expected_last_subject_sequence=0)
    await gateway.publish(message)
    with pytest.raises(SequenceConflict):
        await gateway.publish(Outgoing(message.subject, message.body, {}, expected_last_subject_sequence=0))
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 1))
    assert (await world.at_core(capsys, "dlq", "requeue", "1"))[0] == 0


async def test_an_original_that_is_gone_comes_from_the_record_and_says_so(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    event = a_signal()
    await world.publish("gateway", event)
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 1))
    assert "error" not in await admin.ask("STREAM.PURGE.SIGNALS")
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert code == 0
    assert [warning.partition(":")[0] for warning in said["warnings"]] == ["FROM_RECORD", "EXPIRED"]
    [back] = await stored(admin, "SIGNALS")
    assert (back.body, back.headers["at-type"]) == (encode(event), SIGNAL)


async def test_a_reader_of_the_same_age_would_end_there_again(world: World, capsys: Capsys) -> None:
    event = newer(fresh_signal())
    await world.publish("gateway", event)
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 1), "NEWER_MAJOR")
    _, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert [warning.partition(":")[0] for warning in said["warnings"]] == ["STILL_UNDECODABLE"]


async def test_what_the_gate_signed_keeps_its_signature(world: World, admin: Admin, capsys: Capsys) -> None:
    event = an_approval()
    signature = NkeySigner(world.place.keys["gate"].seed_file.read_text().strip()).sign(encode(event))
    await world.publish("gate", event, **{"at-sig": signature})
    await set_aside(world, "engine-approvals", incoming(event, "RISK", 1))
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (code, said["producer"]) == (0, "gate")
    first, back = await stored(admin, "RISK")
    assert back.headers["at-sig"] == first.headers["at-sig"] == signature


async def test_a_copy_of_the_journal_goes_back_where_its_original_lies(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    event = fresh_signal()
    await world.publish("gateway", event)
    inbox = await (await world.bus("obs")).bind(durable("obs-journal"))
    [copy] = await inbox.fetch(1, 10.0)
    assert copy.stream == "JOURNAL"
    await set_aside(world, "obs-journal", copy)
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (code, said["stream"], said["producer"]) == (0, "SIGNALS", "gateway")
    back = (await stored(admin, "SIGNALS"))[1]
    assert "Nats-Stream-Source" not in back.headers
    _, [letter] = await world.at_core(capsys, "dlq", "list")
    assert letter["home"] == {"stream": "SIGNALS", "sequence": 1}


REFUSED = {
    "BAD_SIGNATURE": ("engine-approvals", an_approval(), {}),
    "BODY_CUT": ("agents-signals", a_signal(), {"sequence": 9, "body": b"x" * 200_000}),
    "FOLD": ("gate-execution", an_approval(), {}),
    "NOT_ITS_MESSAGE": ("agents-signals", an_approval(), {}),
    "REPLAYED_BY_SERVER": ("agents-signals", a_signal(), {"sequence": 9, "headers": {"Nats-Subject": "x"}}),
    "SIGNATURE_LOST": ("engine-approvals", an_approval(), {"sequence": 9}),
}


@pytest.mark.parametrize("code", sorted(REFUSED))
async def test_what_must_not_come_back_is_refused_with_a_code(
    world: World, admin: Admin, capsys: Capsys, code: str
) -> None:
    reader, event, changes = REFUSED[code]
    await world.publish("gateway" if event.type == SIGNAL else "gate", event)
    stream = "SIGNALS" if event.type == SIGNAL else "RISK"
    await set_aside(world, reader, incoming(event, stream, **{"sequence": 1, **changes}))
    before = len(await stored(admin, stream))
    ended, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (ended, said["outcome"], said["why"], said["hint"]) == (1, "refused", code, REFUSALS[code])
    assert len(await stored(admin, stream)) == before


async def test_a_reader_cannot_bring_in_what_another_role_reads(world: World, capsys: Capsys) -> None:
    """Dead letters are written by their readers: a forged one must not make an operator publish an approval."""
    event = an_approval()
    agents = await world.bus("agents")
    forged = dead_letter("agents", "engine-approvals", incoming(event, "RISK", 1), "HANDLER_ERROR", "")
    await agents.publish(forged)
    code, [said] = await world.at_core(capsys, "dlq", "requeue", "1")
    assert (code, said["why"]) == (1, "UNKNOWN_DURABLE")


async def test_a_filter_chooses_and_nothing_happens_without_a_yes(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    for number in (1, 2):
        await world.publish("gateway", fresh_signal(number))
        await set_aside(world, "agents-signals", incoming(fresh_signal(number), "SIGNALS", number))
    await world.publish("agents", a_proposal())
    await set_aside(world, "gate-proposals", incoming(a_proposal(), "PROPOSALS", 1), "NEWER_MAJOR")
    for words, expected in (
        (["--role", "gate"], [3]), (["--durable", "agents-signals"], [1, 2]), (["--code", "NEWER_MAJOR"], [3]),
        (["--since", "1h"], [1, 2, 3]), (["--since", "2099-01-01T00:00:00Z"], []), ([], [1, 2, 3]),
    ):  # fmt: skip
        _, found = await world.at_core(capsys, "dlq", "list", *words)
        assert [letter["sequence"] for letter in found] == expected, words
    words = ["dlq", "requeue", "--all", "--durable", "agents-signals"]
    code, said = await world.at_core(capsys, *words)
    assert (code, [one["outcome"] for one in said]) == (1, ["would be put back"] * 2)
    assert len(await stored(admin, "SIGNALS")) == 2
    code, said = await world.at_core(capsys, *words, "--yes")
    assert (code, [one["sequence"] for one in said]) == (0, [3, 4])
    assert await world.at_core(capsys, *words, "--yes") == (0, [])


async def test_show_tells_everything_and_what_to_do(world: World, capsys: Capsys) -> None:
    event = newer(fresh_signal())
    await set_aside(world, "agents-signals", incoming(fresh_signal(), "SIGNALS", 1))
    await set_aside(world, "agents-signals", incoming(event, "SIGNALS", 2), "NEWER_MAJOR")
    _, [shown] = await world.at_core(capsys, "dlq", "show", "1")
    assert (shown["body"]["symbol"], shown["why_undecodable"]) == ("BTC/USDT", "")
    assert shown["hint"] == HINTS["HANDLER_ERROR"]
    _, [shown] = await world.at_core(capsys, "dlq", "show", "2")
    assert shown["why_undecodable"].startswith("NEWER_MAJOR")
    assert json.loads(shown["body"])["symbol"] == "BTC/USDT"


async def test_records_that_are_none_and_markers_are_no_dead_letters(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    gate = await world.bus("gate")
    await gate.publish(Outgoing("dlq.gate.gate-proposals.OOPS", b"not json"))
    await gate.publish(Outgoing("dlq.gate.gate-proposals.REQUEUED", b"[]"))
    assert await world.at_core(capsys, "dlq", "list") == (0, [])
    assert [is_requeue_marker(kept.subject) for kept in await stored(admin, "DLQ")] == [False, True]


def test_every_code_of_the_shell_has_a_hint() -> None:
    text = "".join(path.read_text() for path in SOURCES.rglob("*.py"))
    codes = set(re.findall(r"(?:Undecodable|Unauthentic|Unsayable)\(\s*\"([A-Z_]+)\"", text)) - ELSEWHERE
    assert "NEWER_MAJOR" in codes
    assert codes <= HINTS.keys()


async def test_a_marker_of_a_role_that_could_not_have_put_it_back_hides_nothing(
    world: World, capsys: Capsys
) -> None:
    await set_aside(world, "agents-signals", incoming(fresh_signal(), "SIGNALS", 1))
    marker = {"attempt": 1, "dead_letter": 1, "stream": "SIGNALS", "sequence": 2, "reason": "hush"}
    for role, seen in (("agents", 0), ("gateway", 1)):
        subject = f"dlq.{role}.agents-signals.REQUEUED"
        await (await world.bus(role)).publish(Outgoing(subject, json.dumps(marker).encode()))
        _, [letter] = await world.at_core(capsys, "dlq", "list")
        assert len(letter["requeues"]) == seen
