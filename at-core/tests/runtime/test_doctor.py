"""The doctor on real servers: silent on a healthy one, and each finding provoked by what it is about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from requeue_world import World, newer, run_of

from at_core.cli import main
from at_core.clock import SystemClock
from at_core.events import encode
from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_admin import Admin, open_admin
from at_core.runtime.nats_provision import provision_server
from at_core.runtime.signing import NkeySigner
from at_core.testing.builders import a_signal, an_approval
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.accounts import ServerOptions, render
from at_core.topology.consumers import durable
from at_core.topology.desired import consumer_config, stream_config
from at_core.topology.doctor import of_server
from at_core.topology.keys import create_keys
from at_core.topology.server import NatsServer, free_port
from at_core.topology.streams import stream

Capsys = pytest.CaptureFixture[str]
BUILD = version("at-core")
Findings = dict[str, dict[str, Any]]


@pytest.fixture
async def world(own_nats_place: NatsPlace) -> AsyncIterator[World]:
    world = World(own_nats_place)
    await own_nats_place.provision(version=BUILD)
    yield world
    await world.close()


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Admin]:
    async with open_admin((world.place.url,), world.place.keys_folder) as admin:
        yield admin


async def doctor(world: World, capsys: Capsys, *words: str) -> tuple[int, Findings]:
    """Return the exit code and the findings by code, without the note that sync was not checked."""
    code, said = await world.at_core(capsys, "bus", "doctor", *words)
    return code, {one["code"]: one for one in said if one["code"] != "SYNC_NOT_CHECKED"}


async def update(admin: Admin, name: str, **changes: Any) -> None:
    answer = await admin.ask(f"STREAM.UPDATE.{name}", stream_config(stream(name), 1, BUILD) | changes)
    assert "error" not in answer, answer


async def approve(world: World, signed_by: str | None, n: int = 1) -> None:
    event = an_approval(n)
    seed = world.place.keys[signed_by or "gate"].seed_file.read_text().strip()
    headers = {"at-sig": NkeySigner(seed).sign(encode(event))} if signed_by else {}
    await world.publish("gate", event, **headers)


def monitored(folder: Path, sync: str) -> tuple[NatsServer, int]:
    """Start a provisioned server with a monitoring page; ``sync`` stands for its sync_interval."""
    port, monitor = free_port(), free_port()
    keys = {name: key.public_key for name, key in create_keys(folder / "keys").items()}
    options = ServerOptions(folder / "js", f"doctor-{port}", port=port, monitor_port=monitor)
    config = folder / "nats.conf"
    config.write_text(render(options, keys).replace("sync_interval: always", f"sync_interval: {sync}"))
    server = NatsServer(config, server_name=f"doctor-{port}", port=port, log_file=folder / "nats.log")
    server.start()
    return server, monitor


@pytest.mark.parametrize(("sync", "expected"), [("always", []), ('"1m"', ["SYNC_NOT_ALWAYS"])])
async def test_a_healthy_server_is_silent_and_one_that_syncs_late_is_named(
    tmp_path: Path, capsys: Capsys, sync: str, expected: list[str]
) -> None:
    server, monitor = monitored(tmp_path, sync)
    try:
        await provision_server((server.url,), tmp_path / "keys", apply=True, version=BUILD)
        place = NatsPlace(tmp_path, server, create_keys(tmp_path / "keys"))
        world = World(place)
        await world.publish("gateway", a_signal(expires_at=SystemClock().now() + timedelta(hours=1)))
        reader = await world.reader(durable("agents-signals"), run_of)
        assert await reader.turn() == 1
        await approve(world, "gate")
        await world.close()
        words = ["--monitor", f"http://127.0.0.1:{monitor}"]
        code, said = await world.at_core(capsys, "bus", "doctor", *words)
        assert ([one["code"] for one in said], code) == (expected, 1 if expected else 0)
    finally:
        server.kill()


async def test_what_only_the_monitoring_page_knows_is_not_claimed_without_it(
    world: World, tmp_path: Path, capsys: Capsys
) -> None:
    other, monitor = monitored(tmp_path / "other", "always")
    try:
        for words in ([], ["--monitor", f"http://127.0.0.1:{monitor}"], ["--monitor", "http://127.0.0.1:1"]):
            code, [said] = await world.at_core(capsys, "bus", "doctor", *words)
            assert (code, said["severity"], said["code"]) == (0, "note", "SYNC_NOT_CHECKED")
        far = ["bus", "doctor", "--monitor", "http://192.0.2.1:8222", *world.where]
        assert await asyncio.to_thread(main, far) == 2
    finally:
        other.kill()


async def test_a_server_that_is_away(world: World, capsys: Capsys) -> None:
    await world.close()
    world.buses.clear()
    world.place.server.kill()
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, ["SERVER_AWAY"])


def test_a_server_that_is_too_old_for_folds() -> None:
    assert [one.code for one in of_server("x", {"version": "2.14.3"})] == ["SERVER_OLD"]
    assert list(of_server("x", {"version": "2.15.0-RC.1"})) == []


async def test_drift_what_is_missing_and_what_nobody_declared(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    await update(admin, "OBS", max_age=1_000_000_000_000)
    await admin.ask("CONSUMER.DELETE.RISK.engine-approvals")
    spy = {"stream_name": "RISK", "action": "create", "config": {"durable_name": "spy", "ack_policy": "none"}}
    assert "error" not in await admin.ask("CONSUMER.CREATE.RISK.spy", spy)
    code, found = await doctor(world, capsys)
    assert (code, sorted(found)) == (1, ["DRIFT", "MISSING", "UNDECLARED"])
    assert "max_age: 1000000000000 -> 7776000000000000" in found["DRIFT"]["what"]
    assert "engine-approvals" in found["MISSING"]["what"]
    assert "RISK/spy" in found["UNDECLARED"]["what"]


async def test_the_mark_of_another_build_is_only_a_note(world: World, capsys: Capsys) -> None:
    await world.place.provision(version="0.0.1")
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (0, ["OTHER_VERSION"])
    assert "0.0.1" in found["OTHER_VERSION"]["what"]


@pytest.mark.parametrize(("signed_by", "expected"), [(None, "UNSIGNED"), ("obs", "BAD_SIGNATURE")])
async def test_decisions_the_gate_did_not_sign(
    world: World, capsys: Capsys, signed_by: str | None, expected: str
) -> None:
    await approve(world, "gate", 1)
    await approve(world, signed_by, 2)
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, [expected])
    assert found[expected]["what"] == "1 decisions: RISK:2"
    await approve(world, "gate", 3)
    assert list((await doctor(world, capsys))[1]) == [expected]
    assert await doctor(world, capsys, "--signatures-max", "1") == (0, {})


async def test_a_stream_near_its_bound(world: World, admin: Admin, capsys: Capsys) -> None:
    gateway = await world.bus("gateway")
    for number in range(10):
        await gateway.publish(Outgoing(f"intake.alert.quarantined.v1.a.N{number}", b"x" * 1000))
    await update(admin, "QUARANTINE", max_bytes=14_000)
    code, found = await doctor(world, capsys)
    assert (code, found["NEAR_BOUND"]["severity"]) == (1, "warning")
    assert "stream QUARANTINE" in found["NEAR_BOUND"]["what"]
    await update(admin, "QUARANTINE", max_bytes=20_000)
    assert "NEAR_BOUND" not in (await doctor(world, capsys))[1]
    await update(admin, "QUARANTINE", max_bytes=14_000, discard="new")
    assert (await doctor(world, capsys))[1]["NEAR_BOUND"]["severity"] == "error"


async def test_queues_that_wait_and_queues_that_repeat(world: World, capsys: Capsys) -> None:
    for number in range(1, 4):
        await world.publish("gateway", a_signal(number))
    assert await doctor(world, capsys, "--pending-max", "4") == (0, {})
    code, said = await world.at_core(capsys, "bus", "doctor", "--pending-max", "3")
    whats = [one["what"] for one in said if one["code"] == "BACKLOG"]
    waiting = ["agents-signals has 3 messages waiting", "obs-journal has 3 messages waiting"]
    assert (code, whats) == (1, waiting)
    inbox = await (await world.bus("agents")).bind(durable("agents-signals"))
    for _ in range(2):
        for message in await inbox.fetch(3, 5):
            await inbox.nak(message, 0)
    assert await doctor(world, capsys, "--redelivered-max", "4") == (0, {})
    code, found = await doctor(world, capsys, "--redelivered-max", "3")
    assert (code, list(found)) == (1, ["REDELIVERED"])


async def test_dead_letters_until_they_were_put_back(world: World, capsys: Capsys) -> None:
    gateway = await world.bus("gateway")
    await gateway.publish(Outgoing("trading.signal.created.v1.paper.BTC=2FUSDT", b"{}", {"Nats-Msg-Id": "m"}))
    reader = await world.reader(durable("agents-signals"), run_of)
    await reader.turn()
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, ["DEAD_LETTERS"])
    assert "1 dead letters of agents-signals with INVALID_BODY" in found["DEAD_LETTERS"]["what"]
    assert await asyncio.to_thread(main, ["dlq", "requeue", "1", *world.where]) == 0
    capsys.readouterr()
    assert await doctor(world, capsys) == (0, {})
    await (await world.bus("gate")).publish(Outgoing("dlq.gate.gate-proposals.OOPS", b"no record"))
    assert list((await doctor(world, capsys))[1]) == ["NO_RECORD"]


async def test_messages_of_no_known_type_and_messages_nobody_covers(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    gateway = await world.bus("gateway")
    await gateway.publish(Outgoing("market.other.v1.x", b"{}"))
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, ["UNKNOWN_SUBJECT"])
    assert "market.other.v1.x" in found["UNKNOWN_SUBJECT"]["what"]
    await world.publish("gateway", newer(a_signal()))
    assert list((await doctor(world, capsys))[1]) == [
        "UNKNOWN_SUBJECT",
        "UNCOVERED",
    ]  # nobody is known to read v2
    narrow = consumer_config(durable("agents-signals"), BUILD) | {
        "filter_subjects": ["trading.signal.created.v1.>"]
    }
    request = {"stream_name": "SIGNALS", "action": "update", "config": narrow}
    assert "error" not in await admin.ask("CONSUMER.CREATE.SIGNALS.agents-signals", request)
    _, found = await doctor(world, capsys)
    assert found.keys() == {"UNKNOWN_SUBJECT", "DRIFT", "UNCOVERED"}
    assert "trading.signal.created v2" in found["UNCOVERED"]["what"]


async def test_a_journal_that_waits_for_a_source_made_anew(
    world: World, admin: Admin, capsys: Capsys
) -> None:
    for number in range(1, 4):
        await world.publish("gateway", a_signal(number))
    assert await doctor(world, capsys) == (0, {})  # copied meanwhile
    await admin.ask("STREAM.DELETE.SIGNALS")
    await admin.ask("STREAM.CREATE.SIGNALS", stream_config(stream("SIGNALS"), 1, BUILD))
    await world.place.provision(version=BUILD)
    await world.publish("gateway", a_signal(4, symbol="ETH/USDT"))
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, ["JOURNAL_LAG"])
    assert "SIGNALS:1 is not in the JOURNAL" in found["JOURNAL_LAG"]["what"]


async def test_keys_that_others_can_read_or_replace(world: World, capsys: Capsys) -> None:
    seed = world.place.keys["obs"].seed_file
    seed.chmod(0o640)
    code, found = await doctor(world, capsys)
    assert (code, list(found)) == (1, ["KEY_RIGHTS"])
    assert f"chmod 600 {seed}" in found["KEY_RIGHTS"]["hint"]
    seed.chmod(0o600)
    world.place.keys_folder.chmod(0o777)
    assert list((await doctor(world, capsys))[1]) == ["KEY_RIGHTS"]
    world.place.keys_folder.chmod(0o700)
    assert await doctor(world, capsys) == (0, {})
    gone = [
        "bus",
        "doctor",
        "--server",
        world.place.url,
        "--keys",
        str(world.place.folder / "none"),
        "--json",
    ]
    assert await asyncio.to_thread(main, gone) == 1
    codes = [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()]
    assert codes == ["KEYS_MISSING", "NO_ACCESS", "SYNC_NOT_CHECKED"]
