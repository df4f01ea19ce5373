"""Checks of the money: order value, exposure in the symbol and overall, loss of the day."""

from __future__ import annotations

from at_core.events import CheckResult
from at_core.numbers import ZERO
from at_core.risk.checks.result import limit, number, skipped
from at_core.risk.codes import RejectCode
from at_core.risk.exposure import gross_exposure, marked_equity, symbol_exposure
from at_core.risk.trial import Trial

__all__ = [
    "daily_loss",
    "gross_exposure_too_large",
    "notional_needs_person",
    "notional_too_large",
    "notional_too_small",
    "symbol_exposure_too_large",
]

_NO_VALUE = "the order cannot be valued, or no limits for this account"


def notional_too_small(trial: Trial) -> CheckResult:
    """Refuse entries worth less than the minimum."""
    if trial.limits is None or trial.notional is None:
        return skipped(RejectCode.NOTIONAL_TOO_SMALL, _NO_VALUE)
    least = trial.limits.notional_min
    passed = trial.notional >= least
    return limit(
        trial, RejectCode.NOTIONAL_TOO_SMALL, passed, number(trial.notional), f"at least {number(least)}"
    )


def notional_too_large(trial: Trial) -> CheckResult:
    """Refuse entries worth more than the maximum for one order."""
    if trial.limits is None or trial.notional is None:
        return skipped(RejectCode.NOTIONAL_TOO_LARGE, _NO_VALUE)
    most = trial.limits.notional_max
    passed = trial.notional <= most
    return limit(
        trial, RejectCode.NOTIONAL_TOO_LARGE, passed, number(trial.notional), f"at most {number(most)}"
    )


def symbol_exposure_too_large(trial: Trial) -> CheckResult:
    """Refuse entries with which the symbol's worst-case exposure would exceed its limit."""
    if trial.limits is None or trial.reservation is None:
        return skipped(RejectCode.SYMBOL_EXPOSURE, _NO_VALUE)
    after = symbol_exposure(trial.book, trial.symbol, trial.reservation)
    most = trial.limits.symbol_exposure_max
    return limit(trial, RejectCode.SYMBOL_EXPOSURE, after <= most, number(after), f"at most {number(most)}")


def gross_exposure_too_large(trial: Trial) -> CheckResult:
    """Refuse entries with which the account's worst-case exposure would exceed its limit."""
    if trial.limits is None or trial.reservation is None:
        return skipped(RejectCode.GROSS_EXPOSURE, _NO_VALUE)
    after = gross_exposure(trial.book, trial.reservation)
    most = trial.limits.gross_exposure_max
    return limit(trial, RejectCode.GROSS_EXPOSURE, after <= most, number(after), f"at most {number(most)}")


def daily_loss(trial: Trial) -> CheckResult:
    """Refuse entries once the day's loss, open positions included, has reached its limit.

    loss = equity at the start of the UTC day - equity at the newest prices. On a day without an account report yet,
    the day began with the equity last reported.
    """
    account, equity = trial.book.account, marked_equity(trial.book)
    if trial.limits is None or account is None or equity is None:
        return skipped(RejectCode.DAILY_LOSS, "account unknown, or no limits for this account")
    today = f"{trial.now:%Y-%m-%d}"
    start = account.day_start_equity if account.trading_day == today else account.equity
    loss = max(ZERO, start - equity)
    most = trial.limits.daily_loss_max
    return limit(trial, RejectCode.DAILY_LOSS, loss < most, number(loss), f"less than {number(most)}")


def notional_needs_person(trial: Trial) -> CheckResult:
    """Hold entries that are worth more than may be approved without a person."""
    if trial.limits is None or trial.notional is None or trial.limits.hold_notional_above is None:
        return skipped(RejectCode.NOTIONAL_NEEDS_PERSON, "no such limit, or the order cannot be valued")
    most = trial.limits.hold_notional_above
    passed = trial.notional <= most
    return limit(
        trial, RejectCode.NOTIONAL_NEEDS_PERSON, passed, number(trial.notional), f"at most {number(most)}"
    )
