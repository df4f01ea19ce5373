"""Reading streams for a person: from a sequence on, the last few, or on and on; always in bounded steps."""

from __future__ import annotations

from collections.abc import AsyncIterator

from at_core.errors import ConfigurationError
from at_core.runtime.nats_admin import Admin, StoredMessage
from at_core.topology.patterns import overlaps
from at_core.topology.streams import CONTRACTS_STREAM, STREAMS

__all__ = ["Cursor", "last_messages", "streams_of"]

_STEP_MIN = 64


def streams_of(pattern: str, stream: str | None = None) -> tuple[str, ...]:
    """Return the streams in which ``pattern`` can lie: the given one, or all that keep such subjects first-hand."""
    if stream is not None:
        if all(known.name != stream for known in STREAMS):
            raise ConfigurationError(
                f"no stream {stream!r}; there are {', '.join(known.name for known in STREAMS)}"
            )
        return (stream,)
    found = tuple(
        known.name
        for known in STREAMS
        if any(overlaps(pattern, subject) for subject in known.subjects)
        # Every process announces itself again and again: only who asks for it wants to see it.
        and (known.name != CONTRACTS_STREAM or pattern.startswith("$KV"))
    )
    if not found:
        raise ConfigurationError(f"no stream keeps anything under {pattern!r}")
    return found


async def last_messages(admin: Admin, stream: str, pattern: str, count: int) -> list[StoredMessage]:
    """Return the newest ``count`` messages under ``pattern``, oldest first, looking backwards in growing steps."""
    state = (await admin.ask(f"STREAM.INFO.{stream}")).get("state") or {}
    first, end = int(state.get("first_seq", 1)), int(state.get("last_seq", 0)) + 1
    found: list[StoredMessage] = []
    step = max(count, _STEP_MIN)
    while end > first and len(found) < count:
        begin = max(first, end - step)
        chunk: list[StoredMessage] = []
        async for kept in admin.messages(stream, pattern, begin):
            if kept.sequence >= end:
                break
            chunk.append(kept)
        found, end, step = [*chunk, *found], begin, step * 2
    return found[-count:] if count else []


class Cursor:
    """Where a reader stands in some streams."""

    def __init__(self, admin: Admin, pattern: str, next_sequences: dict[str, int]) -> None:
        self._admin = admin
        self._pattern = pattern
        self._next = next_sequences

    async def step(self, limit: int) -> AsyncIterator[StoredMessage]:
        """Yield what came since, at most ``limit`` messages of each stream."""
        for stream in self._next:
            taken = 0
            while taken < limit:
                kept = await self._admin.next_message(stream, self._pattern, self._next[stream])
                if kept is None:
                    break
                self._next[stream] = kept.sequence + 1
                taken += 1
                yield kept
