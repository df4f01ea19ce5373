"""Kill switch, resting orders, partial fills, the day: what happens around the single order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from engine_world import SYMBOL, World, run

from at_core import ids
from at_core.enums import KillSwitchLevel, KillSwitchScope, OperatorCommandKind, OrderType
from at_core.events import (
    AccountEvent,
    FillEvent,
    KillSwitchEvent,
    OperatorCommandEvent,
    OrderStatusUpdatedEvent,
    PositionEvent,
    TradingModeEvent,
)
from at_core.testing.builders import a_market_bar

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "49000"}
TARGET = {"side": "SELL", "reduce_only": True, "order_type": OrderType.LIMIT, "limit_price": "60000"}


def a_command(
    world: World, kind: str = "KILL_SWITCH_ACTIVATE", n: int = 1, **changes: Any
) -> OperatorCommandEvent:
    event_id = ids.natural_id("operator", f"{kind}:{n}")
    values = {
        "event_id": event_id, "type": "operator.command.issued", "schema_version": "1.0",
        "timestamp": world.clock.now(), "source": "at-gateway/test", "trace_id": UUID(str(event_id)).hex,
        "correlation_id": event_id, "command": OperatorCommandKind(kind), "operator": "olga",
        "operator_role": "ADMIN", "reason": "drill",
    }  # fmt: skip
    return OperatorCommandEvent.model_validate({**values, **changes})


async def _started() -> World:
    world = World()
    await world.start()
    return world


def _bar(world: World, n: int, close: str, **changes: Any) -> Any:
    at = world.clock.now()
    values = {"symbol": SYMBOL, "close": close, "timestamp": at, "exchange_time": at, **changes}
    return a_market_bar(n, **values)


def _states(world: World) -> list[str]:
    return [str(mode.trading_state) for mode in world.of(TradingModeEvent, "SYSTEM")]


@pytest.mark.parametrize("level", list(KillSwitchLevel))
def test_every_level_stops_entries_and_lets_exits_pass(level: KillSwitchLevel) -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        await world.command(a_command(world, level=level))
        entry = await world.approve(2)
        assert (world.life(entry), world.last_code(entry)) == (["REJECTED"], "KILL_SWITCH")
        exit_ = await world.approve(3, side="SELL", reduce_only=True)
        assert world.life(exit_)[-1] == "FILLED"
        assert world.held() == 0

    run(story())


@pytest.mark.parametrize(
    ("level", "entry", "target"),
    [
        (KillSwitchLevel.STOP_ENTRIES, "ACKNOWLEDGED", "ACKNOWLEDGED"),
        (KillSwitchLevel.CANCEL_AND_REDUCE, "CANCELED", "ACKNOWLEDGED"),
        (KillSwitchLevel.FLATTEN, "CANCELED", "CANCELED"),
    ],
)
def test_the_level_says_which_working_orders_are_canceled(
    level: KillSwitchLevel, entry: str, target: str
) -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        resting = await world.approve(2, **LIMIT)
        taking = await world.approve(3, **TARGET)
        await world.command(a_command(world, level=level))
        assert world.life(resting)[-1] == entry
        assert world.life(taking)[-1] == target
        [switch] = world.of(KillSwitchEvent, "SYSTEM")
        assert switch.triggered_by == "olga"
        assert ("CANCELED" in switch.action_taken) == (level is not KillSwitchLevel.STOP_ENTRIES)
        assert world.held() == Decimal("0.5")

    run(story())


def test_a_cancel_that_was_not_confirmed_is_tried_again_by_the_sweep() -> None:
    from at_exec_sim.brokers.faults import Fault, FaultKind, FaultScript

    async def story() -> None:
        world = World(faults=FaultScript({"cancel_order": [Fault(FaultKind.NETWORK)]}))
        await world.start()
        resting = await world.approve(**LIMIT)
        await world.command(a_command(world, level=KillSwitchLevel.CANCEL_AND_REDUCE))
        assert world.life(resting)[-1] == "ACKNOWLEDGED"
        await world.poll()
        assert world.life(resting)[-1] == "CANCELED"

    run(story())


def test_an_exit_sent_after_a_flatten_is_left_alone() -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        await world.command(a_command(world, level=KillSwitchLevel.FLATTEN))
        world.clock.advance(1)
        taking = await world.approve(2, **TARGET)
        await world.poll()
        assert world.life(taking)[-1] == "ACKNOWLEDGED"

    run(story())


def test_a_release_makes_it_active_again_and_a_redelivered_activation_does_not_come_back() -> None:
    async def story() -> None:
        world = await _started()
        activation = a_command(world, level=KillSwitchLevel.STOP_ENTRIES)
        await world.command(activation)
        await world.command(a_command(world, "KILL_SWITCH_RELEASE"))
        await world.command(activation)
        assert _states(world) == ["ACTIVE", "REDUCING", "ACTIVE"]
        approval = await world.approve()
        assert world.life(approval)[-1] == "FILLED"
        await world.start()
        later = await world.approve(2)
        assert world.life(later)[-1] == "FILLED"

    run(story())


def test_the_stop_survives_a_restart() -> None:
    async def story() -> None:
        world = await _started()
        await world.command(a_command(world, level=KillSwitchLevel.STOP_ENTRIES))
        await world.start()
        entry = await world.approve()
        assert world.last_code(entry) == "KILL_SWITCH"
        assert _states(world) == ["ACTIVE", "REDUCING"]

    run(story())


def test_a_strategy_switch_stops_only_its_strategy() -> None:
    async def story() -> None:
        world = await _started()
        scope = {"scope": KillSwitchScope.STRATEGY, "scope_value": "ema_cross"}
        await world.command(a_command(world, level=KillSwitchLevel.STOP_ENTRIES, **scope))
        stopped = await world.approve(strategy="ema_cross")
        assert world.last_code(stopped) == "KILL_SWITCH"
        passed = await world.approve(2)
        assert world.life(passed)[-1] == "FILLED"
        assert _states(world) == ["ACTIVE"]

    run(story())


def test_a_switch_without_a_name_is_widened_not_ignored() -> None:
    async def story() -> None:
        world = await _started()
        await world.command(a_command(world, scope=KillSwitchScope.STRATEGY))
        entry = await world.approve()
        assert world.last_code(entry) == "KILL_SWITCH"

    run(story())


def test_live_mode_is_answered_with_a_sentence_and_stays_paper() -> None:
    async def story() -> None:
        world = await _started()
        await world.command(a_command(world, "LIVE_MODE_ENABLE"))
        last = world.of(TradingModeEvent, "SYSTEM")[-1]
        assert last.mode == "PAPER"
        assert "live trading is not available" in last.reason

    run(story())


def test_commands_of_other_rooms_say_nothing() -> None:
    async def story() -> None:
        world = await _started()
        before = len(world.events("SYSTEM"))
        await world.command(a_command(world, "FLAG_SET"))
        assert len(world.events("SYSTEM")) == before

    run(story())


def test_a_resting_order_is_filled_by_later_market_data() -> None:
    async def story() -> None:
        world = await _started()
        approval = await world.approve(**LIMIT)
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED"]
        world.clock.advance(1)
        await world.market(_bar(world, 1, "49500"))
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED"]
        world.clock.advance(1)
        await world.market(_bar(world, 2, "48900"))
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED", "fill", "FILLED"]
        assert [fill.price for fill in world.of(FillEvent)] == [Decimal(49000)]

    run(story())


def test_partial_fills_are_told_one_by_one_and_add_up() -> None:
    async def story() -> None:
        world = await _started()
        await world.market(_bar(world, 1, "50000", volume="0.2"))
        approval = await world.approve()
        assert world.life(approval) == ["submitted", "ACKNOWLEDGED", "fill", "PARTIALLY_FILLED"]
        for n in (2, 3):
            world.clock.advance(1)
            await world.market(_bar(world, n, "50000", volume="0.2"))
        assert world.life(approval)[4:] == ["fill", "PARTIALLY_FILLED", "fill", "FILLED"]
        assert [fill.leaves_quantity for fill in world.of(FillEvent)] == [
            Decimal("0.3"), Decimal("0.1"), Decimal(0),
        ]  # fmt: skip
        assert [position.quantity for position in world.of(PositionEvent)] == [
            Decimal("0.2"), Decimal("0.4"), Decimal("0.5"),
        ]  # fmt: skip
        updates = [event.event_id for event in world.of(OrderStatusUpdatedEvent)]
        assert len(set(updates)) == len(updates) == 4

    run(story())


def test_a_day_order_expires_with_the_day_and_the_new_day_starts_from_the_equity_then() -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        resting = await world.approve(2, **LIMIT)
        await world.market(_bar(world, 1, "51000"))
        world.clock.advance(timedelta(hours=12).total_seconds())
        await world.poll()
        assert world.life(resting)[-1] == "EXPIRED"
        opening = world.of(AccountEvent)[-1]
        assert opening.trading_day == world.clock.now().date().isoformat()
        assert opening.day_start_equity == opening.equity == Decimal(100_500)
        before = len(world.events())
        await world.start()
        assert len(world.events()) == before
        assert world.body.state.ledger.account().day_start_equity == Decimal(100_500)

    run(story())


def test_money_adds_up_after_a_round_trip() -> None:
    async def story() -> None:
        world = await _started()
        await world.market(_bar(world, 1, "50000"))
        await world.approve()
        world.clock.advance(1)
        await world.market(_bar(world, 2, "52000"))
        await world.approve(2, side="SELL", reduce_only=True)
        account = world.of(AccountEvent)[-1]
        assert account.cash == account.equity == Decimal(101_000)
        assert account.realized_pnl == account.realized_pnl_day == Decimal(1000)
        assert account.gross_exposure == 0
        assert account.cash == world.broker._book.cash

    run(story())
