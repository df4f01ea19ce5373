"""Runs the floors of bench.py: a provisioned bus of its own, and bare processes around it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from _lib.home import Home, Ports
from _lib.load import Figures, Target, post_many
from _lib.platform import Platform

__all__ = ["PACE_SECONDS", "Watcher", "accept_floor", "hops_floor", "watcher"]

PACE_SECONDS = 0.1
"""Between one fill and the next alert, on the street and on its floor: ten alerts a second, not a flood."""

_SCRIPTS = Path(__file__).resolve().parents[1]


class Watcher:
    """Hears messages on a subject the moment they are published, through a plain subscription."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._arrived: asyncio.Queue[tuple[float, str, bytes]] = asyncio.Queue(maxsize=100_000)

    async def listen(self, subject: str) -> None:
        """Start listening."""

        async def keep(message: Any) -> None:
            self._arrived.put_nowait((time.perf_counter(), message.subject, message.data))

        await self._connection.subscribe(subject, cb=keep)
        await self._connection.flush()

    async def next(self, seconds: float = 10.0) -> tuple[float, str, bytes]:
        """Return when the next message came, its subject and its body."""
        return await asyncio.wait_for(self._arrived.get(), seconds)

    async def publish(self, subject: str, body: bytes, message_id: str) -> None:
        """Store one message durably, as its stream's owner would."""
        answer = await self._connection.request(subject, body, 5, headers={"Nats-Msg-Id": message_id})
        if b'"seq"' not in answer.data:
            raise RuntimeError(f"not stored: {answer.data[:200]!r}")


@asynccontextmanager
async def watcher(home: Home) -> AsyncIterator[Watcher]:
    """Connect with the observer's key, which exists only where something is measured."""
    import nats

    connection = await nats.connect(home.bus_url, nkeys_seed=str(home.folder / "keys" / "observer.nk"))
    try:
        yield Watcher(connection)
    finally:
        await connection.close()


async def accept_floor(folder: Path, count: int, connections: int) -> Figures:
    """Measure the bare handler: read, validate, publish durably, answer 202."""
    platform = Platform(folder, Ports.free())
    try:
        await platform.start(roles=())
        port = platform.home.ports.of("gateway")
        floor = await _start(platform.home, "accept", "gateway", str(port))
        try:
            await _until(lambda: _answers(port))
            target = Target("127.0.0.1", port, "/")
            await post_many(target, _signal, count // 4, connections)  # warm
            return await post_many(target, lambda number: _signal(number + count), count, connections)
        finally:
            await _end(floor)
    finally:
        await platform.stop()


async def hops_floor(folder: Path, count: int) -> list[float]:
    """Measure the same number of durable hops with nothing in between; seconds, sorted."""
    platform = Platform(folder, Ports.free(), observed=True)
    relays: list[asyncio.subprocess.Process] = []
    try:
        await platform.start(roles=())
        home = platform.home
        # The street: signal > proposal > approval > intent and fill. One relay for each service on the way.
        for durable, role, types in (
            ("agents-signals", "agents", ("trading.proposal.created",)),
            ("gate-proposals", "gate", ("trading.risk.approved",)),
            ("engine-approvals", "engine", ("trading.execution.submitted", "trading.execution.fill")),
        ):
            relays.append(await _start(home, "relay", role, durable, *types))
        async with watcher(home) as bus:
            await bus.listen("trading.execution.fill.>")
            return sorted([await _hop(bus, number) for number in range(count + 20)][20:])
    finally:
        await asyncio.gather(*(_end(relay) for relay in relays))
        await platform.stop()


async def _hop(bus: Watcher, number: int) -> float:
    began = time.perf_counter()
    await bus.publish("trading.signal.created.v1.floor.BTC", _signal(number), f"hop-{number}")
    arrived, _, _ = await bus.next()
    await asyncio.sleep(PACE_SECONDS)
    return arrived - began


async def _start(home: Home, kind: str, role: str, *rest: str) -> asyncio.subprocess.Process:
    seed = str(home.folder / "keys" / f"{role}.nk")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "_lib.floor",
        kind,
        home.bus_url,
        seed,
        *rest,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(_SCRIPTS)},
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the floor did not start")
        await asyncio.sleep(0.05)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _signal(number: int) -> bytes:
    """Return a signal of the size that an alert becomes, each with an id of its own."""
    now = datetime.now(UTC)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(
        {
            "event_id": f"00000000-0000-5000-8000-{number:012d}",
            "type": "trading.signal.created",
            "schema_version": "1.0",
            "timestamp": stamp,
            "source": "floor/1",
            "trace_id": f"{number:032x}",
            "correlation_id": f"00000000-0000-5000-8000-{number:012d}",
            "account": "floor",
            "expires_at": (now + timedelta(seconds=60)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "signal_source": "tradingview",
            "dialect": "floor",
            "kind": "ORDER",
            "symbol": "BTC/USDT",
            "side": "BUY",
            "quantity": "0.001",
            "received_at": stamp,
            "natural_key": "0" * 64,
            "body_digest": "0" * 64,
        }
    ).encode()
