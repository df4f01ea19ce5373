"""The venue's rules: instruments, costs, delays, margins and the seed of its chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from at_core.enums import AssetClass, OrderType, TimeInForce
from at_core.instruments import Instruments
from at_exec_sim.simulator.fees import FeeModel
from at_exec_sim.simulator.latency import LatencyModel
from at_exec_sim.simulator.slippage import SlippageModel

__all__ = ["MARGIN_RATES", "ORDER_TYPES", "TIMES_IN_FORCE", "VenueConfig"]

ORDER_TYPES: Final = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT})
TIMES_IN_FORCE: Final = frozenset(TimeInForce)

MARGIN_RATES: Final[Mapping[AssetClass, Decimal]] = MappingProxyType(
    {
        AssetClass.CRYPTO: Decimal(1),
        AssetClass.EQUITY: Decimal("0.5"),
        AssetClass.FUTURE: Decimal("0.1"),
        AssetClass.FX: Decimal("0.05"),
    }
)
"""Share of an exposure that equity must cover; plausible round figures, not those of any one broker."""


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """Everything the venue's answers depend on besides its book and the command."""

    instruments: Instruments
    currency: str = "USD"
    seed: int = 0
    slippage: SlippageModel = field(default_factory=SlippageModel)
    fees: FeeModel = field(default_factory=FeeModel)
    latency: LatencyModel = field(default_factory=LatencyModel)
    volume_participation: Decimal = Decimal(1)
    """Share of a trade's or bar's volume that our orders may take."""
    fill_at_touch: Decimal = Decimal(1)
    """Chance that a resting limit order fills when the market only touches its price."""
    margin_rates: Mapping[AssetClass, Decimal] = field(default_factory=lambda: MARGIN_RATES)
    working_max: int = 10_000
    """Orders that may wait at once."""
