"""The real process on a real nats-server: accepts, survives the server's death, and drains on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_world import BUY, OPERATORS, PATH, TOKEN, bearer

from at_core.testing.nats_fixture import NatsPlace
from at_gateway.settings import OperatorRole
from at_gateway.webhook.tokens import token_digest

CONFIG = """
[bus]
url = "{url}"
seed_file = "{seed}"

[[sources]]
name = "tv"
account = "paper"
token_sha256 = ["{token}"]

[[operators]]
name = "admin"
role = "admin"
token_sha256 = ["{admin}"]
"""


class Running:
    """One gateway process; its port is read from its log."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    async def port(self) -> int:
        async with asyncio.timeout(20):
            while True:
                found = [line["port"] for line in self.lines() if line.get("message") == "listening"]
                if found:
                    return int(found[0])
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)


async def poll(client: httpx.AsyncClient, path: str, status: int = 200) -> httpx.Response:
    """Ask until the answer has the wanted status: a condition, bounded."""
    async with asyncio.timeout(20):
        while True:
            answer = await client.get(path, headers=bearer(OperatorRole.ADMIN))
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.02)


async def start(place: NatsPlace, folder: Path, name: str) -> Running:
    config = folder / f"{name}.toml"
    config.write_text(
        CONFIG.format(
            url=place.url,
            seed=place.keys["gateway"].seed_file,
            token=token_digest(TOKEN),
            admin=token_digest(OPERATORS[OperatorRole.ADMIN]),
        )
    )
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "at_gateway", "serve", "--config", str(config), stdout=out, stderr=out
        )
    return Running(process, log)


@pytest.fixture
async def gateway(own_nats_place: NatsPlace, tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(own_nats_place, tmp_path, "first")
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.process.kill()
        await running.process.wait()


async def test_alerts_survive_the_bus_the_process_and_each_other(
    gateway: Running, own_nats_place: NatsPlace, tmp_path: Path
) -> None:
    base = f"http://127.0.0.1:{await gateway.port()}"
    async with httpx.AsyncClient(base_url=base, timeout=10) as client:
        await poll(client, "/readyz")
        answers = await asyncio.gather(*(client.post(PATH, json=BUY) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {202}
        first = answers[0].json()
        assert {answer.json()["signal_id"] for answer in answers} == {first["signal_id"]}
        refused = await client.post(PATH, content=f"nonsense {TOKEN}")
        assert refused.json()["code"] == "UNKNOWN_DIALECT"
        trace = (await poll(client, f"/v1/traces/{first['correlation_id']}")).json()
        assert [entry["stage"] for entry in trace["events"]] == ["alert", "signal"]

        own_nats_place.server.kill()
        began = time.monotonic()
        away = await client.post(PATH, json={**BUY, "alert_id": "while away"})
        assert time.monotonic() - began < 2
        assert (away.status_code, away.json()["code"]) == (503, "NOT_STORED")
        own_nats_place.server.start()
        await poll(client, "/readyz")
        again = await client.post(PATH, json={**BUY, "alert_id": "while away"})
        assert again.status_code == 202
        kept = (await poll(client, "/v1/quarantine")).json()["quarantine"]
        assert [entry["code"] for entry in kept] == ["UNKNOWN_DIALECT"]
        assert TOKEN not in json.dumps(kept)

    gateway.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(gateway.process.wait(), 15) == 0
    assert TOKEN not in gateway.log.read_text()
    await _known_after_a_restart(own_nats_place, tmp_path, first)


async def _known_after_a_restart(place: NatsPlace, folder: Path, first: dict[str, Any]) -> None:
    second = await start(place, folder, "second")
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{await second.port()}", timeout=10
        ) as client:
            await poll(client, "/readyz")
            copy = await client.post(PATH, json=BUY)
            assert copy.json() == {**first, "duplicate": True}
    finally:
        second.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(second.process.wait(), 15) == 0
