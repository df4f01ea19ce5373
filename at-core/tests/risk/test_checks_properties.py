"""What must hold for every trial: exits get out, entries stay inside, equal inputs give equal bytes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from risk_world import a_book, a_trial, failed, reserved, some_limits, some_money

from at_core.enums import KillSwitchLevel, KillSwitchScope, Side, TradingState
from at_core.events import RiskRejected
from at_core.risk.checks import examine
from at_core.risk.codes import RejectCode
from at_core.risk.exposure import Reservation, gross_exposure, symbol_exposure
from at_core.risk.trial import ActiveSwitch, Trial
from at_core.testing.builders import T0

NEVER_WAIVED = {
    RejectCode.MALFORMED_PLAN,
    RejectCode.UNKNOWN_INSTRUMENT,
    RejectCode.DUPLICATE_PLAN,
    RejectCode.NOTHING_TO_CLOSE,
    RejectCode.WOULD_INCREASE_POSITION,
}
"""Facts about the plan, not limits of ours."""

amounts = st.decimals(min_value=0, max_value=200_000, places=2).map(str)
quantities = st.decimals(min_value=Decimal("0.00001"), max_value=3, places=6).map(str)
sides = st.sampled_from(list(Side))


@st.composite
def reservations(draw: st.DrawFn) -> Reservation:
    return reserved(draw(sides), draw(quantities), exit_=draw(st.booleans()), rests=draw(st.booleans()))


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    limits = some_limits(
        notional_min="0",
        notional_max=draw(amounts),
        symbol_exposure_max=draw(amounts),
        gross_exposure_max=draw(amounts),
        daily_loss_max=draw(amounts),
        price_collar_percent=draw(amounts),
        reference_required=draw(st.booleans()),
        reference_age_seconds_max=draw(st.integers(0, 100)),
        signal_age_seconds_max=draw(st.integers(0, 100)),
        symbols_allowed=draw(st.sampled_from([["*"], []])),
        hold_notional_above=draw(st.one_of(st.none(), amounts)),
    )
    money = draw(st.one_of(st.none(), amounts.map(lambda cash: some_money(cash=Decimal(cash)))))
    position = draw(st.decimals(min_value=-3, max_value=3, places=6))
    book = a_book(str(position), *draw(st.lists(reservations(), max_size=4)))
    switch = ActiveSwitch(KillSwitchScope.GLOBAL, "all", draw(st.sampled_from(list(KillSwitchLevel))))
    close = draw(st.booleans())
    proposal: dict[str, Any] = {
        "side": draw(sides),
        "quantity": None if close else draw(quantities),
        "close_position": close,
        "reduce_only": draw(st.booleans()),
        "reference_price": draw(st.sampled_from([None, "50000", "1"])),
    }
    if draw(st.booleans()):
        proposal |= {
            "order_type": "LIMIT",
            "limit_price": draw(st.sampled_from(["49999.99", "1", "90000.005"])),
        }
    return a_trial(
        limits=limits,
        book=replace(book, account=money),
        market=draw(st.sampled_from([None, "50000", "70000"])),
        market_at=T0 - timedelta(seconds=draw(st.integers(0, 200))),
        now=T0 + timedelta(seconds=draw(st.integers(0, 100))),
        given={
            "switches": draw(st.sampled_from([(), (switch,)])),
            "trading_state": draw(st.sampled_from(list(TradingState))),
        },
        **proposal,
    )


@given(trials())
@settings(max_examples=300)
def test_no_exit_is_refused_for_a_limit(trial: Trial) -> None:
    if trial.is_exit:
        assert set(failed(trial)) <= NEVER_WAIVED
        assert trial.quantity <= trial.closable


@given(trials())
@settings(max_examples=300)
def test_an_entry_that_passes_leaves_the_book_inside_its_limits(trial: Trial) -> None:
    if trial.is_exit or failed(trial):
        return
    assert trial.limits is not None
    assert trial.reservation is not None
    assert symbol_exposure(trial.book, trial.symbol, trial.reservation) <= trial.limits.symbol_exposure_max
    assert gross_exposure(trial.book, trial.reservation) <= trial.limits.gross_exposure_max
    assert not trial.switches
    assert trial.trading_state is TradingState.ACTIVE
    assert trial.book.account is not None


@given(trials())
@settings(max_examples=100)
def test_only_exits_are_waived_and_a_waived_limit_counts_as_passed(trial: Trial) -> None:
    for result in examine(trial):
        assert not result.waived or (trial.is_exit and result.passed and result.code not in NEVER_WAIVED)


@given(trials())
@settings(max_examples=100)
def test_equal_trials_give_equal_bytes(trial: Trial) -> None:
    def as_bytes(of: Trial) -> bytes:
        ruling = RiskRejected(
            proposal_id=of.proposal.event_id, plan_id=of.plan.plan_id, strategy="s", symbol=of.symbol, side=of.side,
            checks=examine(of), policy_digest="0" * 64, seen=(), reasons=(), explanation="",
        )  # fmt: skip
        return ruling.model_dump_json().encode()

    again = replace(
        trial, proposal=type(trial.proposal).model_validate_json(trial.proposal.model_dump_json())
    )
    assert as_bytes(trial) == as_bytes(again)
