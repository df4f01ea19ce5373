"""Only the gate's own, fresh word reaches the broker; everything else ends with a code, once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_world import GATE, STRANGER, SYMBOL, World, run

from at_core.enums import MarketDataKind, OrderType
from at_core.errors import ConfigurationError, Unauthentic
from at_core.events import OrderSubmittedEvent, TradingModeEvent, encode
from at_core.testing.builders import a_market_bar
from at_exec_sim.execution.pre_trade import PRE_TRADE_CODES


async def _started(**changes: Any) -> World:
    world = World(**changes)
    await world.start()
    return world


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("UNSIGNED", {"signer": None}),
        ("BAD_SIGNATURE", {"signer": STRANGER}),
    ],
)
def test_what_the_gate_did_not_sign_never_reaches_the_broker(code: str, change: dict[str, Any]) -> None:
    async def story() -> World:
        world = await _started()
        with pytest.raises(Unauthentic) as caught:
            await world.body.react(world.sign(world.approval(), **change), world.clock.now())
        assert caught.value.code == code
        return world

    assert run(story()).placed == 0


def test_an_altered_approval_never_reaches_the_broker() -> None:
    async def story() -> World:
        world = await _started()
        genuine = world.approval()
        altered = genuine.model_copy(update={"approved_quantity": Decimal(2)})
        delivery = world.sign(altered)
        delivery.message.headers["at-sig"] = GATE.sign(encode(genuine))  # type: ignore[index] - a forger may write
        with pytest.raises(Unauthentic) as caught:
            await world.body.react(delivery, world.clock.now())
        assert caught.value.code == "BAD_SIGNATURE"
        return world

    assert run(story()).placed == 0


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("WRONG_ACCOUNT", {"account": "somebody"}),
        ("WRONG_ORDER_ID", {"client_order_id": "another"}),
        ("CONTRADICTION", {"symbol": "ETH/USDT"}),
        ("CONTRADICTION", {"approved_quantity": Decimal(0)}),
    ],
)
def test_a_signed_contradiction_never_reaches_the_broker(code: str, change: dict[str, Any]) -> None:
    async def story() -> World:
        world = await _started()
        with pytest.raises(Unauthentic) as caught:
            await world.deliver(world.approval().model_copy(update=change))
        assert caught.value.code == code
        return world

    assert run(story()).placed == 0


def test_a_second_approval_of_a_plan_is_set_aside() -> None:
    async def story() -> World:
        world = await _started()
        approval = await world.approve()
        other = approval.model_copy(update={"event_id": approval.proposal_id})
        with pytest.raises(Unauthentic) as caught:
            await world.deliver(other)
        assert caught.value.code == "PLAN_ALREADY_USED"
        return world

    assert run(story()).placed == 1


def test_an_expired_approval_ends_expired_and_is_never_sent() -> None:
    async def story() -> None:
        world = await _started()
        approval = world.approval()
        world.clock.advance(60)
        await world.deliver(approval)
        await world.deliver(approval)
        assert world.life(approval) == ["EXPIRED"]
        assert world.last_code(approval) == "APPROVAL_EXPIRED"
        assert world.placed == 0

    run(story())


@pytest.mark.parametrize(("seconds", "life"), [(300, "submitted"), (300.001, "EXPIRED")])
def test_an_approval_older_than_the_bound_is_stale(seconds: float, life: str) -> None:
    async def story() -> None:
        world = await _started()
        late = world.clock.now() + timedelta(hours=1)
        approval = world.approval(valid_until=late, expires_at=late)
        world.clock.advance(seconds)
        await world.deliver(approval)
        assert world.life(approval)[0] == life

    run(story())


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("UNKNOWN_INSTRUMENT", {"symbol": "DOGE"}),
        ("UNSUPPORTED_ORDER", {"order_type": OrderType.TRAILING_STOP}),
    ],
)
def test_what_cannot_be_traded_ends_rejected_before_the_broker(code: str, change: dict[str, Any]) -> None:
    async def story() -> None:
        world = await _started()
        approval = await world.approve(**change)
        assert world.life(approval) == ["REJECTED"]
        assert world.last_code(approval) == code
        assert world.placed == 0

    run(story())


def _quote(world: World, bid: str, ask: str) -> Any:
    return a_market_bar(
        1, symbol=SYMBOL, kind=MarketDataKind.QUOTE, bid=bid, ask=ask, open=None, high=None, low=None, close=None,
        volume=None, interval=None, bar_time=None, exchange_time=world.clock.now(), timestamp=world.clock.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bid", "ask", "life"), [("49500", "50500", "submitted"), ("49400", "50500", "REJECTED")]
)
def test_a_spread_above_two_percent_stops_an_entry(bid: str, ask: str, life: str) -> None:
    async def story() -> None:
        world = await _started()
        await world.market(_quote(world, bid, ask))
        approval = await world.approve()
        assert world.life(approval)[0] == life
        if life == "REJECTED":
            assert world.last_code(approval) == "SPREAD_TOO_WIDE"

    run(story())


@pytest.mark.parametrize(("seconds", "life"), [(15, "submitted"), (15.1, "REJECTED")])
def test_an_old_quote_stops_an_entry(seconds: float, life: str) -> None:
    async def story() -> None:
        world = await _started()
        await world.market(_quote(world, "50000", "50001"))
        world.clock.advance(seconds)
        approval = await world.approve()
        assert world.life(approval)[0] == life
        if life == "REJECTED":
            assert world.last_code(approval) == "QUOTE_STALE"

    run(story())


def test_an_exit_passes_the_market_checks() -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        await world.market(_quote(world, "45000", "50500"))
        world.clock.advance(20)
        approval = await world.approve(2, side="SELL", reduce_only=True)
        assert world.life(approval)[-1] == "FILLED"

    run(story())


def test_an_exit_is_clipped_to_what_is_held_and_never_flips() -> None:
    async def story() -> None:
        world = await _started()
        await world.approve(quantity="0.3")
        first = await world.approve(2, side="SELL", quantity="0.5", reduce_only=True)
        assert [order.quantity for order in world.of(OrderSubmittedEvent)] == [Decimal("0.3"), Decimal("0.3")]
        assert world.life(first)[-1] == "FILLED"
        second = await world.approve(3, side="SELL", quantity="0.5", reduce_only=True)
        assert world.life(second) == ["CANCELED"]
        assert world.last_code(second) == "NOTHING_TO_REDUCE"
        assert world.held() == 0

    run(story())


def test_exits_on_their_way_count_against_the_next_exit() -> None:
    async def story() -> None:
        world = await _started()
        await world.approve()
        resting = {"side": "SELL", "reduce_only": True, "order_type": OrderType.LIMIT, "limit_price": "60000"}
        await world.approve(2, quantity="0.4", **resting)
        await world.approve(3, quantity="0.4", **resting)
        assert [order.quantity for order in world.of(OrderSubmittedEvent)][1:] == [
            Decimal("0.4"),
            Decimal("0.1"),
        ]

    run(story())


def test_a_refusal_of_the_broker_ends_the_order_with_its_code() -> None:
    async def story() -> None:
        world = await _started()
        approval = await world.approve(quantity="50")
        assert world.life(approval) == ["submitted", "REJECTED"]
        assert world.last_code(approval) == "ERR_INSUFFICIENT_FUNDS"
        assert world.venue_orders == []

    run(story())


def test_the_first_start_opens_the_account_and_says_paper() -> None:
    async def story() -> None:
        world = await _started()
        opening = world.events()[0]
        assert (opening.type, getattr(opening, "cash", None)) == (
            "portfolio.account.changed",
            Decimal(100_000),
        )
        assert [(mode.mode, mode.trading_state) for mode in world.of(TradingModeEvent, "SYSTEM")] == [
            ("PAPER", "ACTIVE")
        ]
        await world.start()
        assert len(world.events()) == 1

    run(story())


def test_a_live_broker_is_refused() -> None:
    from dataclasses import replace

    async def story() -> None:
        world = World()
        live = replace(world.broker.capabilities, paper=False)
        type(world.broker).capabilities = property(lambda self: live)  # type: ignore[assignment,method-assign] - undone below
        try:
            with pytest.raises(ConfigurationError, match="live trading is not available"):
                await world.start()
        finally:
            del type(world.broker).capabilities

    run(story())


def test_every_pre_trade_code_has_a_sentence() -> None:
    assert all(sentence for sentence in PRE_TRADE_CODES.values())
