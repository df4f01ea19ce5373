"""One account's book, folded from the streams: positions, reservations, money.

Which stream tells what:

* RISK (our own rulings): an approval reserves its quantity.
* EXEC fills: quantity moves from the reservation into the position, once per execution.
* EXEC order updates: only ends and clips are read from them. A terminal order keeps reserved what it says was filled
  but whose fill was not seen yet, so nothing is uncounted for a moment between two messages.
* EXEC positions: replace ours up to the fill they count; fills seen beyond that stay on top.
* EXEC account: replaces the money.

RISK and EXEC come in no particular order to each other. What an order did is therefore remembered in ``progress``
apart from the approval: an approval that is folded after its own end reserves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from at_core.enums import Side
from at_core.events import (
    AccountEvent,
    FillEvent,
    OrderStatusUpdatedEvent,
    PositionEvent,
    RiskApprovedEvent,
)
from at_core.numbers import ZERO
from at_core.risk.exposure import AccountMoney, Book, Position, Reservation
from at_core.risk.trial import fills_or_dies

__all__ = ["AccountBook", "Approved", "Holding", "Progress"]

ENDED_MAX: Final = 20_000
"""Orders remembered per account beyond their end, oldest forgotten first: against late copies, not for ever."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval reserved."""

    symbol: str
    side: Side
    quantity: Decimal
    unit_value: Decimal
    reduces_risk: bool
    immediate: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What an order did."""

    filled: Decimal = ZERO
    """Sum of the executions seen."""
    executions: frozenset[str] = frozenset()
    """Their ids: an execution counts once, in whatever order they come."""
    quantity: Decimal | None = None
    """Quantity the engine sent (it may have clipped the approved one); None until it said so."""
    ended: bool = False
    filled_at_end: Decimal = ZERO
    """Cumulative quantity that the terminal update speaks of; its fills may still be on their way."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A position: as confirmed by the engine, plus the fills seen since, each with its count."""

    quantity: Decimal = ZERO
    fill_count: int = 0
    last_price: Decimal = ZERO
    multiplier: Decimal | None = None
    fills_seen: int = 0
    beyond: tuple[tuple[int, Decimal], ...] = ()
    """(count, signed quantity) of fills that no position event has confirmed yet."""


@dataclass(slots=True)
class AccountBook:
    """Everything the gate knows about one account. The values are frozen; only ``fold`` replaces them."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    approved: dict[str, Approved] = field(default_factory=dict)
    """Open approvals by client order id."""
    progress: dict[str, Progress] = field(default_factory=dict)
    """Orders that did something, by client order id: the open ones and the latest of those that ended."""
    reservations: dict[str, Reservation] = field(default_factory=dict)
    """What of each open approval may still fill; kept beside ``approved`` so that a ruling need not recount."""
    money: AccountMoney | None = None

    def fold(self, event: object) -> None:
        """Take one event of this account; types that say nothing about the book are ignored."""
        if isinstance(event, RiskApprovedEvent):
            self._approve(event)
        elif isinstance(event, OrderStatusUpdatedEvent):
            self._update(event)
        elif isinstance(event, FillEvent):
            self._fill(event)
        elif isinstance(event, PositionEvent):
            self._position(event)
        elif isinstance(event, AccountEvent):
            self.money = AccountMoney(
                cash=event.cash,
                equity=event.equity,
                trading_day=event.trading_day,
                day_start_equity=event.day_start_equity,
                fill_count=event.fill_count,
            )

    def view(self, marks: Mapping[str, Decimal], multipliers: Mapping[str, Decimal]) -> Book:
        """Return the book as the risk checks read it, valued at ``marks``; good until the next ``fold``.

        ``multipliers`` (of the instrument list) stand in for symbols whose first position event is on its way.
        """
        return Book(
            positions={
                symbol: Position(
                    quantity=held.quantity + sum((moved for _, moved in held.beyond), ZERO),
                    last_price=held.last_price,
                    multiplier=held.multiplier or multipliers.get(symbol, Decimal(1)),
                    fill_count=held.fill_count + len(held.beyond),
                )
                for symbol, held in self.holdings.items()
            },
            reservations=self.reservations,
            account=self.money,
            marks=marks,
        )

    def _approve(self, event: RiskApprovedEvent) -> None:
        key, skeleton = event.client_order_id, event.plan.order_skeleton
        reserves = not event.reduces_risk and event.approved_quantity > 0
        self.approved.setdefault(
            key,
            Approved(
                symbol=event.symbol,
                side=event.side,
                quantity=event.approved_quantity,
                unit_value=event.reserved_notional / event.approved_quantity if reserves else ZERO,
                reduces_risk=event.reduces_risk,
                immediate=fills_or_dies(skeleton.order_type, skeleton.time_in_force),
            ),
        )
        self._settle(key)

    def _update(self, event: OrderStatusUpdatedEvent) -> None:
        known = self.progress.get(event.client_order_id, Progress())
        self._advance(event.client_order_id, replace(known, quantity=event.quantity), event)

    def _fill(self, event: FillEvent) -> None:
        known = self.progress.get(event.client_order_id, Progress())
        if event.execution_id in known.executions:
            return
        held = self.holdings.get(event.symbol, Holding())
        count = held.fills_seen + 1
        moved = event.quantity * event.side.sign
        beyond = held.beyond if count <= held.fill_count else (*held.beyond, (count, moved))
        self.holdings[event.symbol] = replace(held, fills_seen=count, beyond=beyond, last_price=event.price)
        after = replace(
            known, filled=known.filled + event.quantity, executions=known.executions | {event.execution_id}
        )
        self._advance(event.client_order_id, after, event)

    def _position(self, event: PositionEvent) -> None:
        known = self.holdings.get(event.symbol, Holding())
        if event.fill_count < known.fill_count:
            return
        self.holdings[event.symbol] = replace(
            known,
            quantity=event.quantity,
            fill_count=event.fill_count,
            last_price=event.last_price or event.average_price or known.last_price,
            multiplier=event.multiplier,
            beyond=tuple(item for item in known.beyond if item[0] > event.fill_count),
        )

    def _advance(self, key: str, after: Progress, event: OrderStatusUpdatedEvent | FillEvent) -> None:
        """An end stays an end, and the largest quantity it ever spoke of counts."""
        if event.status.terminal:
            at_end = max(after.filled_at_end, event.filled_quantity)
            after = replace(after, ended=True, filled_at_end=at_end)
        self.progress[key] = after
        self._settle(key)

    def _settle(self, key: str) -> None:
        """Recount one reservation; drop it when its order can fill no more."""
        held, done = self.approved.get(key), self.progress.get(key, Progress())
        if held is not None:
            left = _left(held, done)
            if done.ended and left == 0:
                del self.approved[key]
                self.reservations.pop(key, None)
            else:
                self.reservations[key] = Reservation(
                    symbol=held.symbol,
                    side=held.side,
                    quantity=left,
                    unit_value=held.unit_value,
                    reduces_risk=held.reduces_risk,
                    immediate=held.immediate,
                )
        self._forget()

    def _forget(self) -> None:
        """Forget the oldest ended order beyond the bound; open orders are never forgotten."""
        if len(self.progress) > ENDED_MAX:
            for name, item in self.progress.items():
                if item.ended and name not in self.approved:
                    del self.progress[name]
                    return


def _left(held: Approved, done: Progress) -> Decimal:
    if done.ended:
        return max(ZERO, done.filled_at_end - done.filled)
    sent = held.quantity if done.quantity is None else min(held.quantity, done.quantity)
    return max(ZERO, sent - done.filled)
