"""Tests of ema_cross: the averages by hand, the crossing bar, and what does not count as a bar."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from at_agents.strategies.ema_cross import Averages, strategy
from at_core.enums import Side
from at_core.strategy import TradeProposal
from at_core.testing.builders import a_context, a_market_bar

PARAMS = {"fast": 1, "slow": 3, "interval": "1"}


def fold(*closes: str, state: Averages = strategy.initial) -> Averages:
    for n, close in enumerate(closes, start=1):
        state = strategy.evolve(state, a_market_bar(n, close=close), PARAMS)
    return state


def test_the_averages_follow_the_formula() -> None:
    # k = 2/(1+1) = 1: the fast average is the close itself; k = 2/(3+1) = 1/2 for the slow one.
    state = fold("8", "4", "7")
    assert (state.fast, state.slow) == (7, Decimal("6.5"))


def test_the_bar_that_crosses_above_proposes_to_buy_and_only_that_bar() -> None:
    before, crossing, after = (
        fold(*closes) for closes in (["8", "4", "3"], ["8", "4", "3", "9"], ["8", "4", "3", "9", "9"])
    )
    assert [state.crossed for state in (before, crossing, after)] == [None, Side.BUY, None]
    wish = strategy.propose(a_market_bar(4, close="9"), a_context(state=crossing, params=PARAMS))
    assert isinstance(wish, TradeProposal)
    assert (wish.symbol, wish.side, wish.quantity, wish.reference_price) == ("ETH/USDT", Side.BUY, None, 9)


def test_crossing_below_proposes_to_sell() -> None:
    assert fold("3", "4", "9", "1").crossed is Side.SELL


def test_nothing_is_proposed_before_slow_bars_were_seen() -> None:
    assert fold("8", "4", "9").crossed is None
    assert fold("8", "4", "3", "9").crossed is Side.BUY


def test_averages_that_only_touch_have_not_crossed() -> None:
    # Slow average: 4, 6, 6, 6, 7 - the third and fourth closes lie exactly on it.
    state = fold("4", "8", "6", "6", "8")
    assert (state.trend, state.crossed) == (1, None)


def test_averages_that_cross_by_way_of_touching_have_crossed() -> None:
    # Slow average: 4, 6, 6, 5.5 - above it, on it, below it.
    assert [fold(*"4865"[:n]).crossed for n in (2, 3, 4)] == [None, None, Side.SELL]


@pytest.mark.parametrize("change", [{"final": False}, {"interval": "5"}, {"kind": "TRADE", "price": "9"}])
def test_only_final_bars_of_the_interval_count(change: Any) -> None:
    state = fold("8", "4", "3")
    assert strategy.evolve(state, a_market_bar(4, close="9", **change), PARAMS) == state


@pytest.mark.parametrize("n", [2, 3])
def test_a_bar_that_comes_again_or_late_counts_once(n: Any) -> None:
    state = fold("8", "4", "3")
    assert strategy.evolve(state, a_market_bar(n, close="9"), PARAMS) == state


def test_after_the_crossing_bar_other_observations_do_not_propose_it_again() -> None:
    state = fold("8", "4", "3", "9")
    assert strategy.evolve(state, a_market_bar(4, close="9", final=False), PARAMS).crossed is None


@pytest.mark.parametrize(("fast", "slow"), [(0, 3), (3, 3), (8, 3)])
def test_the_parameters_are_checked(fast: Any, slow: Any) -> None:
    assert "fast must be" in strategy.check({"fast": fast, "slow": slow, "interval": "1"})
