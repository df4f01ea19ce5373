"""The bridge: copies newer messages of a type in an older major, for a reader that cannot be upgraded yet.

It keeps no state of its own. What it has done stands in the streams: every copy names the message it was made from,
and what cannot be copied is set aside as a dead letter. So starting is continuing, whatever it was doing when it died.

Never twice, without trusting the stream's window for duplicates: the end of the copy's subject is read *first*, then
how far all copies reach, and the copy is stored only if that end still stands. Whoever stored the same copy in between
stored it on the same subject, and moved its end.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from at_core.errors import BusUnavailable, ContractBroken, SequenceConflict, Unauthentic
from at_core.events.bridging import Lane, copied_from
from at_core.events.subjects import encode_key
from at_core.runtime.bus import Bus, Incoming, Outgoing, Stored
from at_core.runtime.dead_letter import dead_letter
from at_core.runtime.nats_admin import StoredMessage
from at_core.runtime.publisher import SIGNATURE_HEADER, BodySigner
from at_core.topology.streams import DEAD_LETTER_HEAD

__all__ = ["Bridge", "BridgeTally", "Hand", "StreamReader"]

log = logging.getLogger(__name__)

_DEAD_LETTERS = "DLQ"
_WINDOW_FIRST = 64


class StreamReader(Protocol):
    """Reads what is stored, message by message (``nats_admin.Admin``)."""

    async def next_message(self, stream: str, subject: str, sequence: int = 1) -> StoredMessage | None:
        """Return the first message at or after ``sequence`` under ``subject``, or None."""
        ...

    async def last_message(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message under ``subject``, or None."""
        ...


class Hand(BodySigner, Protocol):
    """The producer's key, where its role signs: copies are signed again, and only what it had signed is copied."""

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether ``signature`` was made over exactly ``body`` with this key."""
        ...


@dataclass(slots=True)
class BridgeTally:
    """What one run did."""

    copied: int = 0
    already_there: int = 0
    """The older major was published by the producer itself."""
    refused: int = 0
    """Set aside: cannot be said in the older major, or no event."""


class Bridge:
    """One lane. ``step`` handles at most one message; two bridges of one lane do no harm to each other."""

    def __init__(
        self,
        lane: Lane,
        reader: StreamReader,
        bus: Bus,
        *,
        hand: Hand | None = None,
        attempts_max: int = 8,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._lane = lane
        self._reader = reader
        self._bus = bus
        self._hand = hand
        self._attempts_max = attempts_max
        self._sleep = sleep
        self._next = 1
        self._reached = 0
        """Sequence of the newest message known to be copied or set aside."""
        self._looked = -1
        """Everything on the copies' subjects up to here was looked at; -1 before the first look."""
        self.tally = BridgeTally()

    async def step(self) -> bool:
        """Handle the next message; False when there is none. Raises BusUnavailable after bounded attempts."""
        if self._looked < 0:
            await self._look()
            self._next = self._reached + 1
        message = await self._reader.next_message(self._lane.stream, self._lane.sources, self._next)
        if message is None:
            return False
        await self._handle(message)
        self._next = message.sequence + 1
        return True

    async def run(self, stop: asyncio.Event, *, once: bool = False, poll_seconds: float = 0.5) -> BridgeTally:
        """Copy until ``stop``, looking for news every ``poll_seconds``; with ``once`` up to the present end."""
        while not stop.is_set():
            if await self.step():
                continue
            if once:
                break
            try:
                async with asyncio.timeout(poll_seconds):
                    await stop.wait()
            except TimeoutError:
                continue
        return self.tally

    async def _handle(self, message: StoredMessage) -> None:
        try:
            self._require_own(message)
            copy = self._lane.copy(message.subject, message.headers, message.body, message.sequence)
        except ContractBroken as error:
            await self._set_aside(message, error)
            return
        if self._hand is not None:
            copy.headers[SIGNATURE_HEADER] = self._hand.sign(copy.body)
        for attempt in range(1, self._attempts_max + 1):
            end = await self._reader.last_message(self._lane.stream, copy.subject)
            await self._look()
            if self._reached >= message.sequence:
                return
            expected = end.sequence if end is not None else 0
            try:
                stored = await self._bus.publish(Outgoing(copy.subject, copy.body, copy.headers, expected))
            except (BusUnavailable, SequenceConflict) as error:
                if attempt == self._attempts_max:
                    raise BusUnavailable(f"{self._lane.name}: message {message.sequence}: {error}") from error
                await self._sleep(min(0.05 * 2**attempt, 2.0))
                continue
            self._count(stored, message)
            return

    def _count(self, stored: Stored, message: StoredMessage) -> None:
        self._reached = message.sequence
        if stored.duplicate:
            self.tally.already_there += 1
        else:
            self.tally.copied += 1

    def _require_own(self, message: StoredMessage) -> None:
        """A signed role's message is copied only when it is the role's: signing a forgery again would make it true."""
        if self._hand is None:
            return
        named = (value for name, value in message.headers.items() if name.lower() == SIGNATURE_HEADER)
        if not self._hand.verify(message.body, next(named, "")):
            raise Unauthentic("UNAUTHENTIC", f"not signed by {self._lane.producer}")

    async def _set_aside(self, message: StoredMessage, error: ContractBroken) -> None:
        fields = {"lane": self._lane.name, "sequence": message.sequence, "code": error.code}
        log.error("not copied: %s", error.detail, extra=fields)
        record = Incoming(
            message.subject, message.body, message.headers, message.stream, message.sequence, 0, 1, 0,
            message.stored_at,
        )  # fmt: skip
        letter = dead_letter(self._lane.producer, self._lane.name, record, error.code, error.detail)
        await self._bus.publish(letter)
        self._reached = message.sequence
        self.tally.refused += 1

    async def _look(self) -> None:
        """Learn how far copies and dead letters reach: backwards the first time, then only what is new."""
        if self._looked < 0:
            self._reached = await self._reached_by_letters()
            last = await self._reader.last_message(self._lane.stream, self._lane.copies)
            self._looked = last.sequence if last is not None else 0
            high, width = self._looked, _WINDOW_FIRST
            while high > 0 and not await self._scan(max(high - width + 1, 1), high):
                high, width = high - width, width * 2
        else:
            await self._scan(self._looked + 1, None)

    async def _scan(self, first: int, last: int | None) -> bool:
        """Look at the copies' subjects from ``first`` to ``last`` (None: their end); True when a copy was there."""
        found = False
        while (
            message := await self._reader.next_message(self._lane.stream, self._lane.copies, first)
        ) is not None:
            if last is not None and message.sequence > last:
                break
            origin = copied_from(message.headers)
            found = found or origin > 0
            self._reached = max(self._reached, origin)
            self._looked = max(self._looked, message.sequence)
            first = message.sequence + 1
        return found

    async def _reached_by_letters(self) -> int:
        subject = f"{DEAD_LETTER_HEAD}.{self._lane.producer}.{encode_key(self._lane.name)}.>"
        letter = await self._reader.last_message(_DEAD_LETTERS, subject)
        return 0 if letter is None else int(json.loads(letter.body)["sequence"])
