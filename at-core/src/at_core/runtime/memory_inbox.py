"""The memory bus's inbox: one reader of one durable, with redelivery, rewinding and gap detection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from at_core.errors import BusUnavailable, FoldGap
from at_core.runtime.bus import Incoming
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, DeliverFault
from at_core.runtime.fold_guard import FoldGuard
from at_core.runtime.memory_store import Cursor

if TYPE_CHECKING:
    from at_core.runtime.memory_bus import MemoryBus

__all__ = ["MemoryInbox"]


class MemoryInbox:
    """Implements ``Inbox`` over a cursor. Several inboxes of one durable share its messages, as on a server."""

    def __init__(self, bus: MemoryBus, cursor: Cursor) -> None:
        self.durable = cursor.durable
        self._bus = bus
        self._cursor = cursor
        self._closed = False
        self._guard = FoldGuard(cursor.durable.name)

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Incoming]:
        """Return up to ``limit`` messages; see ``Inbox.fetch``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            self._require_open()
            batch = self._take(limit, loop.time())
            # "Nothing" from a fold means "caught up", so a delivery that is held up is waited for, as on a server.
            remaining = max(deadline, self._cursor.blocked_until) - loop.time()
            if batch or remaining <= 0:
                await asyncio.sleep(0)  # a reader that never waits must not starve the others
                return batch
            await self._wait(remaining, loop.time())

    async def ack(self, message: Incoming) -> None:
        """Settle ``message``; see ``Inbox.ack``."""
        if self._reaches(message):
            self._cursor.settle(message.sequence)
            self._bus.wake(self.durable.stream)

    async def nak(self, message: Incoming, delay_seconds: float) -> None:
        """Ask for ``message`` again; see ``Inbox.nak``."""
        if self._reaches(message) and message.sequence in self._cursor.unsettled:
            due = asyncio.get_running_loop().time() + max(delay_seconds, 0.0)
            self._cursor.schedule(message.sequence, due, self._cursor.unsettled[message.sequence].deliveries)
            self._bus.wake(self.durable.stream)

    async def term(self, message: Incoming, reason: str) -> None:
        """Give ``message`` up; see ``Inbox.term``. Stores the server's advisory."""
        if self._reaches(message) and self._cursor.settle(message.sequence):
            self._bus.advise("MSG_TERMINATED", self.durable, message.sequence, message.deliveries, reason)
            self._bus.wake(self.durable.stream)

    async def rewind(self, sequence: int = 1) -> None:
        """Read the fold again from ``sequence`` on; see ``Inbox.rewind``."""
        if self.durable.kind != "fold":
            raise ValueError(f"{self.durable.name} is a queue; only folds rewind")
        self._require_open()
        self._cursor.rewind(sequence)
        self._guard.rewound(sequence)

    async def close(self) -> None:
        """Stop reading; what was fetched and not settled comes again after the ack wait."""
        self._closed = True
        self._bus.wake(self.durable.stream)

    def _require_open(self) -> None:
        if self._closed:
            raise BusUnavailable(f"the inbox of {self.durable.name} is closed")
        if not self._bus.available:
            raise BusUnavailable("the bus is away")

    def _reaches(self, message: Incoming) -> bool:
        if self._closed or not self._bus.available:
            return False
        faults = self._bus.faults
        return faults is None or not faults.on_ack(self.durable, message)

    def _take(self, limit: int, now: float) -> list[Incoming]:
        if self._guard.gap:
            raise FoldGap(self._guard.gap)
        if self.durable.kind == "queue":
            return self._take_queue(limit, now)
        return self._take_fold(limit, now)

    def _take_queue(self, limit: int, now: float) -> list[Incoming]:
        cursor, batch = self._cursor, list[Incoming]()
        while len(batch) < limit:
            if cursor.copies:
                batch.append(cursor.copies.popleft())
                continue
            again = cursor.next_due(now)
            if again is not None:
                sequence, deliveries = again
                if deliveries >= self.durable.deliveries_max:
                    cursor.settle(sequence)
                    self._bus.advise("MAX_DELIVERIES", self.durable, sequence, deliveries)
                    continue
            else:
                new = cursor.next_new()
                if new is None:
                    return batch
                sequence, deliveries = new, 0
            message = cursor.deliver(sequence, deliveries + 1)
            fault = self._fault(message)
            if fault.delay_seconds > 0:
                cursor.schedule(sequence, now + fault.delay_seconds, deliveries)
                continue
            cursor.schedule(sequence, now + self.durable.ack_wait_seconds, deliveries + 1)
            if fault.lose:
                continue
            batch.append(message)
            if fault.duplicate:
                cursor.copies.append(replace(message, deliveries=message.deliveries + 1))
        return batch

    def _take_fold(self, limit: int, now: float) -> list[Incoming]:
        cursor, batch = self._cursor, list[Incoming]()
        while len(batch) < limit and now >= cursor.blocked_until:
            sequence = cursor.next_new()
            if sequence is None:
                break
            message = cursor.deliver(sequence, 1)
            fault = self._fault(message)
            if fault.lose:
                continue
            if fault.delay_seconds > 0:
                cursor.blocked_until = now + fault.delay_seconds
                cursor.position -= 1
                cursor.consumer_sequence -= 1
                break
            if self._guard.takes(message):
                batch.append(message)
            elif batch:
                break  # what came before the gap is handed out; the next fetch raises
            else:
                raise FoldGap(self._guard.gap)
        return batch

    def _fault(self, message: Incoming) -> DeliverFault:
        faults = self._bus.faults
        return NO_DELIVER_FAULT if faults is None else faults.on_deliver(self.durable, message)

    async def _wait(self, seconds: float, now: float) -> None:
        """Wait for news of the stream, the next redelivery or the end of a delay; ``seconds`` at most."""
        cursor = self._cursor
        times = [now + seconds]
        if cursor.due:
            times.append(max(cursor.due[0][0], now))
        if cursor.blocked_until > now:
            times.append(cursor.blocked_until)
        future = self._bus.waiter(self.durable.stream)
        try:
            async with asyncio.timeout(min(times) - now):
                await future
        except TimeoutError:
            return
