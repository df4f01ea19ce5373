"""What the engine's decisions depend on besides its state: bounds, times and names, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["EngineConfig"]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Bounds of the engine. Seconds unless a name says otherwise."""

    account: str = "paper"
    currency: str = "USD"
    paper_cash: Decimal = Decimal(100_000)
    approval_age_seconds_max: float = 300.0
    """Older approvals are not executed (spec section C: five minutes)."""
    spread_percent_max: Decimal = Decimal(2)
    quote_age_seconds_max: float = 15.0
    broker_timeout_seconds: float = 5.0
    lookup_delays_seconds: tuple[float, ...] = (0.05, 0.2, 0.5)
    """Pauses before each look-up of an order in doubt, while its approval waits; afterwards the sweep goes on."""
    settle_seconds: float = 30.0
    """How long an order in doubt that may no longer be sent is looked up before it counts as never arrived."""
    ticks_max: int = 10_000
    """Market observations kept for a paper venue between two sweeps; the oldest are dropped beyond."""
    fills_page: int = 500
