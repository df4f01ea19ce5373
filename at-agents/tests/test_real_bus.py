"""The desk on a real nats-server, in its own account, with its own key: answers, restarts, and answers only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from desk_world import proposals, runs
from test_street import CATALOGUE

from at_agents.bootstrap import build_desk
from at_agents.wiring import AGENTS
from at_core.clock import SystemClock
from at_core.events import Event, decode
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Bus, Outgoing
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service
from at_core.testing.builders import INSTRUMENTS, a_market_bar, a_signal
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import durable, durables_of

CLOCK = SystemClock()


@asynccontextmanager
async def desk(place: NatsPlace) -> AsyncIterator[Service]:
    metrics = Metrics("agents", durables=[known.name for known in durables_of("agents")])
    bus = await place.connect("agents")
    publisher = Publisher(bus, CLOCK, metrics, role="agents", source="at-agents/1")
    body = build_desk(CATALOGUE, INSTRUMENTS, metrics)
    service = Service(AGENTS, body, bus=bus, publisher=publisher, clock=CLOCK, metrics=metrics)
    life = asyncio.create_task(service.run())
    try:
        await until(lambda: service.ready or life.done())
        yield service
    finally:
        service.stop()
        await life
        await bus.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the condition lives behind a socket
            await asyncio.sleep(0.02)


async def send(bus: Bus, *events: Event) -> None:
    for event in events:
        await bus.publish(Outgoing(subject_of(event), encode(event), headers_of(event)))


async def read(gateway: Bus, count: int) -> list[Event]:
    """All answers of the desk that the journal holds, once there are ``count``; its fold is the gateway's own."""
    inbox = await gateway.bind(durable("gateway-journal"))
    await inbox.rewind()
    found: list[Event] = []
    patience = 50
    while patience:
        messages = await inbox.fetch(64, 0.2)
        events = [decode(message.subject, message.headers, message.body) for message in messages]
        found += [event for event in events if event.type in AGENTS.emits]
        patience = patience - 1 if len(found) < count else min(patience - 1, 3)
    await inbox.close()
    return found


async def test_signals_and_bars_are_answered_once_across_a_restart(own_nats_place: NatsPlace) -> None:
    now = CLOCK.now()
    gateway = await own_nats_place.connect("gateway")
    bars = [
        a_market_bar(
            n,
            close=close,
            received_at=now,
            exchange_time=now,
            bar_time=now + timedelta(minutes=n),
            timestamp=now,
        )
        for n, close in enumerate(("10", "9", "8", "7", "20"))
    ]
    fresh = {"received_at": now, "timestamp": now, "expires_at": now + timedelta(minutes=5)}
    try:
        async with desk(own_nats_place):
            await send(gateway, *bars[:4], a_signal(1, **fresh))
            first = await read(gateway, 2)
        async with desk(own_nats_place):
            await send(gateway, bars[4], a_signal(2, kind="CLOSE", side="SELL", **fresh))
            second = await read(gateway, 6)
        async with desk(own_nats_place):
            last = await read(gateway, 6)
    finally:
        await gateway.close()
    assert {event.event_id for event in first} < {event.event_id for event in second}
    assert [event.event_id for event in last] == [event.event_id for event in second]
    assert sorted(run.strategy for run in runs(last)) == ["ema_cross", "follow_signal", "follow_signal"]
    assert {run.proposal_id for run in runs(last)} == {proposal.event_id for proposal in proposals(last)}
