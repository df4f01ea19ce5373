"""A real bus with two readers of the signals, their real consumers, and the operator's command line beside them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from at_core.cli import main
from at_core.clock import ManualClock
from at_core.contracts.golden_payloads import derived_payloads
from at_core.events import AgentRunCompleted, Emit, Event, SignalCreated, encode
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Inbox, Outgoing, Stored
from at_core.runtime.consumer import Consumer
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.publisher import Publisher
from at_core.testing.builders import T0
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.consumers import DURABLES, Durable

SIGNAL = "trading.signal.created"
SECOND_READER = Durable("gate-signals", "SIGNALS", "gate", "queue", (SIGNAL,))


class SignalEventV2(SignalCreated, Event):
    """The next major of a signal, as a build that is newer would have it."""

    VERSION: ClassVar[str] = "2.0"
    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "SIGNALS"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")
    EXPIRES: ClassVar[bool] = True

    type: Literal["trading.signal.created"]


def newer(signal: Event) -> SignalEventV2:
    return SignalEventV2.model_validate(signal.model_dump() | {"schema_version": "2.0"})


def run_of(event: Event) -> Emit:
    payload = AgentRunCompleted(
        strategy="s", strategy_version="1", trigger_type=event.type, trigger_id=event.event_id,
        verdict="ABSTAINED", reason_code="TEST",
    )  # fmt: skip
    return Emit(payload, "paper", slot="s")


def ruling_of(_event: Event) -> Emit:
    return Emit(
        next(known for known in derived_payloads() if known.event_type == "trading.risk.rejected"), "paper"
    )


class Handler:
    """A body that answers each trigger with one event, and keeps no memory: only derived ids protect it."""

    def __init__(self, answer: Callable[[Event], Emit]) -> None:
        self.answer = answer
        self.seen: list[str] = []

    def reset(self) -> None:
        self.seen = []

    def observe(self, delivery: Delivery) -> None:
        return None

    async def recover(self) -> None:
        return None

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        self.seen.append(str(delivery.event.event_id))
        return [self.answer(delivery.event)]

    def emitted(self, event: Event) -> None:
        return None


class Reader:
    """One role with its real consumer on one queue."""

    def __init__(self, bus: NatsBus, role: str, inbox: Inbox, answer: Callable[[Event], Emit]) -> None:
        self.inbox = inbox
        self.body = Handler(answer)
        metrics, clock = Metrics(role, durables=[inbox.durable.name]), ManualClock(T0)
        publisher = Publisher(bus, clock, metrics, role=role, source=f"at-test/{role}")
        self.consumer = Consumer(self.body, bus, publisher, clock, metrics)

    async def turn(self) -> int:
        """Handle what is there; returns how many deliveries that were."""
        messages = await self.inbox.fetch(100, 1.0)
        await self.consumer.react(self.inbox, messages)
        return len(messages)


class World:
    def __init__(self, place: NatsPlace) -> None:
        self.place = place
        self.buses: dict[str, NatsBus] = {}

    async def bus(self, role: str) -> NatsBus:
        if role not in self.buses:
            self.buses[role] = await self.place.connect(role)
        return self.buses[role]

    async def reader(self, durable: Durable, answer: Callable[[Event], Emit]) -> Reader:
        bus = await self.bus(durable.role)
        return Reader(bus, durable.role, await bus.bind(durable), answer)

    async def publish(self, role: str, event: Event, **headers: str) -> Stored:
        message = Outgoing(subject_of(event), encode(event), {**headers_of(event), **headers})
        return await (await self.bus(role)).publish(message)

    async def at_core(
        self, capsys: pytest.CaptureFixture[str], *words: str
    ) -> tuple[int, list[dict[str, Any]]]:
        """Run a verb with ``--json`` in a thread of its own; returns its exit code and what it said."""
        code = await asyncio.to_thread(main, [*words, *self.where, "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    @property
    def where(self) -> list[str]:
        return ["--server", self.place.url, "--keys", str(self.place.keys_folder)]

    async def close(self) -> None:
        for bus in self.buses.values():
            await bus.close()


def make_world(folder: Path) -> World:
    return World(make_nats_place(folder, (*DURABLES, SECOND_READER)))
