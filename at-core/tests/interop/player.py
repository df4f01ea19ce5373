"""One side of the interop suite: a producer or a consumer made of whatever at-core the running interpreter has.

Runs in a virtual environment of its own, so it may use only what every supported at-core offers. It is driven over
its standard input, one word per line, and answers with one JSON object per line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

from at_core.clock import SystemClock
from at_core.enums import Liquidity, OrderStatus, Side
from at_core.events import AlertQuarantined, Emit, Event, FillRecorded, Payload
from at_core.ids import natural_id
from at_core.runtime.bus import Bus
from at_core.runtime.consumer import Consumer
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.publisher import Publisher
from at_core.topology.consumers import Durable

KEYS = ("A", "B", "C", "D")
NOW = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
PLAN = natural_id("interop", "plan")


def say(**facts: object) -> None:
    """Answer the suite."""
    sys.stdout.write(json.dumps(facts, default=str) + "\n")
    sys.stdout.flush()


def alert(source: str, number: int) -> AlertQuarantined:
    """A refused alert, in the newest form this at-core knows."""
    facts = {
        "signal_source": source,
        "code": "BODY_INVALID",
        "hint": f"number {number}",
        "content_type": "text/plain",
        "body_size": 5,
        "body_digest": "0" * 64,
        "received_at": NOW,
    }
    text = f"alert {number}"
    if "body" in AlertQuarantined.model_fields:
        return AlertQuarantined(body=text, **facts)
    return AlertQuarantined(body_text=text, body_encoding="UTF8", truncated=False, **facts)


def fill(order: str, number: int) -> FillRecorded:
    """One execution of many; carries the broker where this at-core knows the field."""
    more = {"broker": "simulated"} if "broker" in FillRecorded.model_fields else {}
    return FillRecorded(
        client_order_id=order,
        broker_order_id="X-1",
        execution_id=f"{sys.argv[4]}-{number}",
        proposal_id=PLAN,
        plan_id=PLAN,
        strategy="interop",
        symbol="BTC/USDT",
        side=Side.BUY,
        quantity=Decimal("0.010"),
        price=Decimal("50000.10"),
        fee=Decimal("-0.1"),
        fee_currency="USDT",
        liquidity=Liquidity.TAKER,
        executed_at=NOW + timedelta(seconds=number),
        filled_quantity=Decimal("0.010"),
        leaves_quantity=Decimal("1E+2"),
        status=OrderStatus.PARTIALLY_FILLED,
        **more,
    )


class Producer:
    """Publishes one event per key and type each time it is told ``go``."""

    def __init__(self, gateway: Bus, engine: Bus, majors: dict[str, int]) -> None:
        self._as_gateway = self._publisher(gateway, "gateway", majors)
        self._as_engine = self._publisher(engine, "engine", {})
        self._number = 0

    def _publisher(self, bus: Bus, role: str, majors: dict[str, int]) -> Publisher:
        more = {"emit_major": majors} if majors else {}
        return Publisher(
            bus, SystemClock(), Metrics(role), role=role, source=f"interop/{sys.argv[4]}", **more
        )

    async def go(self) -> None:
        """Publish the next round and say what was stored where."""
        for key in KEYS:
            self._number += 1
            await self._store(self._as_gateway, alert(f"source-{key}", self._number), key)
            await self._store(self._as_engine, fill(f"order-{key}", self._number), key)

    async def _store(self, publisher: Publisher, payload: Payload, key: str) -> None:
        event_id = natural_id("interop", f"{sys.argv[4]}/{payload.event_type}/{self._number}")
        event = publisher.originate(Emit(payload, "paper"), event_id, NOW)
        stored = await publisher.publish(event)
        say(stored=stored.sequence, stream=stored.stream, type=event.type, id=event.event_id, key=key)


class Recorder:
    """A body that says what reaches it; nothing else."""

    def reset(self) -> None:
        """Nothing to forget."""

    def observe(self, delivery: Delivery) -> None:
        """Folds are not used here."""

    async def recover(self) -> None:
        """Nothing to recover."""

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Say what was read, in the newest form this at-core knows."""
        event = delivery.event
        say(
            read=delivery.message.sequence,
            subject=delivery.message.subject,
            id=event.event_id,
            version=event.schema_version,
            facts=json.loads(event.model_dump_json(exclude_none=True)),
        )
        return ()

    def emitted(self, event: Event) -> None:
        """Nothing is emitted."""


async def produce(url: str, keys: Path, majors: dict[str, int]) -> None:
    """Serve ``go`` until the input ends."""
    gateway = await NatsBus.connect(url, role_name="gateway", seed_file=keys / "gateway.nk")
    engine = await NatsBus.connect(url, role_name="engine", seed_file=keys / "engine.nk")
    producer = Producer(gateway, engine, majors)
    say(ready=version("at-core"))
    while await asyncio.to_thread(sys.stdin.readline):
        await producer.go()
        say(done=True)
    await gateway.close()
    await engine.close()


async def consume(url: str, keys: Path, stream: str, durable_name: str) -> None:
    """Read a queue until the input ends."""
    durable = Durable(durable_name, stream, "obs", "queue", ack_wait_seconds=30)
    bus = await NatsBus.connect(url, role_name="obs", seed_file=keys / "obs.nk")
    metrics = Metrics("obs", "0", [durable_name])
    clock = SystemClock()
    publisher = Publisher(bus, clock, metrics, role="obs", source="interop/reader")
    consumer = Consumer(Recorder(), bus, publisher, clock, metrics)
    inbox = await bus.bind(durable)
    say(ready=version("at-core"))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    while not ended.done():
        await consumer.react(inbox, await inbox.fetch(64, 0.2))
    await bus.close()


def main() -> None:
    """``player.py produce|consume URL KEYS NAME [STREAM] [MAJORS]``."""
    verb, url, keys = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if verb == "produce":
        asyncio.run(produce(url, keys, json.loads(sys.argv[5])))
    else:
        asyncio.run(consume(url, keys, sys.argv[5], sys.argv[4]))


if __name__ == "__main__":
    main()
