"""The small HTTP face of a process: ``/healthz``, ``/readyz`` and ``/metrics`` as one raw ASGI application."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from at_core.errors import ConfigurationError
from at_core.runtime.metrics import Metrics

__all__ = ["HttpServer", "StatusApp"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class StatusApp:
    """Answers the three questions every process must answer; 404 for everything else."""

    PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

    def __init__(self, metrics: Metrics, ready: Callable[[], bool]) -> None:
        self._metrics = metrics
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request."""
        if scope["type"] != "http":
            return
        status, content_type, body = self.answer(scope["path"])
        headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, path: str) -> tuple[int, bytes, bytes]:
        """Return status, content type and body for ``path``."""
        if path == "/healthz":
            return 200, b"application/json", b'{"status":"alive"}'
        if path == "/readyz":
            ready = self._ready()
            body = b'{"status":"ready"}' if ready else b'{"status":"catching up or not connected"}'
            return (200 if ready else 503), b"application/json", body
        if path == "/metrics":
            return 200, b"text/plain; version=0.0.4; charset=utf-8", self._metrics.render()
        return 404, b"application/json", b'{"code":"NOT_FOUND"}'


class HttpServer:
    """A uvicorn server inside the running loop, on a socket that is bound before anything is promised."""

    def __init__(self, app: Any, host: str, port: int, *, drain_seconds: int = 5) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            loop="none",
            timeout_graceful_shutdown=drain_seconds,
            server_header=False,
            proxy_headers=False,  # who called is decided by the socket, not by what a caller writes
        )
        self._server = _QuietServer(config)
        self._host = host
        self._port = port
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Bind and serve; raises ConfigurationError when the port is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise ConfigurationError(
                f"http.port: cannot listen on {self._host}:{self._port} ({error.strerror}); choose another port"
            ) from error
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop accepting, finish what is under way, close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _QuietServer(uvicorn.Server):
    """Leaves signals to the service, which drains in its own order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the service owns the signals."""
        yield
