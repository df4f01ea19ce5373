"""Exposure: what one account holds and has on its way, and what that could become at worst.

A *reservation* is approved quantity that is not filled yet. It counts against the limits like a position, so two
approvals can never share one limit (ARCHITECTURE section 7).

Worst case of a symbol: everything on its way on one side fills and nothing on the other,
``max(long value + entries to buy, short value + entries to sell)``. An entry that would first turn the position round
is counted in full, never offset by the position it would close: otherwise an exit filled meanwhile would leave more
exposure than was ever approved. So no fill, no cancel and no exit can raise the figure (prices still can).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from at_core.enums import Side
from at_core.numbers import ZERO

__all__ = [
    "AccountMoney",
    "Book",
    "Position",
    "Reservation",
    "closable",
    "gross_exposure",
    "marked_equity",
    "reduces",
    "symbol_exposure",
]


@dataclass(frozen=True, slots=True)
class Position:
    """Signed quantity (positive long) with the last price known for it, in the instrument's currency."""

    quantity: Decimal
    last_price: Decimal
    multiplier: Decimal = Decimal(1)
    fill_count: int = 0


@dataclass(frozen=True, slots=True)
class Reservation:
    """Approved quantity of one order that may still fill.

    ``unit_value`` is the money value reserved per unit of quantity (0 for orders that only reduce).
    ``immediate`` says that the order fills or dies by itself (market, IOC, FOK) instead of resting at a price.
    """

    symbol: str
    side: Side
    quantity: Decimal
    unit_value: Decimal
    reduces_risk: bool
    immediate: bool

    @property
    def notional(self) -> Decimal:
        """Money value held against the limits."""
        return self.quantity * self.unit_value


@dataclass(frozen=True, slots=True)
class AccountMoney:
    """The account's money as the engine last reported it; ``trading_day`` is an ISO date in UTC."""

    cash: Decimal
    equity: Decimal
    trading_day: str
    day_start_equity: Decimal
    fill_count: int


@dataclass(frozen=True, slots=True)
class Book:
    """One account: positions by symbol, reservations by client order id, money, and market prices by symbol."""

    positions: Mapping[str, Position] = field(default_factory=dict)
    reservations: Mapping[str, Reservation] = field(default_factory=dict)
    account: AccountMoney | None = None
    marks: Mapping[str, Decimal] = field(default_factory=dict)

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed position in ``symbol``; 0 when there is none."""
        position = self.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def on_their_way(self, symbol: str) -> tuple[Reservation, ...]:
        """Return the reservations in ``symbol``."""
        return tuple(held for held in self.reservations.values() if held.symbol == symbol)

    def value(self, symbol: str) -> Decimal:
        """Return the signed market value of the position at the newest price known."""
        position = self.positions.get(symbol)
        if position is None:
            return ZERO
        return position.quantity * self.marks.get(symbol, position.last_price) * position.multiplier


def symbol_exposure(book: Book, symbol: str, adding: Reservation | None = None) -> Decimal:
    """Return the worst-case money exposure in ``symbol``, with ``adding`` approved on top."""
    value = book.value(symbol)
    entries = [held for held in book.on_their_way(symbol) if not held.reduces_risk]
    if adding is not None and not adding.reduces_risk and adding.symbol == symbol:
        entries.append(adding)
    buys = sum((held.notional for held in entries if held.side is Side.BUY), ZERO)
    sells = sum((held.notional for held in entries if held.side is Side.SELL), ZERO)
    return max(max(value, ZERO) + buys, max(-value, ZERO) + sells)


def gross_exposure(book: Book, adding: Reservation | None = None) -> Decimal:
    """Return the sum of the worst-case exposures of all symbols, with ``adding`` approved on top."""
    symbols = {*book.positions, *(held.symbol for held in book.reservations.values())}
    if adding is not None:
        symbols.add(adding.symbol)
    return sum((symbol_exposure(book, symbol, adding) for symbol in sorted(symbols)), ZERO)


def closable(position: Decimal, reservations: Iterable[Reservation], side: Side) -> Decimal:
    """Return how much an exit on ``side`` may close: the position it faces, plus entries on their way into it.

    Exits on their way that fill by themselves are taken off, so the same position is not closed twice. Exits that
    rest at a price are not: they may never fill, and an exit must not wait for them.
    """
    held = list(reservations)
    entries = (item.quantity for item in held if item.side is side.opposite and not item.reduces_risk)
    return max(ZERO, _facing(position, side) + sum(entries, ZERO) - _leaving(held, side))


def reduces(position: Decimal, reservations: Iterable[Reservation], side: Side, quantity: Decimal) -> bool:
    """Return whether an order can only shrink the position that is held now, in whatever order things fill."""
    return ZERO < quantity <= _facing(position, side) - _leaving(reservations, side)


def marked_equity(book: Book) -> Decimal | None:
    """Return the account's equity at the newest prices, or None when the account is not known.

    Cash plus market value, when the reported money and the folded positions speak of the same fills (equal fill
    counts); between a fill and the account report that follows it, the equity as last reported.
    """
    if book.account is None:
        return None
    fills = sum(position.fill_count for position in book.positions.values())
    if fills != book.account.fill_count:
        return book.account.equity
    return book.account.cash + sum((book.value(symbol) for symbol in sorted(book.positions)), ZERO)


def _facing(position: Decimal, side: Side) -> Decimal:
    return max(ZERO, -side.sign * position)


def _leaving(reservations: Iterable[Reservation], side: Side) -> Decimal:
    return sum((item.quantity for item in reservations if item.side is side and item.immediate), ZERO)
