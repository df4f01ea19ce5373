"""Every check just inside and just outside, what waives it, and what nothing waives."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from risk_world import a_book, a_trial, failed, reserved, result_of, some_limits, some_money

from at_core.enums import KillSwitchLevel, KillSwitchScope, Side, TradingState
from at_core.risk.checks import CHECKS, examine, refusals
from at_core.risk.codes import RejectCode
from at_core.risk.trial import ActiveSwitch, Trial
from at_core.testing.builders import T0

BUY, SELL = Side.BUY, Side.SELL
SECOND, MICRO = timedelta(seconds=1), timedelta(microseconds=1)
STATES = {"H": TradingState.HALTED, "R": TradingState.REDUCING}

LIMIT = {"order_type": "LIMIT"}
LOST = some_money(cash=Decimal(98_000), equity=Decimal(98_000))
LOST_LESS = some_money(cash=Decimal("98000.01"), equity=Decimal("98000.01"))
YESTERDAY = some_money(trading_day="2026-01-04", cash=Decimal(97_000), equity=Decimal(97_000))
SWITCH = ActiveSwitch(KillSwitchScope.GLOBAL, "all", KillSwitchLevel.FLATTEN)

PAPER = some_limits(reference_required=False)

CASES: list[tuple[str, Trial, Trial]] = [
    # code, just inside, just outside
    ("UNKNOWN_INSTRUMENT", a_trial(), a_trial(given={"instrument": None})),
    ("UNKNOWN_ACCOUNT", a_trial(), a_trial(given={"limits": None})),
    ("PLAN_EXPIRED", a_trial(now=T0 + 60 * SECOND - MICRO), a_trial(now=T0 + 60 * SECOND)),
    ("PLAN_NOT_YET_VALID", a_trial(valid_from=T0 + 2 * SECOND), a_trial(valid_from=T0 + 2 * SECOND + MICRO)),
    ("DUPLICATE_PLAN", a_trial(), a_trial(given={"approved_before": UUID(int=7)})),
    ("KILL_SWITCH", a_trial(), a_trial(given={"switches": (SWITCH,)})),
    (
        "TRADING_HALTED",
        a_trial(given={"trading_state": STATES["R"]}),
        a_trial(given={"trading_state": STATES["H"]}),
    ),
    ("TRADING_REDUCING", a_trial(), a_trial(given={"trading_state": STATES["R"]})),
    ("BOOK_UNAVAILABLE", a_trial(), a_trial(given={"book": type(a_book())()})),
    (
        "SYMBOL_NOT_ALLOWED",
        a_trial(limits=some_limits(symbols_allowed=["AAPL", "BTC/USDT"])),
        a_trial(limits=some_limits(symbols_allowed=["AAPL"])),
    ),
    ("SIGNAL_TOO_OLD", a_trial(now=T0 + 60 * SECOND), a_trial(now=T0 + 60 * SECOND + MICRO)),
    ("QUANTITY_TOO_SMALL", a_trial(quantity="0.00001"), a_trial(quantity="0.000009")),
    ("QUANTITY_TOO_LARGE", a_trial(quantity="100"), a_trial(quantity="100.00001")),
    (
        "QUANTITY_TOO_LARGE",
        a_trial(limits=some_limits(quantity_max="0.5")),
        a_trial(limits=some_limits(quantity_max="0.49999")),
    ),
    ("QUANTITY_OFF_LOT", a_trial(quantity="0.12345"), a_trial(quantity="0.123456")),
    ("PRICE_OFF_TICK", a_trial(**LIMIT, limit_price="50000.01"), a_trial(**LIMIT, limit_price="50000.001")),
    ("NO_REFERENCE_PRICE", a_trial(), a_trial(market=None)),
    (
        "NO_REFERENCE_PRICE",
        a_trial(market=None, limits=PAPER),
        a_trial(market=None, limits=PAPER, reference_price=None),
    ),
    (
        "STALE_REFERENCE_PRICE",
        a_trial(market_at=T0 - 15 * SECOND),
        a_trial(market_at=T0 - 15 * SECOND - MICRO),
    ),
    ("PRICE_COLLAR", a_trial(**LIMIT, limit_price="47500"), a_trial(**LIMIT, limit_price="47499.99")),
    ("PRICE_COLLAR", a_trial(**LIMIT, limit_price="52500"), a_trial(**LIMIT, limit_price="52500.01")),
    ("PRICE_COLLAR", a_trial(reference_price="52500"), a_trial(reference_price="52500.01")),
    (
        "NOTIONAL_TOO_SMALL",
        a_trial(limits=some_limits(notional_min="25000")),
        a_trial(limits=some_limits(notional_min="25000.01")),
    ),
    ("NOTIONAL_TOO_LARGE", a_trial(quantity="0.6"), a_trial(quantity="0.60001")),
    (
        "SYMBOL_EXPOSURE",
        a_trial(book=a_book("0.2", reserved(BUY, "0.5"))),
        a_trial(book=a_book("0.20001", reserved(BUY, "0.5"))),
    ),
    (
        "GROSS_EXPOSURE",
        a_trial(book=a_book("0", reserved(SELL, "1", "65000", symbol="ETH/USDT"))),
        a_trial(book=a_book("0", reserved(SELL, "1", "65000.01", symbol="ETH/USDT"))),
    ),
    ("DAILY_LOSS", a_trial(book=a_book(account=LOST_LESS)), a_trial(book=a_book(account=LOST))),
    (
        "NOTIONAL_NEEDS_PERSON",
        a_trial(limits=some_limits(hold_notional_above="25000")),
        a_trial(limits=some_limits(hold_notional_above="24999.99")),
    ),
]


@pytest.mark.parametrize(("code", "inside", "outside"), CASES)
def test_just_inside_passes_and_just_outside_fails(code: str, inside: Trial, outside: Trial) -> None:
    within, beyond = result_of(inside, code), result_of(outside, code)
    assert (within.passed, within.waived) == (True, False)
    assert (beyond.passed, beyond.waived) == (False, False)
    assert beyond.observed


def test_every_code_has_a_case_here() -> None:
    elsewhere = {"MALFORMED_PLAN", "NOTHING_TO_CLOSE", "WOULD_INCREASE_POSITION"}
    assert {code for code, _, _ in CASES} | elsewhere == set(RejectCode)


def test_an_ordinary_plan_passes_everything() -> None:
    trial = a_trial()
    assert failed(trial) == []
    assert trial.quantity == Decimal("0.5")
    assert not trial.is_exit


def test_all_checks_run_though_many_fail() -> None:
    trial = a_trial(
        quantity="200.000001", given={"switches": (SWITCH,), "trading_state": STATES["H"]}, market=None
    )
    results = examine(trial)
    assert len(results) == len(CHECKS)
    assert {"KILL_SWITCH", "TRADING_HALTED", "QUANTITY_TOO_LARGE", "NO_REFERENCE_PRICE"} <= set(
        refusals(results)
    )


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        ({"account": None}, "no account"),
        ({"quantity": None}, "no quantity"),
        ({"quantity": "0"}, "quantity is 0"),
        ({"order_type": "LIMIT"}, "LIMIT without limit_price"),
        ({"order_type": "STOP"}, "STOP without stop_price"),
        ({"order_type": "STOP_LIMIT", "limit_price": "1"}, "STOP_LIMIT without stop_price"),
        ({"order_type": "TRAILING_STOP"}, "TRAILING_STOP is not supported"),
        ({"valid_until": T0, "expires_at": T0 + SECOND}, "valid_until is not after"),
        ({"stop_loss": "51000", "take_profit": "49000"}, "wrong sides"),
        ({"side": "SELL", "stop_loss": "49000", "take_profit": "51000"}, "wrong sides"),
    ],
)
def test_a_malformed_plan_is_refused_with_its_problem(plan: dict[str, Any], problem: str) -> None:
    result = result_of(a_trial(**plan), "MALFORMED_PLAN")
    assert not result.passed
    assert problem in result.observed


def test_a_plan_for_another_symbol_than_its_proposal_is_malformed() -> None:
    other = a_trial().plan.model_copy(update={"intent": a_trial(symbol="AAPL").plan.intent})
    assert (
        "intent is for AAPL" in result_of(a_trial(plan=other, symbol="BTC/USDT"), "MALFORMED_PLAN").observed
    )


# Exits ------------------------------------------------------------------------------------------------------

EVERYTHING_WRONG: dict[str, Any] = {
    "limits": some_limits(
        symbols_allowed=[], quantity_max="0", notional_max="0", symbol_exposure_max="0", gross_exposure_max="0",
        daily_loss_max="0", price_collar_percent="0", reference_age_seconds_max=0, signal_age_seconds_max=0,
        notional_min="0", hold_notional_above="0",
    ),
    "given": {"switches": (SWITCH,), "trading_state": TradingState.HALTED},
    "market": "80000",
    "market_at": T0 - 500 * SECOND,
    "now": T0 + 400 * SECOND,
    "book": a_book("3", account=LOST),
}  # fmt: skip


@pytest.mark.parametrize(
    "exit_plan",
    [
        {"side": "SELL", "quantity": "3"},
        {"side": "SELL", "quantity": "0.000013"},
        {"side": "SELL", "quantity": "99", "reduce_only": True},
        {"side": "SELL", "quantity": None, "close_position": True},
        {"side": "SELL", "quantity": "1", "order_type": "LIMIT", "limit_price": "1.000001"},
    ],
)
def test_an_exit_passes_every_limit_at_once_and_says_which_were_waived(exit_plan: dict[str, Any]) -> None:
    trial = a_trial(**EVERYTHING_WRONG, **exit_plan)
    assert failed(trial) == []
    waived = {result.code for result in examine(trial) if result.waived}
    assert {
        "KILL_SWITCH",
        "TRADING_HALTED",
        "SYMBOL_NOT_ALLOWED",
        "STALE_REFERENCE_PRICE",
        "DAILY_LOSS",
    } <= waived
    assert {"PLAN_EXPIRED", "SIGNAL_TOO_OLD", "SYMBOL_EXPOSURE", "GROSS_EXPOSURE"} <= waived


@pytest.mark.parametrize("level", list(KillSwitchLevel))
def test_a_kill_switch_of_any_level_lets_exits_out_and_no_entry_in(level: KillSwitchLevel) -> None:
    given = {"switches": (ActiveSwitch(KillSwitchScope.ACCOUNT, "paper", level),)}
    assert failed(a_trial(given=given, book=a_book("0.5"), side="SELL")) == []
    assert failed(a_trial(given=given, book=a_book("0.5"), side="BUY")) == ["KILL_SWITCH"]


def test_an_exit_from_an_account_without_limits_or_money_passes() -> None:
    bare = type(a_book())(positions=a_book("1").positions)
    assert failed(a_trial(given={"limits": None, "book": bare}, side="SELL")) == []


def test_nothing_waives_a_malformed_plan_or_an_unknown_instrument() -> None:
    close = {"side": "SELL", "quantity": None, "close_position": True, "book": a_book("1")}
    assert failed(a_trial(**close, given={"instrument": None})) == ["UNKNOWN_INSTRUMENT"]
    assert failed(a_trial(**close, order_type="LIMIT")) == ["MALFORMED_PLAN"]


def test_a_close_takes_the_position_and_the_entries_on_their_way() -> None:
    book = a_book("1", reserved(BUY, "0.25"), reserved(SELL, "0.5", exit_=True))
    trial = a_trial(side="SELL", quantity=None, close_position=True, book=book)
    assert trial.quantity == Decimal("0.75")


def test_a_reduce_only_order_is_clipped_and_floored_to_the_lot() -> None:
    trial = a_trial(side="SELL", quantity="9", reduce_only=True, book=a_book("1.000019"))
    assert trial.quantity == Decimal("1.00001")


@pytest.mark.parametrize("book", [a_book(), a_book("0.000001"), a_book("1", reserved(SELL, "1", exit_=True))])
def test_an_exit_with_nothing_to_close_is_refused_for_that_alone(book: Any) -> None:
    wrong = {**EVERYTHING_WRONG, "book": book}
    assert failed(a_trial(**wrong, side="SELL", quantity=None, close_position=True)) == ["NOTHING_TO_CLOSE"]


def test_an_exit_on_the_side_of_the_position_is_refused_for_that_alone() -> None:
    trial = a_trial(side="BUY", reduce_only=True, book=a_book("1"))
    assert failed(trial) == ["WOULD_INCREASE_POSITION"]


def test_an_order_through_zero_is_an_entry_and_counts_in_full() -> None:
    trial = a_trial(side="SELL", quantity="0.6", book=a_book("0.5"))
    assert not trial.is_exit
    assert result_of(trial, "SYMBOL_EXPOSURE").observed == "30000"


# Valuation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "unit_price"),
    [
        ({}, "50000"),
        ({**LIMIT, "limit_price": "49000"}, "49000"),
        ({**LIMIT, "limit_price": "49000", "side": "SELL"}, "50000"),
        ({**LIMIT, "limit_price": "51000", "side": "SELL"}, "51000"),
        ({"order_type": "STOP", "stop_price": "52000"}, "52000"),
        ({"order_type": "STOP", "stop_price": "48000"}, "50000"),
        ({"order_type": "STOP_LIMIT", "stop_price": "48000", "limit_price": "48500"}, "48500"),
    ],
)
def test_an_order_is_never_valued_too_low(plan: dict[str, Any], unit_price: str) -> None:
    assert a_trial(**plan).unit_price == Decimal(unit_price)


def test_a_claimed_price_is_believed_only_where_the_limits_say_so() -> None:
    claim = {"market": None, "reference_price": "1", "quantity": "0.5"}
    assert a_trial(**claim).unit_price is None
    assert a_trial(**claim, limits=PAPER).unit_price == 1
    assert a_trial(reference_price="1", limits=PAPER).unit_price == 50_000


def test_a_stale_price_is_replaced_by_the_claim_only_where_the_limits_say_so() -> None:
    stale = {"market": "50000", "market_at": T0 - 16 * SECOND, "reference_price": "60000"}
    assert failed(a_trial(**stale)) == ["STALE_REFERENCE_PRICE"]
    trial = a_trial(**stale, limits=PAPER)
    assert failed(trial) == []
    assert trial.reference_price == 60_000


def test_the_loss_of_a_new_day_begins_with_the_equity_last_reported() -> None:
    assert result_of(a_trial(book=a_book(account=YESTERDAY)), "DAILY_LOSS").observed == "0"


def test_open_losses_count() -> None:
    money = some_money(cash=Decimal(50_000), fill_count=0)
    trial = a_trial(book=a_book("1", price="47999", account=money))
    assert result_of(trial, "DAILY_LOSS").observed == "2001"
    assert not result_of(trial, "DAILY_LOSS").passed
