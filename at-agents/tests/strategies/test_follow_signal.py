"""Tests of follow_signal: what each kind of alert becomes, and that no exit ever opens or gets lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from desk_world import a_desk, again, follow_seat, proposals, runs
from hypothesis import given, settings
from hypothesis import strategies as st

from at_agents.strategies.follow_signal import strategy
from at_core.enums import OrderType, Side, SignalKind, SizingMethod
from at_core.events import OrderSkeleton, RiskModel
from at_core.strategy import Abstain, TradeProposal
from at_core.testing.builders import T0, a_context, a_position, a_signal, an_account


def propose(positions: Any = None, **signal: Any) -> TradeProposal:
    wish = strategy.propose(a_signal(**signal), a_context(positions=positions or {}))
    assert isinstance(wish, TradeProposal)
    return wish


def abstain(positions: Any = None, **signal: Any) -> str:
    answer = strategy.propose(a_signal(**signal), a_context(positions=positions or {}))
    assert isinstance(answer, Abstain)
    return answer.code


def test_an_order_is_followed_with_its_side_quantity_type_and_prices() -> None:
    wish = propose(
        side="SELL", quantity="2", order_type="STOP_LIMIT", limit_price="10", stop_price="11", stop_loss="12",
        take_profit="8", reference_price="10.5", comment="short it",
    )  # fmt: skip
    assert (wish.side, wish.quantity, wish.order_type) == (Side.SELL, 2, OrderType.STOP_LIMIT)
    assert (wish.limit_price, wish.stop_price, wish.stop_loss, wish.take_profit) == (10, 11, 12, 8)
    assert (wish.reference_price, wish.rationale, wish.exits) == (Decimal("10.5"), "short it", False)


@pytest.mark.parametrize("unit", ["BASE", "CONTRACTS"])
def test_a_quantity_in_the_instruments_unit_is_taken_as_said(unit: Any) -> None:
    assert propose(quantity="3", quantity_unit=unit).quantity == 3


@pytest.mark.parametrize(
    "unit", ["DEFAULT", "LOTS", "QUOTE", "EQUITY_PERCENT", "RISK_PERCENT", "POSITION_PERCENT"]
)
def test_a_quantity_in_another_unit_is_left_to_the_sizing_policy(unit: Any) -> None:
    assert propose(quantity="3", quantity_unit=unit).quantity is None


def test_an_order_without_a_side_is_not_guessed() -> None:
    assert abstain(side=None) == "NO_SIDE"


@pytest.mark.parametrize("held", [{}, {"BTC/USDT": "5"}, {"BTC/USDT": "-5"}])
def test_a_close_is_proposed_whatever_the_lagging_position_says(held: Any) -> None:
    wish = propose(positions=held, kind="CLOSE", side="SELL")
    assert (wish.close_position, wish.reduce_only, wish.quantity, wish.side) == (True, True, None, Side.SELL)


@pytest.mark.parametrize(
    ("before", "held", "side"),
    [
        ("LONG", "0", Side.SELL),
        ("SHORT", "0", Side.BUY),
        ("SHORT", "5", Side.BUY),
        (None, "5", Side.SELL),
        (None, "-5", Side.BUY),
        (None, "0", Side.SELL),
    ],
)
def test_a_close_without_a_side_goes_against_the_position_it_speaks_of(
    before: Any, held: Any, side: Any
) -> None:
    wish = propose(positions={"BTC/USDT": held}, kind="CLOSE", side=None, prev_market_position=before)
    assert wish.side is side


def test_a_close_right_after_an_entry_goes_against_it_though_no_position_is_known_yet() -> None:
    desk = a_desk([follow_seat()]).given(a_signal(1, side="SELL")).when(a_signal(2, kind="CLOSE", side=None))
    assert proposals(desk)[0].plan.intent.side is Side.BUY
    desk.restart().when(a_signal(3, kind="CLOSE", side=None))
    assert proposals(desk)[0].plan.intent.side is Side.BUY


def test_a_reduce_only_order_shrinks_by_its_quantity() -> None:
    wish = propose(side="SELL", quantity="0.2", reduce_only=True)
    assert (wish.reduce_only, wish.close_position, wish.quantity) == (True, False, Decimal("0.2"))


def test_an_exit_whose_size_cannot_be_counted_closes_all() -> None:
    assert propose(
        side="SELL", quantity="50", quantity_unit="POSITION_PERCENT", reduce_only=True
    ).close_position


def test_a_reversal_is_one_order_of_the_alerts_quantity() -> None:
    wish = propose(kind="REVERSE", side="SELL", quantity="2")
    assert (wish.side, wish.quantity, wish.exits) == (Side.SELL, 2, False)


def test_a_reversal_without_a_quantity_is_counted_from_the_positions_it_names() -> None:
    wish = propose(
        kind="REVERSE", side="SELL", quantity=None, prev_market_position="LONG", prev_market_position_size="2",
        market_position="SHORT", market_position_size="3",
    )  # fmt: skip
    assert wish.quantity == 5


def test_a_reversal_that_cannot_be_counted_abstains() -> None:
    assert abstain(kind="REVERSE", quantity=None) == "UNSUPPORTED_KIND"


@pytest.mark.parametrize("said", [{"target_position": "0"}, {"market_position": "FLAT"}])
def test_a_target_of_zero_is_a_close(said: Any) -> None:
    assert propose(kind="TARGET", side=None, **said).close_position


@pytest.mark.parametrize(
    ("held", "target", "side", "quantity", "reduces"),
    [
        ("0", "2", Side.BUY, "2", False),
        ("0.5", "2", Side.BUY, "1.5", False),
        ("3", "2", Side.SELL, "1", True),
        ("3", "-2", Side.SELL, "5", False),
        ("-3", "-1", Side.BUY, "2", True),
        ("0", "-2", Side.SELL, "2", False),
    ],
)
def test_a_target_is_reached_by_the_difference_from_the_position(
    held: Any, target: Any, side: Any, quantity: Any, reduces: Any
) -> None:
    wish = propose(positions={"BTC/USDT": held}, kind="TARGET", side=None, target_position=target)
    assert (wish.side, wish.quantity, wish.reduce_only) == (side, Decimal(quantity), reduces)


def test_a_target_that_shrinks_by_the_alerts_own_account_is_an_exit_though_we_believe_to_be_flat() -> None:
    wish = propose(
        kind="TARGET",
        side=None,
        target_position="1",
        prev_market_position="LONG",
        prev_market_position_size="3",
    )
    assert (wish.side, wish.quantity, wish.reduce_only) == (Side.SELL, 2, True)


def test_a_target_that_is_reached_abstains() -> None:
    assert abstain(positions={"BTC/USDT": "2"}, kind="TARGET", target_position="2") == "AT_TARGET"


def test_a_target_without_a_position_abstains() -> None:
    assert abstain(kind="TARGET", target_position=None) == "UNSUPPORTED_KIND"


@pytest.mark.parametrize("kind", ["CANCEL", "MODIFY", "CONTROL"])
def test_kinds_that_are_no_order_abstain_with_a_code(kind: Any) -> None:
    assert abstain(kind=kind) == "UNSUPPORTED_KIND"


DESK = a_desk([follow_seat()])
sizes = st.integers(min_value=0, max_value=50).map(str)
positions = st.integers(min_value=-50, max_value=50).map(str)
sides = st.sampled_from(["BUY", "SELL", None])
market_positions = st.sampled_from(["LONG", "FLAT", "SHORT", None])
exits = st.fixed_dictionaries(
    {
        "side": sides,
        "quantity": st.none() | sizes,
        "quantity_unit": st.sampled_from(["BASE", "CONTRACTS", "DEFAULT", "QUOTE", "POSITION_PERCENT"]),
        "prev_market_position": market_positions,
        "prev_market_position_size": st.none() | sizes,
        "order_type": st.sampled_from(["MARKET", "LIMIT"]),
        "limit_price": st.none() | st.just("49000"),
    }
)
as_exit = st.sampled_from(
    [{"kind": "CLOSE"}, {"kind": "ORDER", "reduce_only": True}, {"kind": "TARGET", "target_position": "0"}]
)


@given(exits, as_exit, positions, st.integers(min_value=0, max_value=10_000))
@settings(max_examples=150, deadline=None)
def test_no_exit_ever_opens_and_none_is_dropped_for_what_we_believe_to_hold(
    said: Any, kind: Any, held: Any, age_seconds: Any
) -> None:
    signal = a_signal(**{**said, **kind})
    desk = again(DESK).given(a_position(quantity=held), an_account())
    desk.when(signal, T0 + timedelta(seconds=age_seconds))
    for proposal in proposals(desk):
        assert proposal.plan.intent.reduce_only
        assert proposal.plan.quantity is not None or proposal.plan.intent.close_position
    too_small = signal.quantity == 0 and signal.reduce_only and signal.quantity_unit in ("BASE", "CONTRACTS")
    assert len(proposals(desk)) == (0 if too_small else 1), runs(desk)


@given(st.sampled_from(list(SignalKind)), exits, positions, st.none() | positions)
@settings(max_examples=150, deadline=None)
def test_every_alert_ends_in_exactly_one_run_that_is_no_failure(
    kind: Any, said: Any, held: Any, target: Any
) -> None:
    desk = again(DESK).given(a_position(quantity=held), an_account())
    desk.when(a_signal(**{**said, "kind": kind, "target_position": target}))
    assert [run.verdict != "FAILED" for run in runs(desk)] == [True], runs(desk)


def test_the_plan_of_a_close_leaves_quantity_to_the_gate() -> None:
    plan = proposals(a_desk([follow_seat()]).when(a_signal(kind="CLOSE", side="SELL")))[0].plan
    assert (plan.quantity, plan.sizing_method) == (None, SizingMethod.CLOSE_POSITION)
    assert (plan.order_skeleton, plan.risk_model) == (OrderSkeleton(), RiskModel())
