"""The checks: all of them, always, in the order in which reasons are told.

A check is one pure function from a Trial to a CheckResult that carries the observed value and the limit. Orders that
only reduce risk are waived from every limit (law 8): such a result says passed *and* waived. What cannot be evaluated
because of something that another check refuses (an unknown instrument, a missing price) passes and says so, so that
the reasons name the cause and not its consequences; ``refusals`` of such a trial are never empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from at_core.events import CheckResult
from at_core.risk.checks import controls, money, order, plan, price
from at_core.risk.trial import Trial

__all__ = ["CHECKS", "Check", "examine", "refusals"]

Check = Callable[[Trial], CheckResult]

CHECKS: Final[tuple[Check, ...]] = (
    plan.malformed_plan,
    plan.unknown_instrument,
    plan.unknown_account,
    plan.plan_expired,
    plan.plan_not_yet_valid,
    plan.duplicate_plan,
    plan.nothing_to_close,
    plan.would_increase_position,
    controls.kill_switch,
    controls.trading_halted,
    controls.trading_reducing,
    controls.book_unavailable,
    controls.symbol_not_allowed,
    controls.signal_too_old,
    order.quantity_too_small,
    order.quantity_too_large,
    order.quantity_off_lot,
    order.price_off_tick,
    price.no_reference_price,
    price.stale_reference_price,
    price.price_collar,
    money.notional_too_small,
    money.notional_too_large,
    money.symbol_exposure_too_large,
    money.gross_exposure_too_large,
    money.daily_loss,
    money.notional_needs_person,
)


def examine(trial: Trial, checks: Sequence[Check] = CHECKS) -> tuple[CheckResult, ...]:
    """Return the result of every check; none is skipped because another failed."""
    return tuple(check(trial) for check in checks)


def refusals(results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return the codes of the checks that did not pass, in order."""
    return tuple(result.code for result in results if not result.passed)
