"""Checks of the circumstances: switches and states, a known book, an allowed symbol, a fresh cause."""

from __future__ import annotations

from datetime import timedelta

from at_core.enums import TradingState
from at_core.events import CheckResult
from at_core.risk.checks.result import limit, skipped
from at_core.risk.codes import RejectCode
from at_core.risk.trial import Trial

__all__ = [
    "book_unavailable",
    "kill_switch",
    "signal_too_old",
    "symbol_not_allowed",
    "trading_halted",
    "trading_reducing",
]


def kill_switch(trial: Trial) -> CheckResult:
    """Refuse entries while a kill switch covers account or strategy, whatever its level."""
    active = ", ".join(f"{it.scope} {it.scope_value} {it.level}" for it in trial.switches)
    return limit(trial, RejectCode.KILL_SWITCH, not active, active or "none active", "none active")


def trading_halted(trial: Trial) -> CheckResult:
    """Refuse entries while trading is HALTED."""
    passed = trial.trading_state is not TradingState.HALTED
    return limit(trial, RejectCode.TRADING_HALTED, passed, trial.trading_state, "not HALTED")


def trading_reducing(trial: Trial) -> CheckResult:
    """Refuse entries while trading is REDUCING."""
    passed = trial.trading_state is not TradingState.REDUCING
    return limit(trial, RejectCode.TRADING_REDUCING, passed, trial.trading_state, "not REDUCING")


def book_unavailable(trial: Trial) -> CheckResult:
    """Refuse entries while the account's money is unknown: limits cannot be held against nothing."""
    known = trial.book.account is not None
    return limit(
        trial, RejectCode.BOOK_UNAVAILABLE, known, "account known" if known else "unknown", "account known"
    )


def symbol_not_allowed(trial: Trial) -> CheckResult:
    """Refuse entries in symbols the account may not hold."""
    if trial.limits is None:
        return skipped(RejectCode.SYMBOL_NOT_ALLOWED, "no limits for this account")
    allowed = trial.limits.allows(trial.symbol)
    names = ", ".join(trial.limits.symbols_allowed) or "none"
    return limit(trial, RejectCode.SYMBOL_NOT_ALLOWED, allowed, trial.symbol, names)


def signal_too_old(trial: Trial) -> CheckResult:
    """Refuse entries on old causes. The age counts from the earlier of proposal and start of validity."""
    if trial.limits is None:
        return skipped(RejectCode.SIGNAL_TOO_OLD, "no limits for this account")
    age = max(timedelta(0), trial.now - min(trial.proposal.timestamp, trial.plan.valid_from))
    seconds_max = trial.limits.signal_age_seconds_max
    passed = age <= timedelta(seconds=seconds_max)
    return limit(
        trial, RejectCode.SIGNAL_TOO_OLD, passed, f"{age.total_seconds():.6f} s", f"at most {seconds_max} s"
    )
