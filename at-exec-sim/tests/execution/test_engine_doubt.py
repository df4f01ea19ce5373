"""No answer is not a no: orders in doubt are looked up, adopted or sent again with the same id, never blindly."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_world import World, run

from at_core.enums import OrderType
from at_core.events import FillEvent, OrderSubmittedEvent, PositionEvent
from at_exec_sim.brokers.faults import Fault, FaultKind, FaultScript
from at_exec_sim.brokers.models import BrokerCode, ClientIdSemantics
from at_exec_sim.execution.config import EngineConfig

LOST_ANSWER = Fault(FaultKind.LOSE_ANSWER)
LOST_REQUEST = Fault(FaultKind.LOSE_REQUEST)
NETWORK = Fault(FaultKind.NETWORK)
RATE_LIMIT = Fault(FaultKind.RATE_LIMIT, seconds=2.0)
HIDDEN = Fault(FaultKind.HIDE_FILLS)
TWICE = Fault(FaultKind.DUPLICATE_FILLS)
HALF = Decimal("0.5")


async def _world(**script: list[Fault | None]) -> World:
    world = World(faults=FaultScript(script))
    await world.start()
    return world


def _ends_once(world: World, approval: Any) -> None:
    assert len(world.venue_orders) == 1
    assert world.held() == HALF
    assert len(world.of(FillEvent)) == len(world.of(PositionEvent)) == 1
    assert world.life(approval)[-1] == "FILLED"


def test_a_lost_answer_is_looked_up_and_adopted_not_sent_again() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_ANSWER])
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "UNKNOWN", "ACKNOWLEDGED", "fill", "FILLED"]
        assert world.placed == 1
        _ends_once(world, approval)

    run(story())


def test_a_lost_request_is_sent_again_with_the_same_id_after_a_lookup() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_REQUEST])
        approval = await world.approve()
        assert world.placed == 2
        assert world.broker.calls["find_order"] == 1
        _ends_once(world, approval)

    run(story())


def test_with_the_broker_silent_the_order_stays_unknown_and_the_sweep_resolves_it() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_ANSWER], find_order=[NETWORK] * 3)
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "UNKNOWN"]
        await world.poll()
        _ends_once(world, approval)

    run(story())


def test_an_order_in_doubt_stops_new_entries_of_its_symbol_but_not_of_others() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_ANSWER], find_order=[NETWORK] * 3)
        await world.approve()
        second = await world.approve(2)
        assert world.last_code(second) == "ORDER_IN_DOUBT"
        other = await world.approve(3, symbol="ETH/USDT", reference_price="2000")
        assert world.life(other)[-1] == "FILLED"

    run(story())


def test_with_ids_that_are_only_labels_an_unknown_order_is_never_sent_again() -> None:
    from dataclasses import replace

    async def story() -> None:
        world = await _world(place_order=[LOST_REQUEST])
        label = replace(world.broker.capabilities, client_id_semantics=ClientIdSemantics.LABEL)
        type(world.broker).capabilities = property(lambda self: label)  # type: ignore[assignment,method-assign] - undone below
        try:
            approval = await world.approve()
            await world.poll()
        finally:
            del type(world.broker).capabilities
        assert world.placed == 1
        assert world.life(approval) == ["submitted", "UNKNOWN"]

    run(story())


@pytest.mark.parametrize("fault", [NETWORK, RATE_LIMIT])
def test_a_broker_that_certainly_did_not_take_it_is_asked_again_after_a_lookup(fault: Fault) -> None:
    async def story() -> None:
        world = await _world(place_order=[fault])
        approval = await world.approve()
        assert "UNKNOWN" not in world.life(approval)
        assert world.broker.calls["find_order"] == 1
        _ends_once(world, approval)

    run(story())


def test_retry_after_is_obeyed() -> None:
    async def story() -> None:
        world = await _world(place_order=[RATE_LIMIT])
        before = world.clock.now()
        await world.approve()
        assert world.clock.now() - before >= timedelta(seconds=2)

    run(story())


def test_after_the_last_retry_the_order_is_a_fatal_error_and_none_exists() -> None:
    async def story() -> None:
        world = await _world(place_order=[NETWORK] * 9)
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "FATAL_ERROR"]
        assert world.last_code(approval) == "RETRIES_EXHAUSTED"
        assert world.placed == 4
        await world.poll()
        assert world.venue_orders == []

    run(story())


def test_an_order_that_expired_in_doubt_and_is_not_found_counts_as_never_arrived_after_settling() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_REQUEST], find_order=[NETWORK] * 3)
        approval = await world.approve()
        assert world.life(approval)[-1] == "UNKNOWN"
        world.clock.advance(65)
        await world.poll()
        assert world.life(approval)[-1] == "EXPIRED"
        assert world.venue_orders == []
        assert world.placed == 1

    run(story())


def test_an_expired_order_in_doubt_is_not_given_up_before_the_settling_time() -> None:
    async def story() -> None:
        world = World(
            faults=FaultScript({"place_order": [LOST_REQUEST], "find_order": [NETWORK] * 3}),
            config=EngineConfig(settle_seconds=120),
        )
        await world.start()
        approval = await world.approve()
        world.clock.advance(65)
        await world.poll()
        assert world.life(approval)[-1] == "UNKNOWN"
        world.clock.advance(60)
        await world.poll()
        assert world.life(approval)[-1] == "EXPIRED"

    run(story())


def test_an_execution_before_the_acknowledgement_is_absorbed() -> None:
    async def story() -> None:
        world = await _world(place_order=[LOST_ANSWER], find_order=[NETWORK] * 3, get_open_orders=[NETWORK])
        approval = await world.approve()
        await world.poll()
        assert world.life(approval) == ["submitted", "UNKNOWN", "fill"]
        await world.poll()
        assert world.life(approval) == ["submitted", "UNKNOWN", "fill", "FILLED"]
        _ends_once(world, approval)

    run(story())


@pytest.mark.parametrize("verb", ["get_trades", "get_fills"])
def test_duplicate_executions_count_once(verb: str) -> None:
    async def story() -> None:
        hide: list[Fault | None] = [HIDDEN] if verb == "get_fills" else []
        script: dict[str, list[Fault | None]] = {
            "get_trades": [*hide, TWICE],
            "get_fills": [None, TWICE, TWICE],
        }
        world = await _world(**script)
        approval = await world.approve()
        await world.poll()
        await world.poll()
        _ends_once(world, approval)

    run(story())


def test_the_end_is_told_only_when_every_execution_is() -> None:
    async def story() -> None:
        world = await _world(get_trades=[HIDDEN, HIDDEN], get_fills=[None, HIDDEN])
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED"]
        await world.poll()
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED"]
        await world.poll()
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED", "fill", "FILLED"]

    run(story())


def test_a_slow_broker_is_given_up_and_its_order_found_later() -> None:
    async def story() -> None:
        config = EngineConfig(broker_timeout_seconds=0.01, lookup_delays_seconds=(0.0,))
        world = World(
            config=config, faults=FaultScript({"place_order": [Fault(FaultKind.DELAY, seconds=3600)]})
        )

        async def for_ever(seconds: float) -> None:
            import asyncio

            if seconds >= 3600:
                await asyncio.Event().wait()

        world.broker._sleep = for_ever
        await world.start()
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "UNKNOWN", "ACKNOWLEDGED", "fill", "FILLED"]
        assert world.placed == 1

    run(story())


def test_an_order_of_another_shape_under_our_id_is_not_adopted() -> None:
    from at_exec_sim.brokers.models import OrderRequest

    async def story() -> None:
        world = await _world()
        approval = world.approval()
        await world.broker.place_order(
            OrderRequest(
                approval.client_order_id, "ETH/USDT", approval.side, OrderType.MARKET,
                approval.plan.order_skeleton.time_in_force, Decimal(1), reference_price=Decimal(2000),
            )
        )  # fmt: skip
        await world.deliver(approval)
        assert world.life(approval) == ["submitted", "FATAL_ERROR"]
        assert world.last_code(approval) == "ORDER_MISMATCH"
        assert len(world.of(OrderSubmittedEvent)) == 1

    run(story())


@pytest.mark.parametrize(
    "code", [BrokerCode.REJECTED, BrokerCode.INVALID_TICKER, BrokerCode.MARKET_CLOSED, BrokerCode.AUTH]
)
def test_a_definite_refusal_is_final(code: BrokerCode) -> None:
    async def story() -> None:
        world = await _world(place_order=[Fault(FaultKind.REFUSE, code)])
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "REJECTED"]
        assert world.last_code(approval) == code
        assert world.placed == 1

    run(story())
