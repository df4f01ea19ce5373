"""The scripts themselves: two platforms side by side that know nothing of each other, and the demo, twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes.alerts import flat
from processes.facts import obs
from processes.street import SERVICES, Door
from processes.waiting import until

from _lib.tree import ROOT

LIFE = ("alert", "signal", "run", "proposal", "ruling", "order", "update", "fill", "position", "account")
TITLES = 6


@dataclass(frozen=True)
class Twin:
    home: Path
    process: "subprocess.Popen[str]"
    door: Door

    @property
    def numbers(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.home / "processes.json").read_text())
        return found

    @property
    def audit_file(self) -> Path:
        return self.home / "state" / "audit.sqlite"


@contextmanager
def up(home: Path) -> Iterator[Twin]:
    command = [sys.executable, str(ROOT / "scripts" / "up.py"), "--ports", "auto", "--home", str(home)]
    with (home.parent / f"{home.name}.txt").open("w+") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, text=True, start_new_session=True, cwd=home.parent
        )
        try:
            until(
                "up.py is ready, or has ended",
                lambda: (home / "endpoints.json").is_file() or process.poll() is not None,
                seconds=90,
            )
            output.seek(0)
            assert process.poll() is None, output.read()
            door = Door(
                *(json.loads((home / f"{name}.json").read_text()) for name in ("endpoints", "credentials"))
            )
            yield Twin(home, process, door)
            door.close()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Twin, Twin]]:
    folder = tmp_path_factory.mktemp("twins")
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        starting = [pool.submit(stack.enter_context, up(folder / name)) for name in ("one", "two")]
        first, second = (each.result() for each in starting)
        yield first, second


def test_each_announces_its_own_addresses_and_keeps_its_own_secrets(twins: tuple[Twin, Twin]) -> None:
    documents = []
    for twin in twins:
        assert (twin.home / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert twin.home.stat().st_mode & 0o077 == 0
        endpoints = json.loads((twin.home / "endpoints.json").read_text())
        assert {*SERVICES, "webhook", "openapi", "nats", "nats_monitor", "audit_file"} == set(endpoints)
        for role in SERVICES:
            assert twin.door.client.get(f"{endpoints[role]}/readyz").status_code == 200
        assert twin.door.client.get(endpoints["openapi"]).json()["info"]["title"] == "AT gateway"
        assert twin.door.client.get(f"{endpoints['nats_monitor']}/healthz").status_code == 200
        assert set(twin.numbers) == {"nats", *SERVICES}
        documents.append((endpoints, json.loads((twin.home / "credentials.json").read_text())))
    (one, one_secrets), (two, two_secrets) = documents
    assert not set(one.values()) & set(two.values())
    assert one_secrets["webhook"]["token"] != two_secrets["webhook"]["token"]
    assert not set(one_secrets["operators"].values()) & set(two_secrets["operators"].values())


def test_an_alert_lives_its_whole_life_in_one_and_leaves_no_trace_in_the_other(
    twins: tuple[Twin, Twin],
) -> None:
    one, two = twins
    answer = one.door.post(flat("buy", "0.02", alert_id="here")).json()
    flow = answer["correlation_id"]
    assert one.door.end_of(flow)["terminal"] == "FILLED"
    until(
        "the account after the fill",
        lambda: "account" in {entry["stage"] for entry in one.door.get(f"/v1/traces/{flow}")["events"]},
    )
    stages = [entry["stage"] for entry in one.door.get(f"/v1/traces/{flow}")["events"]]
    assert list(dict.fromkeys(stages)) == list(LIFE)

    told = until("at-obs tells the flow", lambda: _traced(one, flow, "FILLED"))
    for word in ("APPROVED", "follow_signal", "BTC/USDT", "0.02"):
        assert word in told

    assert two.door.get(f"/v1/traces/{flow}") == {}
    assert two.door.get("/v1/orders")["total"] == 0
    absent = obs(two.audit_file, "trace", flow)
    assert (absent.returncode, absent.stdout.startswith("no flow")) == (1, True)
    assert two.door.post(flat("buy", "0.02"), token=one.door.token).status_code == 401


def test_an_interrupt_ends_each_with_0_and_leaves_no_process(twins: tuple[Twin, Twin]) -> None:
    for twin in twins:
        numbers = twin.numbers
        assert all(_alive(number) for number in numbers.values())
        twin.process.send_signal(signal.SIGINT)
    for twin in twins:
        numbers = twin.numbers
        assert twin.process.wait(60) == 0
        assert not {name for name, number in numbers.items() if _alive(number)}
        for service in SERVICES:
            last = (twin.home / "logs" / f"{service}.log").read_text().splitlines()[-1]
            assert json.loads(last)["message"] == "stopped", last


def test_the_demo_tells_machines_its_story_twice_in_the_same_home(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    heads = set()
    for _ in range(2):
        command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--json", "--home", str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        *alerts, summary = (json.loads(line) for line in done.stdout.splitlines())
        assert [alert["alert"] for alert in alerts] == list(range(1, TITLES + 1))
        assert [alert["terminal"] for alert in alerts] == [
            "FILLED", "DUPLICATE", "REJECTED_BY_GATE", "QUARANTINED", "FILLED", "FILLED",
        ]  # fmt: skip
        assert all(alert["as_expected"] and not alert["problems"] for alert in alerts)
        assert alerts[0]["signal_id"] == alerts[1]["signal_id"]
        assert {"proposal_id", "plan_id", "client_order_id"} <= set(alerts[0])
        assert list(alerts[0]["stages_ms"]) == ["signal", "proposal", "decision", "order", "fill", "position"]
        refusal = alerts[2]["reasons"][0]
        assert refusal["observed"]
        assert refusal["limit"]
        assert (summary["summary"], summary["ok"], summary["audit_ok"]) == (True, True, True)
        assert summary["audit_rows"] > len(alerts)
        heads.add(summary["audit_head"])
    assert len(heads) == 2  # each told a story of its own


def _traced(twin: Twin, flow: str, word: str) -> str:
    done = obs(twin.audit_file, "trace", flow)
    return done.stdout if done.returncode == 0 and word in done.stdout else ""


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_when_the_supervisor_is_killed_nothing_goes_on_unwatched(tmp_path: Path) -> None:
    with up(tmp_path / "home") as twin:
        numbers = twin.numbers
        twin.process.kill()
        twin.process.wait(10)
        until("every process has ended", lambda: not any(_lives(number) for number in numbers.values()))


def _lives(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
