"""Latency: how long an accepted order travels before it can match; pure models chosen by configuration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

__all__ = ["LatencyModel", "delay_of"]


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """``none``: at once. ``fixed``: ``milliseconds_min``. ``uniform``: between the two bounds, by chance."""

    kind: Literal["none", "fixed", "uniform"] = "none"
    milliseconds_min: int = 0
    milliseconds_max: int = 0


def delay_of(model: LatencyModel, drawn: Decimal) -> timedelta:
    """Return the delay; ``drawn`` is a number in [0, 1) from ``chance``."""
    if model.kind == "none":
        return timedelta(0)
    spread = max(model.milliseconds_max - model.milliseconds_min, 0) if model.kind == "uniform" else 0
    return timedelta(microseconds=int((model.milliseconds_min + spread * drawn) * 1000))
