"""The place where bus cards are played, and the few verbs in which the cards are written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from at_core.errors import BusUnavailable
from at_core.runtime.bus import Bus, Inbox, Incoming, Outgoing
from at_core.topology.consumers import DURABLES, Durable

__all__ = [
    "CARD_DURABLES",
    "MARKET",
    "PROPOSAL",
    "SIGNAL",
    "BusPlace",
    "bodies",
    "card_durable",
    "eventually",
    "put",
    "read_all",
    "take",
    "until_message",
]

CARD_DURABLES: tuple[Durable, ...] = tuple(
    replace(durable, ack_wait_seconds=1, deliveries_max=3) if durable.kind == "queue" else durable
    for durable in DURABLES
)
"""The shipped durables with waits short enough for tests."""

SIGNAL = "trading.signal.created.v1.paper.BTC=2FUSDT"
PROPOSAL = "trading.proposal.created.v1.paper.BTC=2FUSDT"
MARKET = "market.raw.v1.crypto.BTC=2FUSDT.bar"


class BusPlace(Protocol):
    """Where cards are played: a bus with the shipped topology and ``CARD_DURABLES``, empty at the start."""

    async def connect(self, role_name: str) -> Bus:
        """Return a new connection as a role; the place closes it at the end."""
        ...

    async def halt(self) -> None:
        """Take the bus away as a crash does."""
        ...

    async def resume(self) -> None:
        """Bring it back, with everything it had confirmed."""
        ...


def card_durable(name: str) -> Durable:
    """Return a durable of the cards by name."""
    return next(durable for durable in CARD_DURABLES if durable.name == name)


async def take(inbox: Inbox, count: int, seconds: float = 5.0) -> list[Incoming]:
    """Return exactly ``count`` messages or fail after ``seconds``."""
    messages: list[Incoming] = []
    async with asyncio.timeout(seconds):
        while len(messages) < count:
            messages.extend(await inbox.fetch(count - len(messages), 0.25))
    return messages


async def read_all(inbox: Inbox) -> list[Incoming]:
    """Return what a fold holds at this moment, the way a service catches up."""
    messages: list[Incoming] = []
    while batch := await inbox.fetch(500, 0):
        messages.extend(batch)
    return messages


def bodies(messages: Sequence[Incoming]) -> list[str]:
    """Return the bodies as text."""
    return [message.body.decode() for message in messages]


async def put(bus: Bus, subject: str, *texts: str) -> None:
    """Store one message per text, in order."""
    await asyncio.gather(*(bus.publish(Outgoing(subject, text.encode())) for text in texts))


async def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until ``condition`` holds; raise AssertionError after ``seconds``."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.005)


async def until_message(inbox: Inbox) -> Sequence[Incoming]:
    """Fetch as a service does: again and again, whatever the bus does meanwhile."""
    while True:
        try:
            batch = await inbox.fetch(100, 0.25)
        except BusUnavailable:
            await asyncio.sleep(0.02)
            continue
        if batch:
            return batch
