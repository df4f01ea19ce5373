"""Checks of the order's shape: quantity bounds, quantity grid, price grid."""

from __future__ import annotations

from at_core.events import CheckResult
from at_core.risk.checks.result import limit, number, skipped
from at_core.risk.codes import RejectCode
from at_core.risk.trial import Trial

__all__ = ["price_off_tick", "quantity_off_lot", "quantity_too_large", "quantity_too_small"]

_NO_INSTRUMENT = "unknown instrument"


def quantity_too_small(trial: Trial) -> CheckResult:
    """Refuse entries below the instrument's minimum."""
    if trial.instrument is None:
        return skipped(RejectCode.QUANTITY_TOO_SMALL, _NO_INSTRUMENT)
    least = trial.instrument.quantity_min
    passed = trial.quantity >= least
    return limit(
        trial, RejectCode.QUANTITY_TOO_SMALL, passed, number(trial.quantity), f"at least {number(least)}"
    )


def quantity_too_large(trial: Trial) -> CheckResult:
    """Refuse entries above the instrument's maximum or the account's, whichever is smaller."""
    if trial.instrument is None:
        return skipped(RejectCode.QUANTITY_TOO_LARGE, _NO_INSTRUMENT)
    own = None if trial.limits is None else trial.limits.quantity_max
    most = trial.instrument.quantity_max if own is None else min(own, trial.instrument.quantity_max)
    passed = trial.quantity <= most
    return limit(
        trial, RejectCode.QUANTITY_TOO_LARGE, passed, number(trial.quantity), f"at most {number(most)}"
    )


def quantity_off_lot(trial: Trial) -> CheckResult:
    """Refuse entries off the lot grid; exits were floored to it before."""
    if trial.instrument is None:
        return skipped(RejectCode.QUANTITY_OFF_LOT, _NO_INSTRUMENT)
    passed = trial.instrument.quantity(trial.quantity) == trial.quantity
    return limit(
        trial,
        RejectCode.QUANTITY_OFF_LOT,
        passed,
        number(trial.quantity),
        f"multiples of {number(trial.instrument.lot_size)}",
    )


def price_off_tick(trial: Trial) -> CheckResult:
    """Refuse entries whose limit or stop price is off the price grid; an exit's price is rounded to it."""
    if trial.instrument is None:
        return skipped(RejectCode.PRICE_OFF_TICK, _NO_INSTRUMENT)
    skeleton = trial.plan.order_skeleton
    prices = [price for price in (skeleton.limit_price, skeleton.stop_price) if price is not None]
    off = [number(price) for price in prices if trial.instrument.price(price) != price]
    said = ", ".join(number(price) for price in prices) or "no price"
    allowed = f"multiples of {number(trial.instrument.tick_size)}"
    return limit(trial, RejectCode.PRICE_OFF_TICK, not off, ", ".join(off) or said, allowed)
