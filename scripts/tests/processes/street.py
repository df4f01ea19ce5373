"""The street: a platform on real processes, in a thread of its own, with hands to use it and to break it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from _lib.home import Home, Ports
from _lib.platform import Platform
from processes.waiting import until

__all__ = ["SERVICES", "Door", "Street"]

SERVICES = ("gateway", "agents", "gate", "engine", "obs")
_START_SECONDS = 90.0


class Door:
    """The gateway's HTTP as its users see it: the sender of alerts, and operators of each role."""

    def __init__(self, endpoints: dict[str, Any], credentials: dict[str, Any]) -> None:
        self.endpoints = endpoints
        self.token: str = credentials["webhook"]["token"]
        self.operators: dict[str, str] = credentials["operators"]
        self.webhook = f"{endpoints['webhook']}/{self.token}"
        self.client = httpx.Client(timeout=10)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def post(self, body: bytes, token: str | None = None) -> httpx.Response:
        """Send one alert."""
        address = self.webhook if token is None else f"{self.endpoints['webhook']}/{token}"
        return self.client.post(address, content=body, headers={"content-type": "application/json"})

    def accepted(self, body: bytes) -> str:
        """Send one alert that must be taken; return its signal id."""
        answer = self.post(body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["signal_id"])

    def get(self, path: str) -> dict[str, Any]:
        """Return one document of the read side; an empty one while there is none."""
        answer = self.client.get(
            f"{self.endpoints['gateway']}{path}",
            headers={"Authorization": f"Bearer {self.operators['viewer']}"},
        )
        if answer.status_code == 404:
            return {}
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def killswitch(self, role: str, action: str) -> httpx.Response:
        """Order a kill switch over everything, as an operator of ``role``."""
        return self.client.post(
            f"{self.endpoints['gateway']}/v1/killswitch",
            json={"action": action, "reason": f"{action} in a test"},
            headers={"Authorization": f"Bearer {self.operators[role]}"},
        )

    def end_of(self, signal_id: str, strategy: str = "follow_signal") -> dict[str, Any]:
        """Wait for the end of a flow and return what the trace tells of it."""

        def ended() -> dict[str, Any] | None:
            told: dict[str, Any] = self.get(f"/v1/traces/{signal_id}").get("strategies", {}).get(strategy, {})
            return told if told.get("terminal", "PENDING") not in {"PENDING", "WORKING"} else None

        found = until(f"the end of {signal_id}", ended)
        assert found is not None
        return found

    def metric(self, role: str, name: str, **labels: str) -> float:
        """Return one sample of a process's metrics."""
        text = self.client.get(f"{self.endpoints[role]}/metrics").text
        for line in text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if labels.items() <= found.items():
                    return float(match[3])
        raise AssertionError(f"{role} has no metric {name} {labels}")


class Street:
    """A platform under ``folder``; a context manager. The supervisor restarts what ``kill`` ends."""

    def __init__(self, folder: Path, home: type[Home] = Home) -> None:
        ports = Ports.free()
        self.platform = Platform(folder, ports)
        self.platform.home = home(folder, ports)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"street-{folder.name}")
        self._stop = asyncio.Event()

    def __enter__(self) -> Street:
        """Start everything and wait until it is ready."""
        self._thread.start()
        try:
            self._call(self.platform.start())
        except BaseException:
            self._end()
            raise
        self._watching = asyncio.run_coroutine_threadsafe(self.platform.run(self._stop), self._loop)
        self.door = Door(self.platform.endpoints, self.platform.credentials)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything; a child that could not be kept alive is told here at the latest."""
        self.door.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        try:
            self._watching.result(10)
        finally:
            self._end()

    @property
    def home(self) -> Home:
        """Where it lives."""
        return self.platform.home

    @property
    def keys(self) -> Path:
        """Every role's seed."""
        return self.home.folder / "keys"

    def kill(self, name: str) -> int:
        """End a process without a warning (SIGKILL); return the id it had."""
        number = self.platform.process_id(name)
        os.kill(number, signal.SIGKILL)
        return number

    def back(self, name: str, before: int, seconds: float = 60.0) -> None:
        """Wait until the supervisor has started ``name`` again and everybody who depends on it is ready."""
        until(
            f"{name} started again",
            lambda: self.platform.process_id(name) not in {before, 0},
            seconds=seconds,
        )
        for role in SERVICES if name == "nats" else (name,):
            until(f"{role} ready", partial(self.ready, role), seconds=seconds)

    def ready(self, role: str) -> bool:
        """Whether a service says that it is ready."""
        try:
            answer = self.door.client.get(f"{self.door.endpoints[role]}/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def log(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines a process has logged so far, over all its lives."""
        lines = self.home.log_of(name).read_text("utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def _end(self) -> None:
        try:
            self._call(self.platform.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()
