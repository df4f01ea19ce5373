"""Load: alerts sent like a stubborn sender does, each again until it was taken."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from processes.street import Door

__all__ = ["Sender", "sending"]

_AGAIN_SECONDS = 0.05
_PATIENCE_SECONDS = 45.0


class Sender:
    """Sends alerts and remembers every answer. ``signals`` are the ids of those that were taken."""

    def __init__(self, door: Door, client: httpx.AsyncClient) -> None:
        self._address = door.webhook
        self._client = client
        self.signals: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.slowest_seconds = 0.0
        self._taken = asyncio.Condition()

    async def once(self, body: bytes) -> httpx.Response | None:
        """Send one alert once; None when the connection broke."""
        began = time.monotonic()
        try:
            answer = await self._client.post(self._address, content=body)
        except httpx.TransportError:
            return None
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        return answer

    async def stubbornly(self, body: bytes) -> str:
        """Send one alert until it is taken, as nobody knows what became of it before; return its signal id."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                answer = await self.once(body)
                if answer is not None and answer.status_code == 202:
                    break
                assert answer is None or answer.status_code == 503, answer.text
                await asyncio.sleep(_AGAIN_SECONDS)
        signal = str(answer.json()["signal_id"])
        async with self._taken:
            self.signals.append(signal)
            self._taken.notify_all()
        return signal

    async def taken(self, count: int) -> None:
        """Wait until ``count`` alerts were taken."""
        async with asyncio.timeout(_PATIENCE_SECONDS), self._taken:
            await self._taken.wait_for(lambda: len(self.signals) >= count)


@asynccontextmanager
async def sending(door: Door) -> AsyncIterator[Sender]:
    """A sender with connections of its own."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(
        timeout=10, limits=limits, headers={"content-type": "application/json"}
    ) as client:
        yield Sender(door, client)
