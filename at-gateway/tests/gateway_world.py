"""The gateway in one process for tests: memory bus, manual clock, in-process HTTP client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import httpx

from at_core.clock import ManualClock
from at_core.events import Event, decode
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.ids import SeededIds
from at_core.instruments import Instruments
from at_core.runtime.bus import Outgoing
from at_core.runtime.http import StatusApp
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service, ServiceLimits
from at_core.runtime.settings import BusSettings
from at_core.testing.builders import T0
from at_core.topology.consumers import durables_of
from at_gateway.bootstrap import Gateway, build_gateway
from at_gateway.settings import GatewaySettings, OperatorRole, OperatorSettings, SourceSettings
from at_gateway.webhook.tokens import token_digest
from at_gateway.wiring import GATEWAY

INSTRUMENTS = Instruments.from_toml((files("at_core") / "data" / "instruments.toml").read_text("utf-8"))
TOKEN = "tv-token-for-tests-0123456789abcdef"
OTHER_TOKEN = "second-token-for-tests-0123456789"
SECRET = "correct-horse-battery"
OPERATORS = {role: f"{role.value}-token-for-tests-0123456789" for role in OperatorRole}
PATH = f"/webhooks/tradingview/{TOKEN}"

BUY: dict[str, Any] = {"ticker": "BTCUSDT", "action": "buy", "quantity": "0.5", "price": "50000"}


def a_source(**changes: Any) -> SourceSettings:
    values = {"name": "tv", "account": "paper", "token_sha256": [token_digest(TOKEN)], **changes}
    return SourceSettings.model_validate(values)


def a_settings(**changes: Any) -> GatewaySettings:
    operators = tuple(
        OperatorSettings(name=role.value, role=role, token_sha256=(token_digest(token),))
        for role, token in OPERATORS.items()
    )
    other = a_source(name="other", token_sha256=[token_digest(OTHER_TOKEN)], symbols=["AAPL"])
    values: dict[str, Any] = {
        "bus": BusSettings(url="nats://127.0.0.1:4222", seed_file=Path("none")),
        "sources": (a_source(), other),
        "operators": operators,
        "secrets": (SECRET,),
        **changes,
    }
    return GatewaySettings(**values)


class World:
    """``async with World() as world``: ready when entered."""

    def __init__(
        self, bus: MemoryBus | None = None, clock: ManualClock | None = None, **changes: Any
    ) -> None:
        self.clock = clock or ManualClock(T0)
        self.bus = bus or MemoryBus(self.clock)
        self.settings = a_settings(**changes)
        self.metrics = Metrics("gateway", "test", [known.name for known in durables_of("gateway")])
        self.handle = self.bus.as_role("gateway")
        self.gateway: Gateway = build_gateway(
            self.settings,
            bus=self.handle,
            clock=self.clock,
            ids=SeededIds(1),
            metrics=self.metrics,
            instruments=INSTRUMENTS,
        )
        self.service = Service(
            GATEWAY,
            self.gateway.body,
            bus=self.handle,
            publisher=Publisher(
                self.handle, self.clock, self.metrics, role="gateway", source="at-gateway/test"
            ),
            clock=self.clock,
            metrics=self.metrics,
            limits=ServiceLimits(rebuild_seconds_first=0.01, rebuild_seconds_max=0.02),
        )
        self.app = self.gateway.app(StatusApp(self.metrics, lambda: self.service.ready))
        transport = httpx.ASGITransport(app=self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gateway")

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.service.run())
        await self.until(lambda: self.service.ready)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.service.stop()
        await self._task
        await self.client.aclose()
        await self.handle.close()

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for a condition, never for a time."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - conditions are about other tasks' state; there is no event
                await asyncio.sleep(0)

    async def folded(self) -> None:
        """Wait until the views hold everything the streams hold."""
        await self.until(
            lambda: all(
                self.gateway.body.folded.get(name, 0) == len(self.bus.records(name))
                for name in ("JOURNAL", "QUARANTINE")
            )
        )

    async def post(self, body: Any, path: str = PATH, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        return await self.client.post(path, content=content, headers=headers)

    async def get(self, path: str, role: OperatorRole | None = OperatorRole.VIEWER) -> httpx.Response:
        return await self.client.get(path, headers=bearer(role))

    def events(self, stream: str) -> list[Event]:
        return [decode(record.subject, record.headers, record.body) for record in self.bus.records(stream)]

    def happen(self, *events: Event) -> None:
        """Store events of other roles."""
        for event in events:
            self.bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))


def bearer(role: OperatorRole | None) -> dict[str, str]:
    return {} if role is None else {"Authorization": f"Bearer {OPERATORS[role]}"}
