"""Slippage: how much worse than the looked-at price a taker trades; pure models chosen by configuration."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from at_core.enums import Side
from at_core.numbers import ZERO

__all__ = ["SlippageModel", "slipped"]

_BASIS_POINT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class SlippageModel:
    """``none``: the price itself. ``fixed``: ``bps`` worse. ``jitter``: between 0 and ``bps`` worse, by chance.

    ``impact``: ``bps`` x square root of (quantity / available), the square-root law of market impact; where the
    market did not say what is available, like ``fixed``.
    """

    kind: Literal["none", "fixed", "jitter", "impact"] = "none"
    bps: Decimal = ZERO


def slipped(
    model: SlippageModel,
    side: Side,
    price: Decimal,
    quantity: Decimal,
    available: Decimal | None,
    drawn: Decimal,
) -> Decimal:
    """Return the taker's price, never better than ``price`` and always above zero.

    ``drawn`` is a number in [0, 1) from ``chance``; only ``jitter`` uses it.
    """
    if model.kind == "none" or model.bps <= 0:
        return price
    bps = model.bps
    if model.kind == "jitter":
        bps = model.bps * drawn
    elif model.kind == "impact" and available:
        bps = model.bps * (quantity / available).sqrt()
    worse = price * (1 + side.sign * bps * _BASIS_POINT)
    return worse if worse > 0 else price
