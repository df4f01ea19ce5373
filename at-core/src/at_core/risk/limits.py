"""Limits: what an account may do at most, written by people, inherited default -> account -> symbol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from at_core.errors import ConfigurationError
from at_core.numbers import Money, Percent, Quantity, plain

__all__ = ["ACCOUNT_KEYS", "ANY_SYMBOL", "Limits", "Policy"]

ANY_SYMBOL: Final = "*"
"""In ``symbols_allowed``: every known instrument."""

ACCOUNT_KEYS: Final = frozenset(
    {"gross_exposure_max", "daily_loss_max", "symbols_allowed", "approval_ttl_seconds"}
)
"""Limits of an account as a whole; a symbol table may not change them."""


def _whole_numbers_too(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


_Amount = Annotated[Money, BeforeValidator(_whole_numbers_too), AfterValidator(_not_negative)]
_Count = Annotated[Quantity, BeforeValidator(_whole_numbers_too)]
_Share = Annotated[Percent, BeforeValidator(_whole_numbers_too)]
_Seconds = Annotated[int, Field(ge=0, le=31_536_000, strict=True)]
_Flag = Annotated[bool, Field(strict=True)]


class Limits(BaseModel):
    """The limits in force for one account and symbol. Money in account currency; ages in whole seconds.

    A value equal to a ``_max`` is allowed, except ``daily_loss_max``: who has lost it all, has lost it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbols_allowed: Annotated[tuple[str, ...], Field(max_length=10_000)]
    """Symbols in which positions may be opened; ``["*"]`` for all known ones."""
    quantity_max: _Count | None = None
    """Largest quantity of one order; None leaves the instrument's own maximum."""
    notional_min: _Amount = Decimal(0)
    notional_max: _Amount
    """Largest value of one order."""
    hold_notional_above: _Amount | None = None
    """Entries worth more than this wait for a person; None never holds."""
    symbol_exposure_max: _Amount
    gross_exposure_max: _Amount
    daily_loss_max: _Amount
    price_collar_percent: _Share
    """Largest distance of a limit price, or of the plan's own reference, from the market."""
    reference_required: _Flag = True
    """False accepts the plan's own reference price where no fresh market price is known: for paper only."""
    reference_age_seconds_max: _Seconds
    signal_age_seconds_max: _Seconds
    approval_ttl_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] = 30
    """How long an approval may be executed; bounded by the specification's five minutes of staleness."""

    def allows(self, symbol: str) -> bool:
        """Return whether positions in ``symbol`` may be opened."""
        return ANY_SYMBOL in self.symbols_allowed or symbol in self.symbols_allowed


class Policy(BaseModel):
    """Every account's limits, resolved: what one limits file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: Mapping[str, Limits]
    symbols: Mapping[str, Mapping[str, Limits]] = Field(default_factory=dict)
    """Account, then symbol: only where a symbol differs from its account."""

    def limits(self, account: str, symbol: str) -> Limits | None:
        """Return the limits in force, or None for an account that has none."""
        special = self.symbols.get(account, {}).get(symbol)
        return self.accounts.get(account) if special is None else special

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the resolved limits; layout and comments do not count."""
        values = _canonical(self.model_dump(mode="python"))
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def require_known(self, symbols: Iterable[str], place: str) -> None:
        """Raise ConfigurationError when a table or list names a symbol that is no instrument.

        A misspelt symbol would leave the real one without the limit that somebody wrote for it.
        """
        known = {*symbols, ANY_SYMBOL}
        for account, limits in self.accounts.items():
            for name in (*limits.symbols_allowed, *self.symbols.get(account, {})):
                if name not in known:
                    raise ConfigurationError(
                        f"{place}: account {account!r} names the symbol {name!r}, which is no instrument; "
                        "correct it or add it to instruments.toml (symbols, not aliases)"
                    )


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value.normalize())
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_canonical(item) for item in value]
    return value
