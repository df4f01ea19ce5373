"""Intake without HTTP: stored before answered, once however often it comes, and safe when the bus is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from gateway_world import BUY, SECRET, TOKEN, World

from at_core.clock import ManualClock
from at_core.enums import BodyEncoding
from at_core.events import AlertQuarantinedEvent, SignalEvent
from at_core.runtime.bus import Outgoing
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, NO_PUBLISH_FAULT, DeliverFault, PublishFault
from at_core.runtime.memory_bus import MemoryBus
from at_core.testing.builders import T0
from at_gateway.webhook import intake as intake_room
from at_gateway.webhook.answers import Answer
from at_gateway.webhook.refusals import Refusal, RefusalCode


class Faulty:
    """Faults decided by one function per publish."""

    def __init__(self, decide: Callable[[Outgoing], PublishFault]) -> None:
        self.decide = decide

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        return self.decide(message)

    def on_deliver(self, *_: Any) -> DeliverFault:
        return NO_DELIVER_FAULT

    def on_ack(self, *_: Any) -> bool:
        return False


async def accept(world: World, body: Any, **more: Any) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await world.gateway.intake.accept(world.gateway.sources["tv"], "application/json", raw, **more)


def signals(world: World) -> list[SignalEvent]:
    return [event for event in world.events("SIGNALS") if isinstance(event, SignalEvent)]


async def test_an_accepted_alert_is_stored_with_its_account_and_expiry(world: World) -> None:
    answer = await accept(world, BUY)
    (event,) = signals(world)
    assert answer.status == 202
    assert answer.body["signal_id"] == answer.body["correlation_id"] == str(event.event_id)
    assert (event.account, event.symbol, event.side) == ("paper", "BTC/USDT", "BUY")
    assert (event.expires_at - T0).total_seconds() == 60 if event.expires_at else False
    assert event.timestamp == event.received_at == T0


async def test_fifty_at_once_are_one_signal(world: World) -> None:
    answers = await asyncio.gather(*(accept(world, BUY) for _ in range(50)))
    assert len(signals(world)) == 1
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["signal_id"] for answer in answers}) == 1
    assert [answer.body["duplicate"] for answer in answers].count(False) == 1


async def test_a_copy_within_the_window_is_the_same_signal_and_after_it_a_new_one(world: World) -> None:
    first = await accept(world, BUY)
    world.clock.advance(44)
    copy = await accept(world, BUY)
    world.clock.advance(2)
    new = await accept(world, BUY)
    assert copy.body == {**first.body, "duplicate": True}
    assert new.body["signal_id"] != first.body["signal_id"]
    assert not new.body["duplicate"]


async def test_a_restart_refolds_what_was_taken() -> None:
    clock = ManualClock(T0)
    bus = MemoryBus(clock)
    alerts: list[Any] = [BUY, {**BUY, "alert_id": "a1"}]
    async with World(bus, clock) as before:
        first = [await accept(before, alert) for alert in alerts]
    clock.advance(20)
    async with World(bus, clock) as after:
        again = [await accept(after, alert) for alert in alerts]
        assert [answer.body for answer in again] == [{**answer.body, "duplicate": True} for answer in first]
        assert len(signals(after)) == 2


async def test_a_stored_alert_that_grew_stale_is_still_known(world: World) -> None:
    alert = {**BUY, "timenow": "2026-01-05T14:59:59Z", "alert_id": "a9"}
    first = await accept(world, alert)
    world.clock.advance(3_600)
    again = await accept(world, alert)
    fresh = await accept(world, {**alert, "alert_id": "a10"})
    assert again.body == {**first.body, "duplicate": True}
    assert fresh.body["code"] == "STALE_ALERT"


async def test_before_the_fold_is_done_nothing_is_taken() -> None:
    closed = World()
    answer = await accept(closed, BUY)
    assert (answer.status, answer.code, answer.retry_after) == (503, "NOT_READY", 5)
    assert not signals(closed)


async def test_without_the_bus_the_answer_is_503_and_the_same_alert_later_is_taken_once(world: World) -> None:
    world.bus.available = False
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await accept(world, BUY)
    assert loop.time() - began < 2
    assert (answer.status, answer.code) == (503, "NOT_STORED")
    refused = await accept(world, b"not json at all")
    assert refused.status == 503
    world.bus.restart()
    world.clock.advance(5)
    again = await accept(world, BUY)
    assert (again.status, again.body["duplicate"]) == (202, False)
    assert len(signals(world)) == 1


async def test_a_lost_confirmation_never_makes_a_second_signal() -> None:
    clock = ManualClock(T0)
    lost = {"left": 3}

    def decide(message: Outgoing) -> PublishFault:
        if message.subject.startswith("trading.signal") and lost["left"]:
            lost["left"] -= 1
            return PublishFault(drop_confirmation=True)
        return NO_PUBLISH_FAULT

    async with World(MemoryBus(clock, faults=Faulty(decide)), clock) as world:
        first = await accept(world, BUY)
        clock.advance(5)
        second = await accept(world, BUY)
        assert (first.status, second.status) == (503, 202)
        assert len(signals(world)) == 1
        assert second.body["signal_id"] == str(signals(world)[0].event_id)


async def test_copies_that_wait_share_the_fate_of_the_first() -> None:
    clock = ManualClock(T0)
    faults = Faulty(lambda message: PublishFault(delay_seconds=0.01, drop_before_store=True))
    async with World(MemoryBus(clock, faults=faults), clock) as world:
        answers = await asyncio.gather(*(accept(world, BUY) for _ in range(5)))
        assert [answer.code for answer in answers] == ["NOT_STORED"] * 5
        assert not signals(world)


async def test_the_deadline_holds_when_the_bus_hangs() -> None:
    clock = ManualClock(T0)
    faults = Faulty(lambda message: PublishFault(confirmation_delay_seconds=60))
    async with World(MemoryBus(clock, faults=faults), clock) as world:
        answer = await accept(world, BUY, deadline_seconds=0.05)
        assert (answer.status, answer.code) == (503, "NOT_STORED")


async def test_more_alerts_than_allowed_at_once_are_put_off() -> None:
    clock = ManualClock(T0)
    release = asyncio.Event()
    settings = World().settings.webhook.model_copy(update={"accepts_max": 3})
    async with World(clock=clock, webhook=settings) as world:
        publish = world.handle.publish

        async def slow(message: Outgoing, timeout_seconds: float = 2.0) -> Any:
            await release.wait()
            return await publish(message, timeout_seconds)

        world.handle.publish = slow  # type: ignore[method-assign]  # the seam of this test: a bus that waits
        posts = [asyncio.create_task(accept(world, {**BUY, "alert_id": str(n)})) for n in range(5)]
        await world.until(lambda: sum(post.done() for post in posts) == 2)
        release.set()
        answers = [await post for post in posts]
        assert sorted(answer.code for answer in answers) == ["", "", "", "BUSY", "BUSY"]
        assert world.metrics.value("at_webhook_under_way") == 0


async def test_a_refused_body_is_kept_without_its_secrets_before_the_answer(world: World) -> None:
    body = f'{{"ticker":"NOPE","action":"buy","comment":"{SECRET} {TOKEN}","passphrase":"open sesame"}}'
    answer = await accept(world, body.encode(), token=TOKEN)
    (kept,) = world.events("QUARANTINE")
    assert isinstance(kept, AlertQuarantinedEvent)
    assert answer.status == 422
    assert answer.body["quarantine_id"] == str(kept.event_id)
    assert (kept.code, kept.signal_source, kept.account) == ("UNKNOWN_SYMBOL", "tv", "paper")
    assert kept.body_size == len(body)
    assert (kept.body_encoding, kept.truncated) == (BodyEncoding.UTF8, False)
    text = world.bus.records("QUARANTINE")[0].body.decode() + json.dumps(answer.body)
    for secret in (SECRET, TOKEN, "open sesame"):
        assert secret not in text


async def test_what_is_kept_says_how_it_became_text(world: World) -> None:
    for body in (b"\xff", b"\\xff"):
        await accept(world, body)
    too_large = Refusal(RefusalCode.BODY_TOO_LARGE)
    await world.gateway.intake.accept(world.gateway.sources["tv"], "", b"the beginning", refusal=too_large)
    kept = [event for event in world.events("QUARANTINE") if isinstance(event, AlertQuarantinedEvent)]
    assert [(event.body_text, event.body_encoding, event.truncated) for event in kept] == [
        ("\\xff", BodyEncoding.ESCAPED, False),
        ("\\xff", BodyEncoding.UTF8, False),
        ("the beginning", BodyEncoding.UTF8, True),
    ]


async def test_secrets_in_the_free_texts_of_an_accepted_alert_are_removed(world: World) -> None:
    await accept(
        world, {**BUY, "comment": f"see {TOKEN}", "order_id": SECRET, "strategy": f"my {TOKEN}"}, token=TOKEN
    )
    raw = world.bus.records("SIGNALS")[0].body.decode()
    assert TOKEN not in raw
    assert SECRET not in raw


async def test_a_bug_of_ours_quarantines_the_body_instead_of_failing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("planted")

    monkeypatch.setattr(intake_room, "decide", broken)
    answer = await accept(world, BUY)
    assert (answer.status, answer.code) == (400, "UNREADABLE")
    assert len(world.events("QUARANTINE")) == 1


async def test_a_bar_is_stored_as_market_data_once(world: World) -> None:
    bar = {
        **BUY,
        "kind": "bar",
        "interval": "1",
        "time": "2026-01-05T14:59:00Z",
        "open": 1,
        "high": 2,
        "low": 1,
        "close": 2,
    }
    del bar["price"]
    answers = [await accept(world, bar) for _ in range(2)]
    assert [answer.body["duplicate"] for answer in answers] == [False, True]
    assert [event.type for event in world.events("MARKET")] == ["market.raw"]
    assert answers[0].body["type"] == "market.raw"
