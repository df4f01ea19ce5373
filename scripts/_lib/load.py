"""A bounded HTTP load: keep-alive connections over raw streams, so that the client costs little beside the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Figures", "Target", "post_many", "quantile"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post. ``path`` may carry a secret; it is never printed."""

    host: str
    port: int
    path: str
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load saw: answers by status, and latencies of the accepted in seconds, sorted."""

    seconds: float
    statuses: dict[int, int]
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Accepted posts per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


def quantile(sorted_values: list[float], share: float) -> float:
    """Return the value below which ``share`` of the sorted values lie; 0 for none."""
    if not sorted_values:
        return 0.0
    return sorted_values[min(int(share * len(sorted_values)), len(sorted_values) - 1)]


async def post_many(target: Target, body: Callable[[int], bytes], count: int, connections: int) -> Figures:
    """Post ``count`` bodies over ``connections`` connections, each waiting for its answer before the next."""
    numbers = iter(range(count))
    statuses: dict[int, int] = {}
    latencies: list[float] = []

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(target.host, target.port)
        try:
            for number in numbers:
                began = time.perf_counter()
                writer.write(_request(target, body(number)))
                status = await asyncio.wait_for(_answer(reader), 10)
                statuses[status] = statuses.get(status, 0) + 1
                if status == 202:
                    latencies.append(time.perf_counter() - began)
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return Figures(time.perf_counter() - began, statuses, sorted(latencies))


def _request(target: Target, body: bytes) -> bytes:
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.host}\r\nContent-Type: {target.content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    await reader.readexactly(length)
    return status
