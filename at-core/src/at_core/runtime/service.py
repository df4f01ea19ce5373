"""The life of a service: catch up, recover, react; and the same again whenever the bus could not confirm.

Crash-only (law 5): there is no second path for errors. A publish without confirmation, a gap in a fold or a lost bus
throws the state away and folds it again from the streams, exactly as a start after kill -9 does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from at_core.clock import Clock
from at_core.errors import BusUnavailable, FoldGap, WorldFailed
from at_core.runtime.body import Body, Job
from at_core.runtime.bus import Bus, Inbox, Incoming
from at_core.runtime.consumer import Consumer
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.topology.consumers import durable
from at_core.topology.wiring import Observation, Reaction, Wiring

__all__ = ["Service", "ServiceLimits"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """Bounds of the shell."""

    batch_max: int = 128
    fold_batch_max: int = 512
    fetch_seconds: float = 1.0
    rebuild_seconds_first: float = 0.1
    rebuild_seconds_max: float = 2.0


class Service:
    """Runs one body on one wiring until it is told to stop."""

    def __init__(
        self,
        wiring: Wiring,
        body: Body,
        *,
        bus: Bus,
        publisher: Publisher,
        clock: Clock,
        metrics: Metrics,
        jobs: Sequence[Job] = (),
        limits: ServiceLimits | None = None,
    ) -> None:
        self._wiring = wiring
        self._body = body
        self._bus = bus
        self._metrics = metrics
        self._jobs = jobs
        self._limits = limits or ServiceLimits()
        self._consumer = Consumer(body, bus, publisher, clock, metrics)
        self._stop = asyncio.Event()
        self._caught_up = False

    @property
    def ready(self) -> bool:
        """Caught up with every observed stream and connected to the bus."""
        return self._caught_up and self._bus.connected

    def stop(self) -> None:
        """Ask to stop: what is being handled is finished, nothing new is begun."""
        self._stop.set()

    async def run(self) -> None:
        """Run until ``stop``; raises OurFault when going on would hide a mistake of ours."""
        cause, pause = "start", self._limits.rebuild_seconds_first
        while not self._stop.is_set():
            self._metrics.rebuilt(cause)
            try:
                await self._session()
            except WorldFailed as error:
                cause = _cause(error)
                if self._caught_up:
                    pause = self._limits.rebuild_seconds_first
                log.warning("rebuilding the state", extra={"cause": cause, "error": str(error)})
            finally:
                self._set_ready(False)
            await self._pause(pause)
            pause = min(pause * 2, self._limits.rebuild_seconds_max)

    async def _session(self) -> None:
        self._body.reset()
        inboxes: list[Inbox] = []
        try:
            loops: list[Coroutine[Any, Any, None]] = []
            try:
                for observation in self._wiring.observes:
                    inbox = await self._bind(observation.durable, inboxes)
                    fold = self._folder(inbox, observation)
                    await self._catch_up(inbox, fold)
                    loops.append(self._loop(inbox, fold, self._limits.fold_batch_max))
                await self._body.recover()
                for reaction in self._wiring.reacts:
                    inbox = await self._bind(reaction.durable, inboxes)
                    if reaction.rewinds:
                        await self._catch_up(inbox, self._reactor(inbox, reaction))
                    loops.append(self._loop(inbox, self._reactor(inbox, reaction), self._limits.batch_max))
            except BaseException:
                for unused in loops:
                    unused.close()
                raise
            loops += [self._repeat(job) for job in self._jobs]
            self._set_ready(True)
            await self._run_together([*loops, self._until_stopped(inboxes)])
        finally:
            for inbox in inboxes:
                with suppress(WorldFailed):
                    await inbox.close()

    async def _bind(self, name: str, inboxes: list[Inbox]) -> Inbox:
        inbox = await self._bus.bind(durable(name))
        inboxes.append(inbox)
        if inbox.durable.kind == "fold":
            await inbox.rewind()
        return inbox

    def _folder(
        self, inbox: Inbox, observation: Observation
    ) -> Callable[[Sequence[Incoming]], Awaitable[None]]:
        async def fold(messages: Sequence[Incoming]) -> None:
            await self._consumer.fold(inbox, messages, observation.tolerant)

        return fold

    def _reactor(self, inbox: Inbox, reaction: Reaction) -> Callable[[Sequence[Incoming]], Awaitable[None]]:
        async def react(messages: Sequence[Incoming]) -> None:
            await self._consumer.react(inbox, messages)

        return react

    async def _catch_up(self, inbox: Inbox, handle: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        while not self._stop.is_set():
            messages = await inbox.fetch(self._limits.fold_batch_max, 0)
            if not messages:
                return
            await handle(messages)

    async def _loop(
        self, inbox: Inbox, handle: Callable[[Sequence[Incoming]], Awaitable[None]], limit: int
    ) -> None:
        while not self._stop.is_set():
            try:
                messages = await self._next(inbox, limit)
            except BusUnavailable:
                if self._stop.is_set():
                    return  # closed below us, on purpose
                raise
            if messages:
                await handle(messages)

    async def _next(self, inbox: Inbox, limit: int) -> Sequence[Incoming]:
        """Return the next batch; a reader that lingers lets more arrive behind the first message."""
        messages = await inbox.fetch(limit, self._limits.fetch_seconds)
        linger = inbox.durable.linger_seconds
        if not messages or not linger or len(messages) >= limit:
            return messages
        await self._pause(linger)
        return [*messages, *await inbox.fetch(limit - len(messages), 0)]

    async def _repeat(self, job: Job) -> None:
        while not self._stop.is_set():
            try:
                await job.run()
            except (BusUnavailable, FoldGap):
                raise
            except WorldFailed as error:
                log.warning("job did not finish", extra={"job": job.name, "error": str(error)})
            await self._pause(job.every_seconds)

    async def _run_together(self, loops: Sequence[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            done = set()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _until_stopped(self, inboxes: Sequence[Inbox]) -> None:
        """Wait for ``stop``, then end all waiting for messages; what is being handled is finished."""
        await self._stop.wait()
        for inbox in inboxes:
            await inbox.close()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    def _set_ready(self, yes: bool) -> None:
        self._caught_up = yes
        self._metrics.ready(yes)


def _cause(error: WorldFailed) -> str:
    if isinstance(error, FoldGap):
        return "gap"
    return "bus" if isinstance(error, BusUnavailable) else "world"
