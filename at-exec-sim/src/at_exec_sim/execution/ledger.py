"""The ledger: positions and money of one account, folded from its executions, and the notices each of them owes.

Every execution owes one PositionChanged and one AccountChanged. What the ledger computed and the stream does not
show yet is *owed*: after a crash between an execution and its notices, exactly the missing ones are published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from at_core.events import AccountChanged, AccountEvent, FillEvent, PositionChanged, PositionEvent
from at_core.instruments import Instruments
from at_core.numbers import ZERO
from at_exec_sim.portfolio import Holding, market_value, money, notional, with_fill

__all__ = ["Ledger", "Owed"]


@dataclass(slots=True)
class Owed:
    """Notices of one execution that the stream does not show; None once it does."""

    fill: FillEvent
    position: PositionChanged | None
    account: AccountChanged | None


class Ledger:
    """One account's book. Pure apart from being changed in place by its own fold."""

    def __init__(self, instruments: Instruments, currency: str) -> None:
        self._instruments = instruments
        self._currency = currency
        self._cash = ZERO
        self._fees = ZERO
        self._fill_count = 0
        self._day: date | None = None
        self._day_start_equity = ZERO
        self._day_start_realized = ZERO
        self._prices: dict[str, Decimal] = {}
        self._folded: set[UUID] = set()
        self._early: set[tuple[str, UUID]] = set()
        self.holdings: dict[str, Holding] = {}
        self.owed: dict[UUID, Owed] = {}
        self.opened = False
        self.newest_execution: datetime | None = None

    @property
    def trading_day(self) -> date | None:
        """The UTC day that the day figures speak of; None before the account is opened."""
        return self._day

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed position."""
        held = self.holdings.get(symbol)
        return held.quantity if held else ZERO

    def see_price(self, symbol: str, price: Decimal) -> None:
        """Value the symbol at ``price`` from now on."""
        self._prices[symbol] = price

    def open_with(self, cash: Decimal, day: date) -> AccountChanged:
        """Return the first statement of a new account (it is folded when it is published, not here)."""
        return AccountChanged(
            currency=self._currency,
            cash=cash,
            equity=cash,
            trading_day=day.isoformat(),
            day_start_equity=cash,
            realized_pnl=ZERO,
            realized_pnl_day=ZERO,
            fees=ZERO,
            gross_exposure=ZERO,
            fill_count=0,
        )

    def roll(self, day: date) -> AccountChanged:
        """Begin a new trading day and return its opening statement."""
        self._begin(day)
        return self.account()

    def fill(self, event: FillEvent) -> None:
        """Fold one new execution (the caller has dropped copies) and note what it owes."""
        day = event.executed_at.date()
        if self._day is not None and day > self._day:
            self._begin(day)
        instrument = self._instruments.get(event.symbol)
        multiplier = instrument.multiplier if instrument else Decimal(1)
        held = self.holdings.get(event.symbol) or Holding(multiplier=multiplier)
        held = with_fill(held, event.side, event.quantity, event.price)
        self.holdings[event.symbol] = held
        moved = notional(event.quantity, event.price, held.multiplier) * event.side.sign
        self._cash = money(self._cash - moved - event.fee)
        self._fees = money(self._fees + event.fee)
        self._fill_count += 1
        if self.newest_execution is None or event.executed_at > self.newest_execution:
            self.newest_execution = event.executed_at
        self._prices[event.symbol] = event.price
        position = PositionChanged(
            symbol=event.symbol,
            venue=instrument.venue if instrument else "UNKNOWN",
            currency=instrument.currency if instrument else self._currency,
            quantity=held.quantity,
            average_price=held.average_price,
            multiplier=held.multiplier,
            realized_pnl=held.realized_pnl,
            last_price=event.price,
            fill_count=held.fill_count,
        )
        self._folded.add(event.event_id)
        self.owed[event.event_id] = Owed(event, position, self.account())
        for kind in ("position", "account"):
            if (kind, event.event_id) in self._early:
                self._early.discard((kind, event.event_id))
                self._settle(event.event_id, kind)

    def position_seen(self, event: PositionEvent) -> None:
        """Fold a position notice: its execution owes it no longer."""
        self._seen("position", event.causation_id)

    def account_seen(self, event: AccountEvent) -> None:
        """Fold an account statement: the opening one brings the cash, every one brings the day it speaks of."""
        if not self.opened:
            self.opened = True
            if event.causation_id is None and event.fill_count == 0:
                self._cash += event.cash
        day = date.fromisoformat(event.trading_day)
        if self._day is None or day >= self._day:
            self._day = day
            self._day_start_equity = event.day_start_equity
            self._day_start_realized = money(event.realized_pnl - event.realized_pnl_day)
        self._seen("account", event.causation_id)

    def account(self) -> AccountChanged:
        """Return the account's statement at the newest known prices."""
        realized = money(sum((held.realized_pnl for held in self.holdings.values()), ZERO))
        return AccountChanged(
            currency=self._currency,
            cash=self._cash,
            equity=self._equity(),
            trading_day=self._day.isoformat() if self._day else "1970-01-01",
            day_start_equity=self._day_start_equity,
            realized_pnl=realized,
            realized_pnl_day=money(realized - self._day_start_realized),
            fees=self._fees,
            gross_exposure=self._sum(abs),
            fill_count=self._fill_count,
        )

    def _begin(self, day: date) -> None:
        self._day = day
        self._day_start_equity = self._equity()
        self._day_start_realized = money(sum((held.realized_pnl for held in self.holdings.values()), ZERO))

    def _equity(self) -> Decimal:
        return money(self._cash + self._sum(lambda value: value))

    def _sum(self, measure: Callable[[Decimal], Decimal]) -> Decimal:
        values = (measure(market_value(held, self._prices.get(name))) for name, held in self.holdings.items())
        return money(sum(values, ZERO))

    def _seen(self, kind: str, fill_id: UUID | None) -> None:
        if fill_id is None:
            return
        if fill_id in self._folded:
            self._settle(fill_id, kind)
        else:
            self._early.add((kind, fill_id))

    def _settle(self, fill_id: UUID, kind: str) -> None:
        owed = self.owed.get(fill_id)
        if owed is None:
            return
        if kind == "position":
            owed.position = None
        else:
            owed.account = None
        if owed.position is None and owed.account is None:
            del self.owed[fill_id]
