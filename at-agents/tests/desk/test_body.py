"""Tests of the desk as a body: one answer per signal and strategy, whatever is lost or comes twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from desk_world import a_desk, a_seat, again, ema_seat, follow_seat, proposals, raising, runs
from hypothesis import given, settings
from hypothesis import strategies as st

from at_agents.catalogue import DESK
from at_core.enums import AgentVerdict, Side
from at_core.events import AgentRunEvent, TradeProposalEvent, encode
from at_core.ids import derived_id
from at_core.strategy import Abstain, TradeProposal
from at_core.testing.builders import T0, a_market_bar, a_position, a_signal, an_account

PROPOSAL, RUN = "trading.proposal.created", "agents.run.completed"
SHUTDOWN = timedelta(hours=3)


def two_seats() -> Any:
    return [follow_seat(), follow_seat(name="second", account="other", sources=frozenset({"tradingview"}))]


def test_each_concerned_strategy_answers_a_signal_with_its_proposal_and_then_its_run() -> None:
    desk = a_desk([follow_seat(), a_seat(lambda *_: None, "quiet")]).when(a_signal())
    desk.then_types(PROPOSAL, RUN, RUN)
    assert [(run.strategy, run.verdict) for run in runs(desk)] == [
        ("follow_signal", AgentVerdict.PROPOSED),
        ("quiet", AgentVerdict.ABSTAINED),
    ]
    assert runs(desk)[0].proposal_id == desk.published[0].event_id


def test_a_proposal_goes_to_the_account_of_the_strategy_and_not_of_the_signal() -> None:
    desk = a_desk([follow_seat(account="other")]).when(a_signal(account=None))
    assert [emit.account for emit in desk.emits] == ["other", "other"]


def test_a_signal_for_one_account_never_reaches_a_strategy_of_another() -> None:
    desk = a_desk([follow_seat(account="other")]).when(a_signal(account="paper"))
    assert [(run.strategy, run.reason_code) for run in runs(desk)] == [(DESK, "NO_STRATEGY")]


@pytest.mark.parametrize(
    "seat",
    [
        follow_seat(enabled=False),
        follow_seat(symbols=frozenset({"AAPL"})),
        follow_seat(sources=frozenset({"elsewhere"})),
        ema_seat(),
    ],
)
def test_a_signal_that_concerns_nobody_ends_in_one_run_of_the_desk(seat: Any) -> None:
    desk = a_desk([seat]).when(a_signal()).then_types(RUN)
    assert (runs(desk)[0].strategy, runs(desk)[0].reason_code) == (DESK, "NO_STRATEGY")
    desk.when(a_signal()).then_nothing()
    desk.restart().when(a_signal()).then_nothing()


def test_redelivery_of_an_answered_signal_emits_nothing() -> None:
    a_desk([follow_seat()]).when(a_signal()).when(a_signal()).then_nothing()


def test_redelivery_after_a_restart_emits_nothing() -> None:
    a_desk([follow_seat()]).when(a_signal()).restart().when(a_signal(), T0 + SHUTDOWN).then_nothing()


def test_a_proposal_whose_run_was_lost_gets_only_its_run_even_when_the_signal_has_expired() -> None:
    desk = a_desk([follow_seat()]).when(a_signal())
    proposed = desk.published[0].event_id
    desk.restart(keep=lambda event: event.type == PROPOSAL).when(a_signal(), T0 + SHUTDOWN).then_types(RUN)
    assert (runs(desk)[0].verdict, runs(desk)[0].proposal_id) == (AgentVerdict.PROPOSED, proposed)
    assert len(desk.published) == 2


def test_a_run_whose_proposal_was_lost_gets_only_its_proposal() -> None:
    desk = a_desk([follow_seat()]).when(a_signal())
    desk.restart(keep=lambda event: event.type == RUN).when(a_signal()).then_types(PROPOSAL)
    assert len(desk.published) == 2


def test_whatever_part_of_the_answers_is_lost_redelivery_completes_exactly_one_run_per_strategy() -> None:
    whole = a_desk(two_seats()).when(a_signal(account=None)).published
    for kept in product([True, False], repeat=len(whole)):
        ids = {event.event_id for event, keep in zip(whole, kept, strict=True) if keep}
        desk = a_desk(two_seats()).when(a_signal(account=None)).restart(lambda e, ids=ids: e.event_id in ids)
        desk.when(a_signal(account=None)).when(a_signal(account=None)).then_nothing()
        assert sorted(map(encode, desk.published)) != []
        assert {event.event_id for event in desk.published} == {event.event_id for event in whole}
        assert sum(isinstance(event, AgentRunEvent) for event in desk.published) == 2


TWO = a_desk(two_seats())
EMA = a_desk([ema_seat()])
EMA_LATE = a_desk([ema_seat()])


@given(
    st.lists(st.sampled_from(["one", "two", "crash", "lose run", "lose proposal", "lose all"]), max_size=12)
)
@settings(max_examples=60, deadline=None)
def test_any_order_of_redeliveries_and_crashes_leaves_one_answer_per_signal_and_strategy(steps: Any) -> None:
    signals = {"one": a_signal(1, account=None), "two": a_signal(2, account=None, kind="CLOSE")}
    losses = {"crash": (), "lose run": (RUN,), "lose proposal": (PROPOSAL,), "lose all": (RUN, PROPOSAL)}
    desk = again(TWO)
    for step in steps:
        if step in signals:
            desk.when(signals[step], T0)
        else:
            desk.restart(lambda event, lost=losses[step]: event.type not in lost)
    for signal in signals.values():
        desk.when(signal, T0)
    told = [(event.trigger_id, event.strategy) for event in desk.published if event.type == RUN]
    assert len(told) == len(set(told)) == 4
    wished = {event.event_id for event in desk.published if event.type == PROPOSAL}
    assert {event.proposal_id for event in desk.published if event.type == RUN} == wished


def test_a_strategy_that_raises_is_a_failed_run_without_its_secrets_and_never_comes_again() -> None:
    desk = a_desk([a_seat(raising), follow_seat()]).when(a_signal()).then_types(RUN, PROPOSAL, RUN)
    failed = runs(desk)[0]
    assert (failed.verdict, failed.reason_code) == (AgentVerdict.FAILED, "STRATEGY_ERROR")
    assert failed.reason == "RuntimeError"
    desk.when(a_signal()).then_nothing()
    desk.restart().when(a_signal()).then_nothing()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("BUY", "BAD_ANSWER"),
        (Abstain("not a token"), "BAD_ANSWER"),
        (TradeProposal("BTC/USDT", "SIDEWAYS"), "BAD_ANSWER"),
        (TradeProposal("BTC/USDT", Side.BUY, quantity=0.5), "BAD_ANSWER"),
        (TradeProposal("BTC/USDT", Side.BUY, confidence=7), "BAD_ANSWER"),
        (TradeProposal("AAPL", Side.BUY), "SYMBOL_NOT_CONFIGURED"),
    ],
)
def test_an_answer_that_is_no_answer_is_a_failed_run(answer: Any, code: Any) -> None:
    desk = (
        a_desk([a_seat(lambda *_: answer, symbols=frozenset({"BTC/USDT"}))]).when(a_signal()).then_types(RUN)
    )
    assert (runs(desk)[0].verdict, runs(desk)[0].reason_code) == (AgentVerdict.FAILED, code)


def test_a_strategy_sees_its_accounts_portfolio_and_the_last_price() -> None:
    seen = []
    desk = a_desk([a_seat(lambda _, ctx: seen.append((ctx.position("BTC/USDT"), ctx.equity)))])
    desk.given(a_position(quantity="2"), an_account(equity="7"), a_position(account="other", quantity="9"))
    desk.when(a_signal())
    assert (seen[0][0].quantity, seen[0][1]) == (2, 7)
    assert [(entry.stream, entry.sequence) for entry in runs(desk)[0].seen] == [("EXEC", 3), ("SIGNALS", 1)]


def test_bars_that_change_nothing_leave_no_record_and_the_bar_that_crosses_is_proposed_once() -> None:
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7"))
    assert desk.published == []
    desk.when(a_market_bar(5, close="20")).then_types(PROPOSAL, RUN)
    assert proposals(desk)[0].plan.intent.side is Side.BUY
    assert proposals(desk)[0].signal_id is None
    assert desk.published[0].event_id == derived_id(
        a_market_bar(5, close="20").event_id, "agents", PROPOSAL, "ema_cross"
    )
    desk.restart().then_nothing()


def test_after_a_restart_the_window_is_folded_again_and_the_next_bar_crosses() -> None:
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7")).restart()
    desk.when(a_market_bar(5, close="20")).then_types(PROPOSAL, RUN)


def test_a_bar_older_than_the_life_of_a_proposal_feeds_the_window_and_proposes_nothing() -> None:
    late = a_market_bar(5, close="20")
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7"))
    desk.when(late, late.timestamp + timedelta(seconds=60)).then_nothing()
    desk.when(a_market_bar(6, close="1")).then_types(PROPOSAL, RUN)
    assert proposals(desk)[0].plan.intent.side is Side.SELL


def test_a_bar_is_in_time_until_just_before_the_end_of_a_proposals_life() -> None:
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7"))
    last = a_market_bar(5, close="20")
    desk.when(last, last.timestamp + timedelta(seconds=59)).then_types(PROPOSAL, RUN)


def test_history_that_is_sent_late_is_no_news() -> None:
    old = a_market_bar(5, close="20", received_at=T0 + SHUTDOWN, timestamp=T0 + SHUTDOWN)
    a_desk([ema_seat()]).given(*bars("10", "9", "8", "7")).when(old, T0 + SHUTDOWN).then_nothing()


def test_a_market_proposal_whose_run_was_lost_gets_its_run_when_the_stream_is_read_again() -> None:
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7")).when(a_market_bar(5, close="20"))
    desk.restart(keep=lambda event: event.type == PROPOSAL).then_types(RUN)
    assert len(desk.published) == 2


def test_a_market_proposal_whose_run_was_lost_gets_its_run_however_late() -> None:
    desk = a_desk([ema_seat()]).given(*bars("10", "9", "8", "7")).when(a_market_bar(5, close="20"))
    desk.restart(keep=lambda event: event.type == PROPOSAL, after=SHUTDOWN).then_types(RUN)
    desk.restart(after=SHUTDOWN).then_nothing()


def test_a_late_observation_is_not_shown_to_propose() -> None:
    desk = a_desk([a_seat(raising, on="market.raw")])
    desk.when(a_market_bar(), T0 + SHUTDOWN).then_nothing()


def test_the_copy_of_an_earlier_entry_does_not_hide_the_last_one() -> None:
    seen: list[Any] = []
    spy = a_seat(lambda _, ctx: seen.append(ctx.last_entries.get("BTC/USDT")), "spy")
    desk = a_desk([follow_seat(), spy]).given(a_signal(1, side="BUY"), a_signal(2, side="SELL"))
    desk.given(proposals(desk.published)[0]).when(a_signal(3, kind="CONTROL"))
    assert seen == [None, Side.BUY, Side.SELL]


def test_a_fold_that_raises_is_one_failed_run_and_the_next_bar_goes_on_from_the_state_before() -> None:
    def count(state: Any, bar: Any, params: Any) -> Any:
        if bar.close == 13:
            raise ValueError(bar.close)
        return state + 1

    seen = []
    seat = a_seat(lambda _, ctx: seen.append(ctx.state), on="market.raw", initial=0, evolve=count)
    desk = a_desk([seat]).given(a_market_bar(1)).when(a_market_bar(2, close="13")).then_types(RUN)
    assert runs(desk)[0].reason_code == "STRATEGY_ERROR"
    desk.when(a_market_bar(3)).then_nothing()
    assert seen == [1, 2]
    desk.restart().then_nothing()


def test_market_strategies_that_raise_are_recorded_once() -> None:
    desk = a_desk([a_seat(raising, on="market.raw")]).when(a_market_bar()).then_types(RUN)
    assert runs(desk)[0].verdict is AgentVerdict.FAILED
    desk.restart().then_nothing()


def test_symbols_that_are_no_instrument_are_not_folded() -> None:
    seen = []
    desk = a_desk([a_seat(lambda _, ctx: seen.append(ctx.last_price("DOGE")), on="market.raw")])
    desk.when(a_market_bar(symbol="DOGE"))
    assert seen == [None]


def test_the_desk_remembers_a_bounded_number_of_answers() -> None:
    desk = a_desk([follow_seat()], answers_max=2)
    desk.when(a_signal(1)).when(a_signal(2)).when(a_signal(3))
    desk.when(a_signal(3)).then_nothing()
    desk.when(a_signal(1)).then_types(PROPOSAL, RUN)


prices = st.integers(min_value=1, max_value=60).map(str)


@given(st.lists(prices, min_size=1, max_size=25), st.data())
@settings(max_examples=80, deadline=None)
def test_reading_the_bars_again_from_the_beginning_proposes_the_same_bytes(closes: Any, data: Any) -> None:
    desk = again(EMA).given(*bars(*closes))
    before = {event.event_id: encode(event) for event in desk.published}
    lost = data.draw(st.sets(st.sampled_from(sorted(before, key=str)))) if before else set()
    desk.restart(keep=lambda event: event.event_id not in lost)
    after = {
        event.event_id: encode(event) for event in desk.published if isinstance(event, TradeProposalEvent)
    }
    assert after == {key: body for key, body in before.items() if key in after}
    assert {event.event_id for event in desk.published} == set(before)


@given(st.lists(prices, min_size=5, max_size=25), st.integers(min_value=0, max_value=59))
@settings(max_examples=50, deadline=None)
def test_how_late_a_bar_is_handled_changes_no_proposal(closes: Any, late_seconds: Any) -> None:
    prompt, late = again(EMA), again(EMA_LATE)
    for bar in bars(*closes):
        prompt.when(bar)
        late.when(bar, bar.timestamp + timedelta(seconds=late_seconds))
        assert proposals(prompt) == proposals(late)


def bars(*closes: Any) -> Any:
    return [a_market_bar(n, close=close) for n, close in enumerate(closes, start=1)]
