"""The body of a request, read by hand: bounded while it streams, and bounded in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from enum import Enum
from typing import Any

__all__ = ["Receive", "Shortfall", "read_body"]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Shortfall(Enum):
    """Why there is no complete body."""

    TOO_LARGE = "TOO_LARGE"
    TOO_SLOW = "TOO_SLOW"
    GONE = "GONE"


async def read_body(receive: Receive, bytes_max: int, seconds_max: float) -> tuple[bytes, Shortfall | None]:
    """Return the body; with a shortfall, what had come until then (at most ``bytes_max`` bytes are ever kept)."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds_max):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"".join(parts), Shortfall.GONE
                part = message.get("body", b"")
                size += len(part)
                if size > bytes_max:
                    parts.append(part[: len(part) - (size - bytes_max)])
                    return b"".join(parts), Shortfall.TOO_LARGE
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts), None
    except TimeoutError:
        return b"".join(parts), Shortfall.TOO_SLOW
