"""Checks of the plan itself: complete, known, in time, not seen before, able to close what it says it closes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from at_core.enums import OrderType, Side
from at_core.events import CheckResult, TradePlan
from at_core.events.envelope import format_utc
from at_core.numbers import ZERO
from at_core.risk.checks.result import limit, number, rule, skipped
from at_core.risk.codes import RejectCode
from at_core.risk.trial import Trial

__all__ = [
    "duplicate_plan",
    "malformed_plan",
    "nothing_to_close",
    "plan_expired",
    "plan_not_yet_valid",
    "unknown_account",
    "unknown_instrument",
    "would_increase_position",
]

CLOCK_SKEW_MAX: Final = timedelta(seconds=2)
"""Two machines' clocks may differ by this much (the specification's bound before a service must not start)."""

_NEEDS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_NEEDS_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


def malformed_plan(trial: Trial) -> CheckResult:
    """Refuse a plan that contradicts itself or lacks what its order needs."""
    problems = _problems(trial)
    return rule(RejectCode.MALFORMED_PLAN, not problems, "; ".join(problems) or "complete", "complete")


def unknown_instrument(trial: Trial) -> CheckResult:
    """Refuse a symbol that is not in the instrument list."""
    known = trial.instrument is not None
    return rule(RejectCode.UNKNOWN_INSTRUMENT, known, trial.symbol, "a known instrument")


def unknown_account(trial: Trial) -> CheckResult:
    """Refuse an account nobody wrote limits for; its exits pass."""
    known = trial.limits is not None
    return limit(trial, RejectCode.UNKNOWN_ACCOUNT, known, trial.account or "none", "an account with limits")


def plan_expired(trial: Trial) -> CheckResult:
    """Refuse entries after the plan's own end; an exit that waited is still better late than not."""
    end = min(moment for moment in (trial.plan.valid_until, trial.proposal.expires_at) if moment is not None)
    passed = trial.now < end
    return limit(trial, RejectCode.PLAN_EXPIRED, passed, format_utc(trial.now), f"before {format_utc(end)}")


def plan_not_yet_valid(trial: Trial) -> CheckResult:
    """Refuse entries that are meant for later than the clocks may differ."""
    begin = trial.plan.valid_from
    passed = begin <= trial.now + CLOCK_SKEW_MAX
    return limit(
        trial, RejectCode.PLAN_NOT_YET_VALID, passed, format_utc(trial.now), f"from {format_utc(begin)}"
    )


def duplicate_plan(trial: Trial) -> CheckResult:
    """Refuse a second plan for one purpose: an order must not be sent twice, whichever way it points."""
    before = trial.approved_before
    observed = "not approved before" if before is None else f"plan {before} was approved"
    return rule(RejectCode.DUPLICATE_PLAN, before is None, observed, trial.plan.idempotency_scope)


def nothing_to_close(trial: Trial) -> CheckResult:
    """Refuse an exit without anything to exit from: it would open."""
    if not trial.is_exit or _enlarges(trial):
        return skipped(
            RejectCode.NOTHING_TO_CLOSE, "no exit" if not trial.is_exit else "position on this side"
        )
    observed = (
        f"closable {number(trial.closable)}, of which {number(trial.quantity)} in whole lots and asked for"
    )
    return rule(RejectCode.NOTHING_TO_CLOSE, trial.quantity > 0, observed, "more than 0")


def would_increase_position(trial: Trial) -> CheckResult:
    """Refuse a reduce-only order on the side of the position: it would enlarge it."""
    if not trial.is_exit:
        return skipped(RejectCode.WOULD_INCREASE_POSITION, "no exit")
    held = trial.book.quantity(trial.symbol)
    observed = f"{trial.side} with position {number(held)}"
    return rule(RejectCode.WOULD_INCREASE_POSITION, not _enlarges(trial), observed, "the opposite side")


def _enlarges(trial: Trial) -> bool:
    return trial.closable == 0 and trial.book.quantity(trial.symbol) * trial.side.sign > 0


def _problems(trial: Trial) -> list[str]:
    plan, skeleton = trial.plan, trial.plan.order_skeleton
    out = []
    if trial.account is None:
        out.append("no account")
    if plan.intent.symbol != trial.symbol:
        out.append(f"intent is for {plan.intent.symbol}, proposal for {trial.symbol}")
    if plan.quantity is None and not plan.intent.close_position:
        out.append("no quantity, and close_position is not set")
    if plan.quantity is not None and plan.quantity <= ZERO and not plan.intent.close_position:
        out.append("quantity is 0")
    if skeleton.order_type is OrderType.TRAILING_STOP:
        out.append("TRAILING_STOP is not supported")
    if skeleton.order_type in _NEEDS_LIMIT and skeleton.limit_price is None:
        out.append(f"{skeleton.order_type} without limit_price")
    if skeleton.order_type in _NEEDS_STOP and skeleton.stop_price is None:
        out.append(f"{skeleton.order_type} without stop_price")
    if plan.valid_until <= plan.valid_from:
        out.append("valid_until is not after valid_from")
    if not _stop_and_target_agree(plan):
        out.append("stop_loss and take_profit are on the wrong sides of each other")
    return out


def _stop_and_target_agree(plan: TradePlan) -> bool:
    stop, target = plan.risk_model.stop_loss, plan.risk_model.take_profit
    if stop is None or target is None:
        return True
    return stop < target if plan.intent.side is Side.BUY else target < stop
