"""Settings of the gate and the engine: two processes, two environment prefixes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from at_core.numbers import WireDecimal
from at_core.runtime.settings import ServiceSettings

__all__ = ["EngineSettings", "GateSettings", "VenueSettings"]

Seconds = Annotated[float, Field(gt=0, le=3600)]
Amount = Annotated[WireDecimal, Field(ge=0)]


class GateSettings(ServiceSettings):
    """What the gate needs beyond every service's settings. Without a limits file it does not start (law 8)."""

    ENV_PREFIX: ClassVar[str] = "AT_GATE_"

    limits_file: Path
    """The risk limits, TOML; see ``config/limits.toml``."""


class VenueSettings(BaseModel):
    """The simulated venue: costs, delays, liquidity and the seed of its chance. Amounts are text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    slippage: Literal["none", "fixed", "jitter", "impact"] = "fixed"
    slippage_bps: Amount = Decimal(1)
    fees: Literal["none", "notional", "unit"] = "notional"
    fee_maker_bps: Amount = Decimal(2)
    fee_taker_bps: Amount = Decimal(5)
    fee_per_unit: Amount = Decimal(0)
    fee_minimum: Amount = Decimal(0)
    latency: Literal["none", "fixed", "uniform"] = "none"
    latency_milliseconds_min: Annotated[int, Field(ge=0, le=600_000)] = 0
    latency_milliseconds_max: Annotated[int, Field(ge=0, le=600_000)] = 0
    volume_participation: Annotated[WireDecimal, Field(gt=0, le=1)] = Decimal(1)
    fill_at_touch: Annotated[WireDecimal, Field(ge=0, le=1)] = Decimal(1)


class EngineSettings(ServiceSettings):
    """What the engine needs beyond every service's settings. Paper only: live is refused with a sentence."""

    ENV_PREFIX: ClassVar[str] = "AT_ENGINE_"

    mode: str = "paper"
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "paper"
    gate_public_key: Annotated[str, Field(pattern=r"^U[A-Z2-7]{55}$")]
    """The public half of the gate's nkey (it starts with U): only what the gate signed is executed."""
    broker: Literal["simulated"] = "simulated"
    venue_file: Path
    """Where the simulated venue keeps its book (SQLite); ``:memory:`` forgets it with the process."""
    venue: VenueSettings = VenueSettings()
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")] = "USD"
    paper_cash: Annotated[WireDecimal, Field(gt=0)] = Decimal(100_000)
    """Opening money of a new paper account; an existing account keeps its own."""
    poll_seconds: Seconds = 0.25
    approval_age_seconds_max: Seconds = 300.0
    spread_percent_max: Annotated[WireDecimal, Field(gt=0, le=100)] = Decimal(2)
    quote_age_seconds_max: Seconds = 15.0
    broker_timeout_seconds: Seconds = 5.0
    lookup_delays_seconds: Annotated[
        tuple[Annotated[float, Field(ge=0, le=60)], ...], Field(min_length=1, max_length=10)
    ] = (0.05, 0.2, 0.5)
    settle_seconds: Seconds = 30.0

    @field_validator("mode")
    @classmethod
    def _paper_only(cls, mode: str) -> str:
        if mode != "paper":
            raise ValueError(
                f"mode {mode!r} is refused: live trading is not available in this build; "
                'set mode to "paper" or remove the key'
            )
        return mode
