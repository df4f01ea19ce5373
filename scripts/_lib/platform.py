"""A running platform: the bus and every process of the manifest, as one thing to start and stop."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _lib.home import Home, Ports, Process
from _lib.supervise import Child, Supervisor

__all__ = ["Platform"]


class Platform:
    """Starts everything in order and keeps it alive."""

    def __init__(self, folder: Path, ports: Ports, *, deaths_max: int = 20, observed: bool = False) -> None:
        self.home = Home(folder, ports, observed=observed)
        self.credentials: dict[str, Any] = {}
        self.endpoints: dict[str, Any] = {}
        self._folder = folder
        self._deaths_max = deaths_max
        self._supervisor: Supervisor | None = None

    async def start(self, roles: Sequence[str] | None = None) -> None:
        """Start the bus, provision it, start the services (all, or ``roles``) and wait until all are ready.

        Raises GaveUp when one cannot be started.
        """
        self.credentials = self.home.prepare()
        self._supervisor = Supervisor(self.home.folder / "processes.json", deaths_max=self._deaths_max)
        await self._supervisor.start(self._bus())
        await self._provision()
        wanted = [process for process in self.home.ports.processes if roles is None or process.role in roles]
        await self._supervisor.start(*(self._service(process) for process in wanted))
        self.endpoints = self.home.announce()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``."""
        if self._supervisor is not None:
            await self._supervisor.run(stop)

    async def stop(self) -> None:
        """Drain and stop everything."""
        if self._supervisor is not None:
            await self._supervisor.stop()

    def process_id(self, name: str) -> int:
        """The process id of a child, as it is at this moment."""
        table = json.loads((self.home.folder / "processes.json").read_text())
        return int(table[name])

    def _bus(self) -> Child:
        from at_core.topology.server import find_binary, greeting

        async def ready() -> bool:
            info = greeting("127.0.0.1", self.home.ports.bus)
            if info is not None and info.get("server_name") != self.home.server_name:
                raise RuntimeError(
                    f"port {self.home.ports.bus} belongs to another nats-server ({info.get('server_name')}); "
                    "stop it, or use --ports auto"
                )
            return info is not None

        command = (str(find_binary()), "-c", str(self.home.nats_config))
        return Child("nats", command, self.home.log_of("nats"), ready)

    async def _provision(self) -> None:
        from at_core.runtime.nats_provision import provision_server

        changes = await provision_server(
            (self.home.bus_url,), self.home.folder / "keys", apply=True, version=version("at-core")
        )
        refused = [str(change) for change in changes if change.outcome == "refused"]
        if refused:
            raise RuntimeError("the bus refused its topology:\n" + "\n".join(refused))

    def _service(self, process: Process) -> Child:
        program = Path(sys.executable).parent / process.command[0]
        command = (str(program), *process.command[1:], "--config", str(self.home.config_of(process.role)))
        return Child(process.role, command, self.home.log_of(process.role), _ready(process.port))


def _ready(port: int) -> Callable[[], Awaitable[bool]]:
    address = f"http://127.0.0.1:{port}/readyz"

    def ask() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def ready() -> bool:
        return await asyncio.to_thread(ask)

    return ready
