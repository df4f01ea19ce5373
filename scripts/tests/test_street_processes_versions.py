"""Live versions on a running platform: every process says what it reads and writes, and one that hangs is forgotten."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from processes.street import SERVICES, Street
from processes.waiting import until

from _lib.home import Home, Ports
from _lib.platform import Platform
from at_core.runtime.bus import Outgoing
from at_core.runtime.live_view import view_bucket
from at_core.runtime.nats_admin import open_admin
from at_core.runtime.nats_bus import NatsBus
from at_core.topology.live import (
    REMOVED_HEADERS,
    Announcement,
    Bucket,
    announcement_subject,
    encode_announcement,
)

SIGNAL = "trading.signal.created"
QUARANTINED = "intake.alert.quarantined"
_SHORT_AGE_SECONDS = 5


class BriskHome(Home):
    """Processes that announce themselves every second."""

    def prepare(self) -> dict[str, Any]:
        """Make the home, then quicken every role."""
        credentials = super().prepare()
        for process in self.ports.processes:
            file = self.config_of(process.role)
            file.write_text(f"announce_seconds = 1\n{file.read_text()}")
        return credentials


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with Street(tmp_path_factory.mktemp("versions"), BriskHome) as running:
        yield running


async def _shorten_age(street: Street) -> None:
    async with open_admin((street.home.bus_url,), street.keys) as admin:
        config = (await admin.ask("STREAM.INFO.KV_contracts"))["config"]
        short = {"max_age": _SHORT_AGE_SECONDS * 1_000_000_000, "duplicate_window": 1_000_000_000}
        answer = await admin.ask("STREAM.UPDATE.KV_contracts", config | short)
        assert "error" not in answer, answer


def _ask(street: Street, *words: str) -> tuple[int, Any]:
    """Run a verb of at-core against the platform; returns its exit code and what it printed, read as JSON."""
    command = [sys.executable, "-m", "at_core", *words, "--json"]
    place = ["--server", street.home.bus_url, "--keys", str(street.keys)]
    done = subprocess.run([*command, *place], capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def _live(street: Street) -> dict[str, Announcement]:
    """What the first instance of each role announces at this moment."""

    async def look() -> Bucket:
        async with open_admin((street.home.bus_url,), street.keys) as admin:
            return await view_bucket(admin)

    return {one.role: one for one in asyncio.run(look()).announcements if one.instance == "1"}


def _complete(street: Street) -> None:
    until("all are announced", lambda: set(_live(street)) == set(SERVICES))


def test_all_roles_announce_and_the_present_major_may_be_emitted(street: Street) -> None:
    _complete(street)
    ended, told = _ask(street, "live")
    assert (ended, told["unreadable"]) == (0, [])
    live = {one["role"]: one for one in told["live"]}
    members = {"gateway": "at-gateway", "agents": "at-agents", "gate": "at-exec-sim", "engine": "at-exec-sim"}
    assert {role: live[role]["member"] for role in SERVICES} == {**members, "obs": "at-obs"}
    for one in live.values():
        assert (one["member_version"], one["at_core_version"]) == (
            version(one["member"]),
            version("at-core"),
        )
    assert live["agents"]["reads"][SIGNAL] == [1]
    assert live["gateway"]["writes"][SIGNAL] == 1
    ended, verdict = _ask(street, "can-emit", SIGNAL, "1")
    assert (ended, verdict["answer"], verdict["code"]) == (0, "yes", "READ_BY_ALL")
    ended, verdict = _ask(street, "can-emit", SIGNAL, "2")
    assert (ended, verdict["answer"]) == (1, "no")
    assert {one["role"] for one in verdict["laggards"]} == {"gateway", "agents", "obs"}
    for role in SERVICES:
        assert street.door.metric(role, "at_contracts_announced_total", outcome="stored") >= 1


def test_a_laggard_beside_the_others_blocks_until_it_takes_its_word_back(street: Street) -> None:
    _complete(street)
    laggard = _live(street)["obs"].model_copy(update={"instance": "old", "reads": {SIGNAL: (2,)}})
    _say(street, laggard, gone=False)
    ended, verdict = _ask(street, "can-emit", SIGNAL, "1")
    assert (ended, verdict["answer"]) == (1, "no")
    assert [(one["instance"], one["reads"]) for one in verdict["laggards"]] == [("old", [2])]
    _say(street, laggard, gone=True)
    assert _ask(street, "can-emit", SIGNAL, "1")[0] == 0


def _say(street: Street, one: Announcement, *, gone: bool) -> None:
    asyncio.run(_publish(street.home, one, gone=gone))


async def _publish(home: Home, one: Announcement, *, gone: bool) -> None:
    seed = home.folder / "keys" / f"{one.role}.nk"
    bus = await NatsBus.connect(home.bus_url, role_name=one.role, seed_file=seed)
    subject = announcement_subject(one.role, one.instance)
    body, headers = (b"", REMOVED_HEADERS) if gone else (encode_announcement(one), {})
    await bus.publish(Outgoing(subject, body, headers))
    await bus.close()


def test_a_gateway_that_has_flipped_starts_again_beside_a_laggard_and_says_so(street: Street) -> None:
    _complete(street)
    own = _live(street)["gateway"]
    laggard = own.model_copy(update={"instance": "old", "reads": {QUARANTINED: (1,)}, "writes": {}})
    _say(street, laggard, gone=False)
    street.back("gateway", street.kill("gateway"))
    checked = street.door.metric("gateway", "at_contracts_majors_checked_total", outcome="unread")
    _say(street, laggard, gone=True)
    assert checked == 1
    said = [line for line in street.log("gateway") if "does not read" in line.get("message", "")]
    assert [line["major"] for line in said] == [own.writes[QUARANTINED]]


def test_the_first_to_emit_a_major_that_a_live_reader_lacks_does_not_start(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "flip", Ports.free())
    home = platform.home

    async def story() -> tuple[int | None, str]:
        await platform.start(roles=())  # the bus alone
        try:
            laggard = Announcement(
                role="gateway",
                instance="old",
                member="at-gateway",
                member_version="0.2.0",
                at_core_version="0.2.0",
                started_at=datetime(2026, 1, 2, tzinfo=UTC),
                reads={QUARANTINED: (1,)},
                writes={QUARANTINED: 1},
            )
            await _publish(home, laggard, gone=False)
            command = [
                Path(sys.executable).parent / "at-gateway",
                "serve",
                "--config",
                home.config_of("gateway"),
            ]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            try:
                told, _ = await asyncio.wait_for(process.communicate(), 30)
            finally:
                if process.returncode is None:
                    process.kill()
            return process.returncode, told.decode()
        finally:
            await platform.stop()

    ended, told = asyncio.run(story())
    assert ended == 2, told
    for part in (f"{QUARANTINED} v2", "gateway/old (at-gateway 0.2.0) reads v1", "emit_major", "can-emit"):
        assert part in told


def test_one_that_is_killed_is_announced_anew_and_one_that_hangs_is_forgotten(street: Street) -> None:
    _complete(street)
    before = _live(street)["gate"].started_at
    street.back("gate", street.kill("gate"))

    def renewed() -> bool:
        found = _live(street).get("gate")
        return found is not None and found.started_at > before

    until("the new gate is announced", renewed)
    asyncio.run(_shorten_age(street))
    number = street.platform.process_id("agents")
    os.kill(number, signal.SIGSTOP)
    try:
        until("the agents are forgotten", lambda: set(_live(street)) == set(SERVICES) - {"agents"})
        ended, verdict = _ask(street, "can-emit", SIGNAL, "1")
        assert (ended, verdict["answer"], verdict["missing"]) == (1, "unknown", ["agents"])
    finally:
        os.kill(number, signal.SIGCONT)
    _complete(street)
    assert _ask(street, "can-emit", SIGNAL, "1")[0] == 0
