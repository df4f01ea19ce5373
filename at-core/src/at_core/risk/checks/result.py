"""How a check answers: as a rule that nothing is exempt from, or as a limit that exits are waived from."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from at_core.events import CheckResult
from at_core.numbers import plain
from at_core.risk.codes import RejectCode
from at_core.risk.trial import Trial

__all__ = ["limit", "number", "rule", "skipped"]

_TEXT_MAX: Final = 200
_WIDE: Final = Context(prec=100)
_PLACES: Final = Decimal("1e-8")


def rule(code: RejectCode, passed: bool, observed: str, allowed: str) -> CheckResult:
    """Answer a rule: nothing is exempt from it, not even an exit."""
    return CheckResult(code=code, passed=passed, observed=_cut(observed), limit=_cut(allowed))


def limit(trial: Trial, code: RejectCode, passed: bool, observed: str, allowed: str) -> CheckResult:
    """Answer a limit: an order that only reduces risk passes it, and the result says that it was waived."""
    waived = trial.is_exit and not passed
    return CheckResult(
        code=code, passed=passed or waived, observed=_cut(observed), limit=_cut(allowed), waived=waived
    )


def skipped(code: RejectCode, why: str) -> CheckResult:
    """Answer that there is nothing to measure here, and why."""
    return CheckResult(code=code, passed=True, observed=_cut(f"not evaluated: {why}"), limit="-")


def number(value: Decimal) -> str:
    """Write a number for people: plain, at most 8 decimals, no trailing zeros."""
    short = value.quantize(_PLACES, rounding=ROUND_HALF_EVEN, context=_WIDE).normalize(_WIDE)
    return plain(short + 0)


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 3]}..."
