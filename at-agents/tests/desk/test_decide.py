"""Tests of decide and plans: the plan of a wish, its life, its grids, and when market data is news."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from desk_world import a_seat, follow_seat

from at_agents.desk.decide import decide, observed_at
from at_core.enums import AgentVerdict, OrderType, QuantityUnit, Side, SizingMethod, TimeInForce
from at_core.ids import plan_id
from at_core.strategy import Abstain, Sized, TradeProposal
from at_core.testing.builders import T0, a_context, a_market_bar, a_signal, a_sizing

HOUR = timedelta(hours=1)


def verdict_on(answer: Any, signal: Any = None, now: Any = T0, context: Any = None, **seat: Any) -> Any:
    return decide(a_seat(lambda *_: answer, **seat), signal or a_signal(), context or a_context(now=now), now)


def plan_of(answer: Any, **more: Any) -> Any:
    verdict = verdict_on(answer, **more)
    assert verdict.proposal is not None, verdict
    return verdict.proposal.plan


def buy(**changes: Any) -> TradeProposal:
    return TradeProposal(**{"symbol": "BTC/USDT", "side": Side.BUY, "quantity": Decimal("0.5"), **changes})


def test_a_wish_becomes_a_complete_plan() -> None:
    plan = plan_of(
        buy(
            order_type=OrderType.LIMIT,
            limit_price=Decimal(49000),
            time_in_force=TimeInForce.GTC,
            stop_loss=Decimal(48000),
        )
    )
    assert (plan.plan_id, plan.idempotency_scope) == (
        plan_id(a_signal().event_id, "own"),
        f"own:{a_signal().event_id}",
    )
    assert (plan.quantity, plan.intent.quantity_unit, plan.sizing_method) == (
        Decimal("0.5"),
        QuantityUnit.BASE,
        SizingMethod.SIGNAL,
    )
    skeleton = plan.order_skeleton
    assert (skeleton.order_type, skeleton.limit_price, skeleton.time_in_force) == ("LIMIT", 49000, "GTC")
    assert (plan.risk_model.stop_loss, plan.reference_price, plan.intent.venue) == (48000, 50000, "BINANCE")
    assert (plan.valid_from, plan.valid_until) == (T0, T0 + timedelta(seconds=60))


def test_without_a_quantity_the_policy_sizes_at_the_limit_price_then_the_market_then_the_claim() -> None:
    policy = a_sizing("1000", "NOTIONAL")
    claimed = buy(quantity=None, reference_price=Decimal(10))
    assert plan_of(claimed, context=a_context(sizing=policy)).quantity == Decimal("0.02")
    at_limit = buy(quantity=None, order_type=OrderType.LIMIT, limit_price=Decimal(40000))
    assert plan_of(at_limit, context=a_context(sizing=policy)).quantity == Decimal("0.025")
    assert plan_of(claimed, context=a_context(sizing=policy, last_prices={})).quantity == 100


@pytest.mark.parametrize(
    ("context", "code"),
    [
        ({"sizing": a_sizing("1", "NOTIONAL"), "last_prices": {}}, "NO_PRICE"),
        ({"sizing": a_sizing("1", "EQUITY_PERCENT"), "equity": None}, "NO_EQUITY"),
        ({"sizing": a_sizing("1", "RISK_TO_STOP")}, "NO_STOP"),
        ({"sizing": a_sizing("0.000001")}, "SIZE_BELOW_LOT"),
    ],
)
def test_an_entry_that_cannot_be_sized_abstains_with_the_reason(context: Any, code: Any) -> None:
    verdict = verdict_on(buy(quantity=None), context=a_context(**context))
    assert (verdict.verdict, verdict.code) == (AgentVerdict.ABSTAINED, code)


def test_quantities_go_down_to_the_lot_and_prices_to_the_tick() -> None:
    plan = plan_of(buy(quantity=Decimal("0.123456789"), limit_price=Decimal("49000.004")))
    assert (plan.quantity, plan.order_skeleton.limit_price) == (Decimal("0.12345"), Decimal(49000))


def test_a_quantity_smaller_than_a_lot_abstains() -> None:
    assert verdict_on(buy(quantity=Decimal("0.000001"))).code == "QUANTITY_BELOW_LOT"


def test_a_size_asked_of_the_context_keeps_its_method() -> None:
    plan = plan_of(buy(quantity=Sized(Decimal("0.5"), SizingMethod.NOTIONAL)))
    assert (plan.quantity, plan.sizing_method) == (Decimal("0.5"), SizingMethod.NOTIONAL)


def test_an_unknown_instrument_is_left_to_the_gate_to_refuse() -> None:
    assert plan_of(buy(symbol="DOGE/USDT", quantity=Decimal("0.1"))).quantity == Decimal("0.1")


@pytest.mark.parametrize(
    "exit_signal", [{"kind": "CLOSE"}, {"reduce_only": True}, {"kind": "TARGET", "target_position": "0"}]
)
def test_whatever_a_strategy_proposes_on_an_exit_may_only_reduce(exit_signal: Any) -> None:
    plan = plan_of(buy(), signal=a_signal(**exit_signal))
    assert plan.intent.reduce_only


def test_an_exit_without_a_quantity_closes_all() -> None:
    plan = plan_of(TradeProposal("BTC/USDT", Side.SELL, reduce_only=True))
    assert (plan.intent.close_position, plan.quantity) == (True, None)


@pytest.mark.parametrize("order_type", ["LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"])
def test_an_exit_without_the_price_its_type_needs_goes_at_market(order_type: Any) -> None:
    exit_, entry = (
        buy(order_type=OrderType(order_type), reduce_only=True),
        buy(order_type=OrderType(order_type)),
    )
    assert plan_of(exit_).order_skeleton.order_type is OrderType.MARKET
    assert plan_of(entry).order_skeleton.order_type == order_type


def test_an_exit_with_its_price_keeps_its_type() -> None:
    plan = plan_of(buy(order_type=OrderType.LIMIT, limit_price=Decimal(49000), reduce_only=True))
    assert plan.order_skeleton.order_type is OrderType.LIMIT


def test_an_exit_carries_no_stop_and_no_target_of_its_entry() -> None:
    plan = plan_of(buy(stop_loss=Decimal(48000), take_profit=Decimal(52000), reduce_only=True))
    assert (plan.risk_model.stop_loss, plan.risk_model.take_profit) == (None, None)


def test_a_plan_ends_with_its_signal_when_that_is_sooner() -> None:
    signal = a_signal(expires_at=T0 + timedelta(seconds=10))
    assert plan_of(buy(), signal=signal).valid_until == T0 + timedelta(seconds=10)


@pytest.mark.parametrize(("asked", "seconds"), [(5, 5), (600, 60), (None, 60)])
def test_a_strategy_may_shorten_the_life_of_its_plan_and_not_lengthen_it(asked: Any, seconds: Any) -> None:
    assert plan_of(buy(ttl_seconds=asked)).valid_until == T0 + timedelta(seconds=seconds)


def test_an_entry_of_an_expired_signal_abstains_and_an_exit_gets_a_life_of_its_own() -> None:
    now = T0 + HOUR
    assert verdict_on(buy(), now=now).code == "SIGNAL_EXPIRED"
    assert plan_of(buy(reduce_only=True), now=now).valid_until == now + timedelta(seconds=60)


def test_a_market_plan_that_would_be_born_expired_abstains() -> None:
    bar = a_market_bar(1)
    seat = a_seat(lambda *_: TradeProposal("ETH/USDT", Side.BUY, ttl_seconds=5), on="market.raw")
    verdict = decide(seat, bar, a_context(now=T0), T0 + timedelta(seconds=5))
    assert (verdict.verdict, verdict.code) == (AgentVerdict.ABSTAINED, "TOO_LATE")


def test_none_is_an_abstention_and_a_reason_is_kept() -> None:
    assert verdict_on(None).code == "ABSTAINED"
    assert (verdict_on(Abstain("NO_EDGE", "flat")).code, verdict_on(Abstain("NO_EDGE", "flat")).reason) == (
        "NO_EDGE",
        "flat",
    )


def test_the_same_arguments_give_the_same_verdict() -> None:
    assert decide(follow_seat(), a_signal(), a_context(), T0) == decide(
        follow_seat(), a_signal(), a_context(), T0
    )


@pytest.mark.parametrize(
    ("interval", "begun", "news"),
    [
        ("1", timedelta(minutes=1), timedelta(0)),
        ("240", timedelta(hours=4), timedelta(0)),
        ("D", timedelta(days=1), timedelta(0)),
        ("30S", timedelta(seconds=30), timedelta(0)),
        ("1", timedelta(minutes=3), timedelta(minutes=2)),
        ("2W", timedelta(days=15), timedelta(days=1)),
        ("99999M", timedelta(days=9), timedelta(0)),
        ("fortnight", timedelta(minutes=3), timedelta(minutes=3)),
    ],
)
def test_a_bar_is_news_when_it_closes_and_never_after_it_reached_us(
    interval: Any, begun: Any, news: Any
) -> None:
    bar = a_market_bar(interval=interval, bar_time=T0 - begun, exchange_time=T0 - begun)
    assert observed_at(bar) == T0 - news


def test_a_trade_is_news_when_the_market_says_unless_its_clock_runs_ahead() -> None:
    assert observed_at(a_market_bar(kind="TRADE", price="1", exchange_time=T0 - HOUR)) == T0 - HOUR
    assert observed_at(a_market_bar(kind="TRADE", price="1", exchange_time=T0 + HOUR)) == T0
