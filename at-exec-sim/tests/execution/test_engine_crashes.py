"""Killed at every step: exactly one order at the venue, each execution once, the same ids, the right position."""

from collections import Counter
from decimal import Decimal

import pytest
from engine_world import Crash, World, run

from at_core.errors import BusUnavailable
from at_core.events import (
    AccountEvent,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    PositionEvent,
    RiskApprovedEvent,
)
from at_core.runtime.bus import Incoming, Outgoing
from at_core.runtime.bus_faults import NO_DELIVER_FAULT, DeliverFault, PublishFault
from at_core.topology.consumers import Durable

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


def test_an_exit_left_on_the_wire_and_overtaken_is_not_sent_into_a_new_position() -> None:
    async def bought() -> World:
        world = World()
        await world.start()
        await world.approve(1)
        return world

    async def story() -> None:
        dying = await bought()
        late = dying.approval(2, side="SELL", reduce_only=True)
        dying.wire.arm(0, after=True)
        with pytest.raises(Crash):
            await dying.deliver(late)
        intent = dying.bus.records("EXEC")[-1]

        heir = await bought()
        await heir.approve(3, side="SELL", reduce_only=True)
        assert heir.held() == 0
        heir.bus.store(Outgoing(intent.subject, intent.body, intent.headers))
        await heir.deliver(late)
        assert (
            heir.life(late)[-1] == "UNKNOWN"
        )  # its predecessor may have sent it: given up only after settling
        heir.clock.advance(heir.config.settle_seconds)
        await heir.poll()
        assert heir.held() == 0
        assert heir.life(late)[-1] == "CANCELED"
        assert heir.last_code(late) == "EXIT_OVERTAKEN"

    run(story())


class FillsAreLost:
    """Every execution is lost on its way to the stream; everything else arrives."""

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        return PublishFault(drop_before_store=".execution.fill." in message.subject)

    def on_deliver(self, durable: Durable, message: Incoming) -> DeliverFault:
        return NO_DELIVER_FAULT

    def on_ack(self, durable: Durable, message: Incoming) -> bool:
        return False


def test_no_notice_is_stored_without_its_execution() -> None:
    async def story() -> None:
        world = World()
        await world.start()
        world.bus.faults = FillsAreLost()
        with pytest.raises(BusUnavailable):
            await world.approve()
        assert len(world.of(OrderSubmittedEvent)) == 1
        assert not world.of(FillEvent)
        assert not world.of(PositionEvent)

    run(story())
