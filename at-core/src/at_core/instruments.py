"""Instruments: what can be traded, on which grid, and where; loaded from TOML, frozen."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from at_core.enums import AssetClass
from at_core.errors import ConfigurationError
from at_core.numbers import Price, Quantity, WireDecimal, to_lot, to_tick

__all__ = ["Instrument", "Instruments"]


class Instrument(BaseModel):
    """One tradable thing.

    ``tick_size`` is the price grid, ``lot_size`` the quantity grid, ``multiplier`` the money per unit of price and
    quantity (1 for spot, the contract multiplier for futures), ``calendar`` the name of its session calendar.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str = Field(min_length=1, max_length=40)
    venue: str = Field(min_length=1, max_length=40)
    asset_class: AssetClass
    currency: str = Field(min_length=3, max_length=8)
    tick_size: Price
    lot_size: Price
    quantity_min: Quantity
    quantity_max: Quantity
    multiplier: WireDecimal = Decimal(1)
    calendar: str = Field(default="24/7", max_length=40)
    aliases: tuple[str, ...] = Field(default=(), max_length=32)

    def price(self, value: Decimal) -> Decimal:
        """Return ``value`` on this instrument's price grid."""
        return to_tick(value, self.tick_size)

    def quantity(self, value: Decimal) -> Decimal:
        """Return ``value`` on this instrument's quantity grid, towards zero."""
        return to_lot(value, self.lot_size)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the absolute money value of ``quantity`` at ``price``, in the instrument's currency."""
        return abs(quantity) * price * self.multiplier


class Instruments:
    """The instrument registry: exact symbol or alias (case-insensitive) to instrument."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_symbol: dict[str, Instrument] = {}
        self._by_name: dict[str, Instrument] = {}
        for instrument in instruments:
            self._by_symbol[instrument.symbol] = instrument
            for name in (instrument.symbol, *instrument.aliases):
                other = self._by_name.setdefault(name.upper(), instrument)
                if other is not instrument:
                    raise ConfigurationError(
                        f"instrument name {name!r} belongs to both {other.symbol} and {instrument.symbol}; "
                        "give each name to one instrument"
                    )

    @classmethod
    def from_toml(cls, text: str, place: str = "instruments.toml") -> Instruments:
        """Read ``[[instrument]]`` tables; raise ConfigurationError naming ``place``, key and fix."""
        try:
            tables: Mapping[str, Any] = tomllib.loads(text)
            return cls(Instrument.model_validate(table) for table in tables.get("instrument", []))
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{place}: not valid TOML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(f"{place}: instrument key {key!r}: {first['msg']}") from error

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument with exactly this symbol, or None."""
        return self._by_symbol.get(symbol)

    def find(self, name: str) -> Instrument | None:
        """Return the instrument known under a symbol or alias, ignoring case, or None."""
        return self._by_name.get(name.upper())

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Return the known symbols closest to ``name``, for a hint to a person."""
        names = difflib.get_close_matches(name.upper(), self._by_name, n=count, cutoff=0.5)
        return list(dict.fromkeys(self._by_name[known].symbol for known in names))

    def __iter__(self) -> Any:
        return iter(self._by_symbol.values())

    def __len__(self) -> int:
        return len(self._by_symbol)
