"""Seeded simulation: services on the memory bus under a virtual clock, with faults and crashes; a seed is a bug report.

Nothing here waits in real time: the loop's selector never blocks, so waiting moves the clock. Real sockets, threads
and subprocesses do not work inside, which is the point. "Nothing is scheduled" is a finding, not a hang: a deadlock.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from at_core.runtime.bus import Incoming, Outgoing
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, NO_PUBLISH_FAULT, DeliverFault, PublishFault
from at_core.runtime.service import Service
from at_core.topology.consumers import Durable

__all__ = ["Deadlock", "FaultRates", "Host", "LoopClock", "SeededFaults", "VirtualLoop", "run_virtual"]

T = TypeVar("T")


class Deadlock(RuntimeError):
    """The loop has nothing scheduled and somebody still waits."""


class _NeverBlocks(selectors.BaseSelector):
    """A selector that moves the virtual clock instead of waiting."""

    def __init__(self) -> None:
        self._keys: dict[int, selectors.SelectorKey] = {}
        self.loop: VirtualLoop | None = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, descriptor, events, data)
        self._keys[descriptor] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("nothing is scheduled and somebody still waits")
        if self.loop is not None:
            self.loop.virtual_time += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only by being waited for."""

    def __init__(self) -> None:
        self.virtual_time = 0.0
        selector = _NeverBlocks()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Seconds since the loop was made, virtual."""
        return self.virtual_time


class LoopClock:
    """The clock of a virtual loop: a fixed start plus the loop's time, in whole microseconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        """Return the virtual present, aware UTC."""
        return self._start + timedelta(microseconds=round(self._loop.time() * 1_000_000))


def run_virtual(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run ``main(loop)`` to its end in a fresh virtual loop and return its result."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(main(loop))
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Chance of each fault per operation, between 0 and 1."""

    drop_before_store: float = 0.02
    drop_confirmation: float = 0.02
    publish_delay: float = 0.1
    duplicate: float = 0.05
    deliver_delay: float = 0.05
    lose_delivery: float = 0.01
    lose_ack: float = 0.05
    crash_on_publish: float = 0.02
    crash_on_ack: float = 0.01


@dataclass(slots=True)
class SeededFaults:
    """Draws every fault from one seeded generator; counts what it did, so a run can prove it was disturbed.

    ``crash`` is called with a role's name when that role's process should die at this very operation. ``calm``
    switches every fault off, so that a run can settle before it is judged.
    """

    chance: random.Random
    rates: FaultRates = FaultRates()
    crash: Callable[[str], None] = lambda _role: None
    calm: bool = False
    injected: Counter[str] = field(default_factory=Counter)

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        """Return the fate of a publish."""
        if self.calm or not role:
            return NO_PUBLISH_FAULT
        if self._hit("crash_on_publish", self.rates.crash_on_publish):
            return self._dying_publish(role)
        if self._hit("drop_before_store", self.rates.drop_before_store):
            return PublishFault(drop_before_store=True)
        if self._hit("drop_confirmation", self.rates.drop_confirmation):
            return PublishFault(drop_confirmation=True)
        if self._hit("publish_delay", self.rates.publish_delay):
            return PublishFault(delay_seconds=self.chance.uniform(0.0, 0.5))
        return NO_PUBLISH_FAULT

    def on_deliver(self, durable: Durable, message: Incoming) -> DeliverFault:
        """Return the fate of a delivery."""
        if self.calm:
            return NO_DELIVER_FAULT
        if self._hit("duplicate", self.rates.duplicate):
            return DeliverFault(duplicate=True)
        if self._hit("deliver_delay", self.rates.deliver_delay):
            return DeliverFault(delay_seconds=self.chance.uniform(0.0, 0.5))
        # A connected client never misses the newest message of a fold; one before it may be lost and shows as a gap.
        may_be_lost = durable.kind == "queue" or message.pending > 0
        if may_be_lost and self._hit("lose_delivery", self.rates.lose_delivery):
            return DeliverFault(lose=True)
        return NO_DELIVER_FAULT

    def on_ack(self, durable: Durable, message: Incoming) -> bool:
        """Return whether a settling is lost."""
        if self.calm:
            return False
        if self._hit("crash_on_ack", self.rates.crash_on_ack):
            self.crash(durable.role)
            return True
        return self._hit("lose_ack", self.rates.lose_ack)

    def _dying_publish(self, role: str) -> PublishFault:
        """The process dies while it publishes: before the message is stored, or after, unheard."""
        self.crash(role)
        if self.chance.random() < 0.5:
            return PublishFault(drop_before_store=True)
        return PublishFault(confirmation_delay_seconds=1.0)

    def _hit(self, name: str, rate: float) -> bool:
        if self.chance.random() >= rate:
            return False
        self.injected[name] += 1
        return True


class Host:
    """A process of the simulation: builds a service afresh at every start, and can die at any moment."""

    def __init__(self, name: str, build: Callable[[], Service], restart_seconds: float = 0.5) -> None:
        self.name = name
        self.crashes = 0
        self._build = build
        self._restart_seconds = restart_seconds
        self._task: asyncio.Task[None] | None = None
        self._service: Service | None = None
        self._life: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the present incarnation is caught up."""
        return self._service is not None and self._service.ready

    def start(self) -> None:
        """Begin to live; dies and comes back until ``stop``."""
        self._life = asyncio.get_running_loop().create_task(self._live(), name=f"host {self.name}")

    def crash(self) -> None:
        """Die at the next step, as after kill -9: nothing is settled, published or saved."""
        if self._task is not None and not self._task.done():
            self.crashes += 1
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def stop(self) -> None:
        """End for good; raises what the service died of, when that was its own fault."""
        if self._life is not None:
            self._life.cancel()
            results = await asyncio.gather(self._life, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    raise result

    @property
    def failure(self) -> BaseException | None:
        """What ended this host, when it ended by itself."""
        if self._life is None or not self._life.done() or self._life.cancelled():
            return None
        return self._life.exception()

    async def _live(self) -> None:
        while True:
            self._service = self._build()
            self._task = asyncio.get_running_loop().create_task(self._service.run())
            try:
                await asyncio.wait({self._task})
            finally:
                if not self._task.done():
                    self._task.cancel()
                    await asyncio.gather(self._task, return_exceptions=True)
            if not self._task.cancelled():
                error = self._task.exception()
                if error is not None:
                    raise error
                return
            self._service = None
            await asyncio.sleep(self._restart_seconds)
