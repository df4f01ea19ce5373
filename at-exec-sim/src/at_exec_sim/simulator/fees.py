"""Fees: what one execution costs; pure models chosen by configuration."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from at_core.enums import Liquidity
from at_core.numbers import ZERO

__all__ = ["FeeModel", "fee_of"]

_BASIS_POINT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class FeeModel:
    """``none``: free. ``notional``: maker or taker basis points of the value. ``unit``: money per unit of quantity.

    ``minimum`` is per execution and applies to both paying kinds.
    """

    kind: Literal["none", "notional", "unit"] = "none"
    maker_bps: Decimal = ZERO
    taker_bps: Decimal = ZERO
    per_unit: Decimal = ZERO
    minimum: Decimal = ZERO


def fee_of(model: FeeModel, quantity: Decimal, value: Decimal, liquidity: Liquidity) -> Decimal:
    """Return the fee of an execution of ``quantity`` worth ``value`` (absolute money); never negative."""
    if model.kind == "none":
        return ZERO
    if model.kind == "unit":
        return max(model.per_unit * quantity, model.minimum)
    bps = model.maker_bps if liquidity is Liquidity.MAKER else model.taker_bps
    return max(abs(value) * bps * _BASIS_POINT, model.minimum)
