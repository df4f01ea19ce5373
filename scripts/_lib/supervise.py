"""Supervision: children started in order, watched, restarted with backoff, given up loudly, stopped in reverse."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Child", "GaveUp", "Supervisor"]

_BACKOFF_FIRST = 0.2
_BACKOFF_MAX = 5.0
_TAIL_LINES = 12
_PR_SET_PDEATHSIG = 1


class GaveUp(RuntimeError):
    """A child keeps dying, or never becomes ready; the text carries its last words."""


@dataclass(slots=True)
class Child:
    """One process: how to start it, where its output goes, and how to know that it is ready."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; its output is appended to its log."""
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,  # a Ctrl-C reaches only the supervisor, which stops in order
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    async def until_ready(self, seconds: float) -> None:
        """Wait until it is ready; raise GaveUp when it died or took longer."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self.ready():
            if self.process is not None and self.process.returncode is not None:
                raise GaveUp(
                    f"{self.name} ended with {self.process.returncode} before it was ready\n{self.tail()}"
                )
            if asyncio.get_running_loop().time() > deadline:
                raise GaveUp(f"{self.name} was not ready within {seconds:g} s\n{self.tail()}")
            await asyncio.sleep(0.02)

    async def stop(self, seconds: float = 10.0) -> None:
        """Ask it to drain; kill it when it has not ended in time."""
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def tail(self) -> str:
        """Return the last lines of its log."""
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(f"    {line[:400]}" for line in lines[-_TAIL_LINES:])
        return "    (no log)"


def _end_with_parent() -> None:
    """Ask the kernel to end this child when its supervisor dies, even by kill -9: nothing trades unwatched."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Keeps children alive. More than ``deaths_max`` deaths of one within ``window_seconds`` is the end of all."""

    def __init__(self, processes_file: Path, *, deaths_max: int = 20, window_seconds: float = 60.0) -> None:
        self._processes_file = processes_file
        self._deaths_max = deaths_max
        self._window_seconds = window_seconds
        self._children: list[Child] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, *children: Child, ready_seconds: float = 30.0) -> None:
        """Start these together, wait until all are ready, and watch them from now on."""
        for child in children:
            await child.start()
            self._children.append(child)
        self._record()
        await asyncio.gather(*(child.until_ready(ready_seconds) for child in children))
        self._watchers += [asyncio.create_task(self._watch(child)) for child in children]

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``; raises GaveUp when a child cannot be kept alive."""
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({waiting, *self._watchers}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        for task in done - {waiting}:
            task.result()

    async def stop(self) -> None:
        """Stop everything in reverse order of starting; services that were started together drain together."""
        self._stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        # The first child is the bus: everybody else drains through it.
        await asyncio.gather(*(child.stop() for child in self._children[1:]))
        await asyncio.gather(*(child.stop() for child in self._children[:1]))

    async def _watch(self, child: Child) -> None:
        deaths: deque[float] = deque()
        loop = asyncio.get_running_loop()
        while child.process is not None:
            code = await child.process.wait()
            if self._stopping:
                return
            now = loop.time()
            deaths.append(now)
            while deaths and now - deaths[0] > self._window_seconds:
                deaths.popleft()
            if len(deaths) > self._deaths_max:
                raise GaveUp(
                    f"{child.name} died {len(deaths)} times within {self._window_seconds:g} s, last with {code}\n"
                    f"{child.tail()}"
                )
            print(f"{child.name} ended with {code}; starting it again", flush=True)
            await asyncio.sleep(min(_BACKOFF_FIRST * 2 ** (len(deaths) - 1), _BACKOFF_MAX))
            await child.start()
            self._record()

    def _record(self) -> None:
        """Write which process runs under which id: for operators, and for tests that kill on purpose."""
        table = {child.name: child.process.pid for child in self._children if child.process is not None}
        partial = self._processes_file.with_suffix(".part")
        partial.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._processes_file)
