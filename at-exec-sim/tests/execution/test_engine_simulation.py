"""The engine as a service on a disturbed bus with a disturbed broker, killed at random: a seed is a bug report."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_world import GATE

from at_core.enums import OrderStatus, OrderType, Side
from at_core.events import (
    AccountEvent,
    Event,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    PositionEvent,
    decode,
)
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.body import Job
from at_core.runtime.bus import Outgoing
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service
from at_core.runtime.signing import NkeyVerifier
from at_core.testing.builders import INSTRUMENTS, T0, a_market_bar, a_proposal, an_approval
from at_core.testing.simulation import FaultRates, Host, LoopClock, SeededFaults, VirtualLoop, run_virtual
from at_core.topology.consumers import durables_of
from at_exec_sim.brokers import faults as broker_faults
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.execution.assembly import build_engine
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.wiring import ENGINE

SEEDS = range(40)
APPROVALS = 12
SETTLING_SECONDS = 90
"""Longer than an ack wait, an approval's life and the last redelivery together."""
OVER = frozenset(status for status in OrderStatus if status.terminal)
RATES = FaultRates(crash_on_publish=0.04)


class Switchable:
    """Broker faults that can be calmed."""

    def __init__(self, seed: int) -> None:
        self._faults = broker_faults.SeededFaults(seed, 0.2)
        self.calm = False
        self.injected = 0

    def next(self, verb: str) -> broker_faults.Fault | None:
        fault = None if self.calm else self._faults.next(verb)
        self.injected += fault is not None
        return fault


@dataclass
class Ending:
    bus: MemoryBus
    broker: SimulatedBroker
    crashes: int
    injected: int

    def of(self, kind: type[Any]) -> list[Any]:
        events = (decode(one.subject, one.headers, one.body) for one in self.bus.records("EXEC"))
        return [event for event in events if isinstance(event, kind)]


def _approval(chance: random.Random, n: int, now: datetime) -> Event:
    changes: dict[str, Any] = {"valid_from": now, "valid_until": now + timedelta(minutes=1)}
    changes["side"] = chance.choice(list(Side))
    changes["quantity"] = str(chance.randint(1, 5) / Decimal(10))
    changes["reduce_only"] = chance.random() < 0.3
    if chance.random() < 0.3:
        changes |= {"order_type": OrderType.LIMIT, "limit_price": str(chance.randint(48_000, 52_000))}
    return an_approval(n, a_proposal(n, **changes), timestamp=now)


def _signed(event: Event) -> Outgoing:
    body = encode(event)
    return Outgoing(subject_of(event), body, {**headers_of(event), "at-sig": GATE.sign(body)})


async def _walk(loop: VirtualLoop, seed: int) -> Ending:
    chance = random.Random(seed)
    clock = LoopClock(loop, T0)
    faults = SeededFaults(chance, RATES)
    bus = MemoryBus(clock, faults=faults)
    bad = Switchable(seed)
    broker = SimulatedBroker(VenueStore(":memory:"), VenueConfig(INSTRUMENTS, seed=seed), clock, faults=bad)

    def build() -> Service:
        metrics = Metrics("engine", durables=[one.name for one in durables_of("engine")])
        handle = bus.as_role("engine")
        publisher = Publisher(handle, clock, metrics, role="engine", source="at-exec-sim/engine-1")
        body = build_engine(
            config=EngineConfig(settle_seconds=5), broker=broker, verifier=NkeyVerifier(GATE.public_key),
            publisher=publisher, clock=clock, metrics=metrics, instruments=INSTRUMENTS,
        )  # fmt: skip
        jobs = (Job("poll", 0.25, body.poll),)
        return Service(ENGINE, body, bus=handle, publisher=publisher, clock=clock, metrics=metrics, jobs=jobs)

    host = Host("engine", build)
    faults.crash = lambda _role: host.crash()
    host.start()
    for n in range(1, APPROVALS + 1):
        await asyncio.sleep(chance.uniform(0, 2))
        await bus.publish(_signed(_approval(chance, n, clock.now())))
        if chance.random() < 0.7:
            at, close = clock.now(), str(chance.randint(48_000, 52_000))
            bar = a_market_bar(
                n, symbol="BTC/USDT", close=close, volume="0.3", timestamp=at, exchange_time=at
            )
            await bus.publish(Outgoing(subject_of(bar), encode(bar), headers_of(bar)))
        if chance.random() < 0.1:
            host.crash()
    faults.calm = bad.calm = True
    await asyncio.sleep(SETTLING_SECONDS)
    for order in await broker.get_open_orders():  # what still rests is ended at the broker, not by us
        await broker.cancel_order(order.broker_order_id)
    await asyncio.sleep(SETTLING_SECONDS)
    assert host.ready
    await host.stop()
    return Ending(bus, broker, host.crashes, sum(faults.injected.values()) + bad.injected)


def _judge(end: Ending) -> None:
    book = end.broker._book
    approvals = [decode(one.subject, one.headers, one.body) for one in end.bus.records("RISK")]
    intents, fills = end.of(OrderSubmittedEvent), end.of(FillEvent)
    written = Counter(intent.client_order_id for intent in intents)
    assert max(written.values(), default=1) == 1
    assert set(book.orders) <= set(written), "an order without a written intent"
    endings = {event.client_order_id for event in end.of(OrderStatusUpdatedEvent) if event.status in OVER}
    for approval in approvals:
        assert getattr(approval, "client_order_id", None) in endings, "an approval that led nowhere"
    venue_fills = {
        fill.execution_id: fill.quantity for fill in end.broker._store.fills_of(None, None, 10_000)
    }
    assert {fill.execution_id: fill.quantity for fill in fills} == venue_fills
    assert len(fills) == len(venue_fills), "an execution told twice"
    for kind in (PositionEvent, AccountEvent):
        causes = Counter(event.causation_id for event in end.of(kind) if event.causation_id)
        assert causes == Counter(fill.event_id for fill in fills)
    last = {event.symbol: event.quantity for event in end.of(PositionEvent)}
    assert last == {symbol: held.quantity for symbol, held in book.holdings.items()}
    assert end.of(AccountEvent)[-1].cash == book.cash
    assert not end.bus.records("DLQ")


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_every_approval_ends_once_and_ours_equals_theirs(seed: int) -> None:
    async def main(loop: VirtualLoop) -> Ending:
        return await _walk(loop, seed)

    _judge(run_virtual(main))


def test_the_seeds_disturb_and_kill() -> None:
    async def main(loop: VirtualLoop) -> Ending:
        return await _walk(loop, 3)

    end = run_virtual(main)
    assert end.injected > 10
    assert end.crashes > 0
