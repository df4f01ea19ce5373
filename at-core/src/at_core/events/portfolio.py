"""What we hold: position and account after each fill."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from at_core.events.envelope import Event, Payload, Token
from at_core.numbers import Money, Price, SignedQuantity, WireDecimal

__all__ = ["AccountChanged", "AccountEvent", "PositionChanged", "PositionEvent"]


class PositionChanged(Payload):
    """The position in one symbol, after the fill that caused it."""

    TYPE: ClassVar[str] = "portfolio.position.changed"

    symbol: Token
    venue: Token
    currency: Token
    quantity: SignedQuantity
    average_price: Price | None = None
    """Volume-weighted entry price of the open quantity; None when flat."""
    multiplier: WireDecimal
    realized_pnl: Money
    """Since the account began, fees not included."""
    last_price: Price | None = None
    fill_count: Annotated[int, Field(ge=0)]
    """Fills folded into this position: its version."""


class PositionEvent(PositionChanged, Event):
    """``portfolio.position.changed``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "EXEC"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")

    type: Literal["portfolio.position.changed"]


class AccountChanged(Payload):
    """The account's money. Equity = cash + market value of all positions at the last known prices."""

    TYPE: ClassVar[str] = "portfolio.account.changed"

    currency: Token
    cash: Money
    equity: Money
    trading_day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """The UTC day that the day figures speak of."""
    day_start_equity: Money
    realized_pnl: Money
    realized_pnl_day: Money
    fees: Money
    gross_exposure: Money
    fill_count: Annotated[int, Field(ge=0)]


class AccountEvent(AccountChanged, Event):
    """``portfolio.account.changed``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "EXEC"
    KEYS: ClassVar[tuple[str, ...]] = ("account",)

    type: Literal["portfolio.account.changed"]
