"""Checks against the market: a reference price exists, is fresh, and the order's own price is near it."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from at_core.enums import OrderType
from at_core.events import CheckResult
from at_core.risk.checks.result import limit, number, skipped
from at_core.risk.codes import RejectCode
from at_core.risk.trial import Trial

__all__ = ["no_reference_price", "price_collar", "stale_reference_price"]

_HUNDRED: Final = Decimal(100)
_WIDE: Final = Context(prec=60)


def no_reference_price(trial: Trial) -> CheckResult:
    """Refuse entries that nothing can be said about: no market price where one is required, or none at all."""
    if trial.limits is None:
        return skipped(RejectCode.NO_REFERENCE_PRICE, "no limits for this account")
    if trial.limits.reference_required:
        known, needed = trial.market is not None, "a market price"
    else:
        known, needed = trial.unit_price is not None, "a market price, the plan's reference or a limit price"
    observed = trial.reference_price or (trial.market.price if trial.market else trial.unit_price)
    said = "none" if observed is None else number(observed)
    return limit(trial, RejectCode.NO_REFERENCE_PRICE, known, said, needed)


def stale_reference_price(trial: Trial) -> CheckResult:
    """Refuse entries when a market price is required and the newest one is too old."""
    if trial.limits is None or trial.market is None:
        return skipped(RejectCode.STALE_REFERENCE_PRICE, "no market price, or no limits for this account")
    age = (trial.now - trial.market.observed_at).total_seconds()
    allowed = f"at most {trial.limits.reference_age_seconds_max} s"
    if not trial.limits.reference_required:
        allowed += "; when older, the plan's own reference is used"
    passed = trial.market_is_fresh or not trial.limits.reference_required
    return limit(trial, RejectCode.STALE_REFERENCE_PRICE, passed, f"{age:.6f} s", allowed)


def price_collar(trial: Trial) -> CheckResult:
    """Refuse entries whose limit price, or whose claim of the market, is far from the reference price."""
    if trial.limits is None or trial.reference_price is None:
        return skipped(RejectCode.PRICE_COLLAR, "no reference price, or no limits for this account")
    skeleton = trial.plan.order_skeleton
    has_limit = skeleton.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    said = [skeleton.limit_price if has_limit else None, trial.plan.reference_price]
    far = max((_distance(price, trial.reference_price) for price in said if price is not None), default=None)
    if far is None:
        return skipped(RejectCode.PRICE_COLLAR, "the plan names no price")
    percent = trial.limits.price_collar_percent
    return limit(
        trial,
        RejectCode.PRICE_COLLAR,
        far <= percent,
        f"{number(far)} % from {number(trial.reference_price)}",
        f"at most {number(percent)} %",
    )


def _distance(price: Decimal, reference: Decimal) -> Decimal:
    """Percent between ``price`` and ``reference``, relative to the reference."""
    return _WIDE.divide(_WIDE.multiply(abs(price - reference), _HUNDRED), reference)
