"""Killed at every step: exactly one order at the venue, each execution once, the same ids, the right position."""

from collections import Counter
from decimal import Decimal

import pytest
from engine_world import Crash, World, run

from at_core.events import (
    AccountEvent,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    PositionEvent,
    RiskApprovedEvent,
)

HALF = Decimal("0.5")


async def _undisturbed() -> World:
    world = World()
    await world.start()
    world.wire.arm(10_000, after=False)
    await world.approve()
    await world.poll()
    return world


STEPS = run(_undisturbed()).wire.steps


async def _deliver_and_poll(world: World, approval: RiskApprovedEvent) -> None:
    await world.deliver(approval)
    await world.poll()


async def _killed(at: int, *, after: bool) -> World:
    world = World()
    await world.start()
    approval = world.approval()
    world.wire.arm(at, after=after)
    with pytest.raises(Crash):
        await _deliver_and_poll(world, approval)
    world.wire.disarm()
    await world.start()
    await world.deliver(approval)
    await world.poll()
    return world


def test_the_undisturbed_order_is_written_sent_and_told_in_this_order() -> None:
    assert STEPS[:8] == [
        "publish trading.execution.submitted",
        "place_order",
        "get_trades",
        "publish trading.execution.updated",
        "publish trading.execution.fill",
        "publish portfolio.position.changed",
        "publish portfolio.account.changed",
        "publish trading.execution.updated",
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(len(STEPS)), ids=STEPS)
def test_killed_at_any_step_the_flow_ends_exactly_once(at: int, after: bool) -> None:
    world = run(_killed(at, after=after))
    reference = run(_undisturbed())
    assert len(world.venue_orders) == 1
    assert world.held() == HALF
    assert len(world.of(OrderSubmittedEvent)) == 1
    assert [fill.quantity for fill in world.of(FillEvent)] == [HALF]
    assert [position.quantity for position in world.of(PositionEvent)] == [HALF]
    accounts = world.of(AccountEvent)
    assert [account.fill_count for account in accounts] == [0, 1]
    assert accounts[-1].cash == world.broker._book.cash
    assert world.of(OrderStatusUpdatedEvent)[-1].status == "FILLED"
    ids = {event.event_id for event in world.events() if event.type != OrderStatusUpdatedEvent.types()[0]}
    expected = {
        event.event_id for event in reference.events() if event.type != OrderStatusUpdatedEvent.types()[0]
    }
    assert ids == expected
    repeated = [
        name for name, count in Counter(event.event_id for event in world.events()).items() if count > 1
    ]
    assert not repeated


@pytest.mark.parametrize("at", range(len(STEPS)), ids=STEPS)
def test_killed_twice_at_the_same_step_it_still_ends_exactly_once(at: int) -> None:
    async def story() -> World:
        world = World()
        await world.start()
        approval = world.approval()
        for _ in range(2):
            world.wire.arm(at, after=True)
            try:
                await world.start()
                await world.deliver(approval)
                await world.poll()
            except Crash:
                pass
            world.wire.disarm()
        await world.start()
        await world.deliver(approval)
        return world

    world = run(story())
    assert len(world.venue_orders) == 1
    assert world.held() == HALF
    assert len(world.of(FillEvent)) == len(world.of(PositionEvent)) == 1


def test_a_restart_after_the_end_says_nothing_new() -> None:
    async def story() -> tuple[int, int]:
        world = await _undisturbed()
        world.wire.disarm()
        before = len(world.events())
        await world.start()
        await world.poll()
        return before, len(world.events())

    before, after = run(story())
    assert before == after


def test_a_redelivered_approval_is_not_sent_again() -> None:
    async def story() -> World:
        world = World()
        await world.start()
        approval = await world.approve()
        for _ in range(3):
            await world.deliver(approval)
        return world

    world = run(story())
    assert world.placed == 1
    assert world.held() == HALF
