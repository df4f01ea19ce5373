"""The memory bus: the semantics of JetStream in one process, on an injected clock, with faults on request.

It answers the same cards as the real bus (``testing.bus_cards``). Durations (ack wait, delays) run on the event
loop's time, dates (stored at, dedup window) on the clock, so a virtual-clock loop drives it without real waiting.
Not modelled: ages and ``discard: old`` (nothing is ever forgotten), message sizes, compression.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable

from at_core.clock import Clock
from at_core.errors import BusUnavailable, PermissionDenied
from at_core.runtime.bus import Inbox, Outgoing, Stored
from at_core.runtime.bus_faults import NO_PUBLISH_FAULT, Faults, PublishFault
from at_core.runtime.memory_inbox import MemoryInbox
from at_core.runtime.memory_store import MemoryStream, Record, cursors_by_name
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.patterns import is_literal
from at_core.topology.permissions import may_store
from at_core.topology.roles import Role, role
from at_core.topology.streams import STREAMS, Stream

__all__ = ["MemoryBus", "MemoryHandle"]


class MemoryBus:
    """One bus in memory. ``as_role`` gives each service its own handle with that role's permissions.

    The bus itself is a handle that may do everything: for tests and for the harness.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        streams: Iterable[Stream] = STREAMS,
        durables: Iterable[Durable] = DURABLES,
        faults: Faults | None = None,
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.available = True
        """Set to False, the bus is away: publishes and fetches raise BusUnavailable until it is True again."""
        self._streams = {definition.name: MemoryStream(definition) for definition in streams}
        self._sourced: dict[str, list[MemoryStream]] = defaultdict(list)
        for stream in self._streams.values():
            for source in stream.definition.sources:
                self._sourced[source].append(stream)
        self.cursors = cursors_by_name(self._streams, durables)
        # A dict, not a set: wake-up order must be the order of waiting, or a seed would not repeat.
        self._waiters: dict[str, dict[asyncio.Future[None], None]] = defaultdict(dict)
        self._own = MemoryHandle(self, None)

    @property
    def connected(self) -> bool:
        """Whether the bus is there and this handle is open."""
        return self._own.connected

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        """Store one message without any permission check; see ``Bus.publish``."""
        return await self._own.publish(message, timeout_seconds)

    async def bind(self, durable: Durable) -> Inbox:
        """Bind to a durable of any role; see ``Bus.bind``."""
        return await self._own.bind(durable)

    async def close(self) -> None:
        """Close the bus's own handle; the roles' handles live on."""
        await self._own.close()

    def as_role(self, name: str) -> MemoryHandle:
        """Return a new handle with the permissions of role ``name``; raise KeyError when there is none."""
        return MemoryHandle(self, role(name))

    def records(self, stream: str) -> tuple[Record, ...]:
        """Return everything ``stream`` holds, in order: what a test looks at."""
        return tuple(self._streams[stream].records)

    def store(self, message: Outgoing) -> Stored:
        """Store at once, and into the streams that source it; the synchronous heart of ``publish``."""
        stream = next((known for known in self._streams.values() if known.takes(message.subject)), None)
        if stream is None:
            raise BusUnavailable(f"no stream takes {message.subject}")
        now = self.clock.now()
        stored = stream.store(message, now)
        if not stored.duplicate:
            for derived in self._sourced[stored.stream]:
                derived.append(message, now)
                self.wake(derived.definition.name)
            self.wake(stored.stream)
        return stored

    def advise(self, kind: str, durable: Durable, sequence: int, deliveries: int, reason: str = "") -> None:
        """Store the advisory a server sends when a message leaves a queue unhandled."""
        body = {
            "stream": durable.stream,
            "consumer": durable.name,
            "stream_seq": sequence,
            "deliveries": deliveries,
        }
        if reason:
            body["reason"] = reason
        subject = f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{durable.stream}.{durable.name}"
        if any(stream.takes(subject) for stream in self._streams.values()):
            self.store(Outgoing(subject, json.dumps(body).encode()))

    def waiter(self, stream: str) -> asyncio.Future[None]:
        """Return a future that ends when ``stream`` has something new or a settling changed a queue's bound."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiters[stream]
        waiting[future] = None
        future.add_done_callback(lambda ended: waiting.pop(ended, None))
        return future

    def wake(self, stream: str) -> None:
        """End the waiting of everybody who reads ``stream``."""
        for future in tuple(self._waiters[stream]):
            if not future.done():
                future.set_result(None)

    def restart(self) -> None:
        """Make the bus available again and wake every reader."""
        self.available = True
        for stream in tuple(self._waiters):
            self.wake(stream)


class MemoryHandle:
    """One client of the memory bus: implements ``Bus`` with the permissions of one role (or all, without a role)."""

    def __init__(self, bus: MemoryBus, identity: Role | None) -> None:
        self._bus = bus
        self._role = identity
        self._closed = False
        self._line = asyncio.Lock()
        self._inboxes: list[MemoryInbox] = []
        self._under_way: set[asyncio.Task[Stored]] = set()

    @property
    def connected(self) -> bool:
        """Whether the bus is there and this handle is open."""
        return self._bus.available and not self._closed

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        """Store one message; see ``Bus.publish`` for what it raises. Publishes of one handle keep their order."""
        if not is_literal(message.subject):
            raise ValueError(f"{message.subject!r} cannot be published: empty token, blank or wildcard")
        if self._role is not None and not may_store(self._role, message.subject):
            raise PermissionDenied(f"role {self._role.name} may not publish {message.subject}")
        self._require_open()
        faults = self._bus.faults
        name = self._role.name if self._role else ""
        fault = NO_PUBLISH_FAULT if faults is None else faults.on_publish(name, message)
        try:
            async with asyncio.timeout(timeout_seconds):
                if fault == NO_PUBLISH_FAULT and not self._under_way:
                    return await self._travel(message, fault)
                return await asyncio.shield(self._send(message, fault))
        except TimeoutError as error:
            raise BusUnavailable(
                f"no confirmation for {message.subject} within {timeout_seconds} s"
            ) from error

    async def bind(self, durable: Durable) -> Inbox:
        """Bind to one of the role's durables; raise PermissionDenied for another's, BusUnavailable for none."""
        self._require_open()
        if self._role is not None and durable.role != self._role.name:
            raise PermissionDenied(f"role {self._role.name} may not read {durable.name}")
        if durable.name not in self._bus.cursors:
            raise BusUnavailable(f"durable {durable.name} is not provisioned")
        inbox = MemoryInbox(self._bus, self._bus.cursors[durable.name])
        self._inboxes.append(inbox)
        return inbox

    async def close(self) -> None:
        """Take no more publishes and close the inboxes of this handle."""
        self._closed = True
        for inbox in self._inboxes:
            await inbox.close()

    def _send(self, message: Outgoing, fault: PublishFault) -> asyncio.Task[Stored]:
        """Put a message on the wire: once there, it lands even when its sender gave up waiting or died."""
        task = asyncio.get_running_loop().create_task(self._travel(message, fault))
        self._under_way.add(task)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[Stored]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as seen: nobody may be waiting any more

    async def _travel(self, message: Outgoing, fault: PublishFault) -> Stored:
        async with self._line:
            if fault.delay_seconds > 0:
                await asyncio.sleep(fault.delay_seconds)
            if not self._bus.available:
                raise BusUnavailable("the bus went away")
            stored = None if fault.drop_before_store else self._bus.store(message)
        if stored is None or fault.drop_confirmation:
            raise BusUnavailable(f"no confirmation for {message.subject}")
        await asyncio.sleep(fault.confirmation_delay_seconds)
        return stored

    def _require_open(self) -> None:
        if self._closed:
            raise BusUnavailable("the bus is closed")
        if not self._bus.available:
            raise BusUnavailable("the bus is away")
