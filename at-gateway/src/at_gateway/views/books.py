"""Books: positions, accounts, orders and fills as the engine last told them."""

from __future__ import annotations

from typing import Any

from at_core.enums import OrderStatus
from at_core.events import (
    AccountEvent,
    Event,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    PositionEvent,
)
from at_core.events.envelope import ENVELOPE_FIELDS, format_utc
from at_gateway.views.bounded import Bounded

__all__ = ["Books"]

PLACES_MAX = 100_000
"""Bound of accounts times symbols; far above any registry of instruments."""

Row = dict[str, Any]


class Books:
    """Folds the engine's facts. An older copy of a fact never replaces a newer one."""

    def __init__(self, orders_max: int, fills_max: int) -> None:
        self._positions: Bounded[tuple[str | None, str], PositionEvent] = Bounded(PLACES_MAX)
        self._accounts: Bounded[str | None, AccountEvent] = Bounded(PLACES_MAX)
        self._orders: Bounded[str, Row] = Bounded(orders_max)
        self._fills: Bounded[tuple[str, str], FillEvent] = Bounded(fills_max)

    def fold(self, event: Event) -> None:
        """Take one event; types that are no book entry are ignored."""
        match event:
            case PositionEvent():
                self._position(event)
            case AccountEvent():
                self._account(event)
            case OrderSubmittedEvent():
                self._submitted(event)
            case OrderStatusUpdatedEvent():
                self._updated(event)
            case FillEvent():
                key = (event.client_order_id, event.execution_id)
                if self._fills.get(key) is None:
                    self._fills.put(key, event)
            case _:
                pass

    def positions(self) -> list[Row]:
        """All positions, flat ones included: they carry the realised result."""
        return [_row(event) for event in self._positions.newest()]

    def accounts(self) -> list[Row]:
        """The last state of each account."""
        return [_row(event) for event in self._accounts.newest()]

    def orders(self) -> list[Row]:
        """All orders, the one that changed last first."""
        return [dict(row) for row in self._orders.newest()]

    def fills(self) -> list[Row]:
        """All fills, the last first."""
        return [_row(event) for event in self._fills.newest()]

    def _position(self, event: PositionEvent) -> None:
        known = self._positions.get((event.account, event.symbol))
        if known is None or (event.fill_count, event.timestamp) >= (known.fill_count, known.timestamp):
            self._positions.put((event.account, event.symbol), event)

    def _account(self, event: AccountEvent) -> None:
        known = self._accounts.get(event.account)
        if known is None or (event.fill_count, event.timestamp) >= (known.fill_count, known.timestamp):
            self._accounts.put(event.account, event)

    def _submitted(self, event: OrderSubmittedEvent) -> None:
        known = self._orders.get(event.client_order_id)
        later = known or {"status": OrderStatus.CREATED.value, "filled_quantity": "0"}
        row = {**_row(event), "submitted_at": format_utc(event.timestamp)}
        kept = {name: value for name, value in later.items() if name not in row or name == "updated_at"}
        self._orders.put(event.client_order_id, {**row, **kept})

    def _updated(self, event: OrderStatusUpdatedEvent) -> None:
        """The newest step wins; after a terminal step only a late fill may still raise what was filled."""
        known = self._orders.get(event.client_order_id) or {"updated_at": ""}
        moment = format_utc(event.timestamp)
        ended = known.get("status") in _ENDED and not event.status.terminal
        if moment < known.get("updated_at", "") or (ended and moment == known.get("updated_at", "")):
            return
        self._orders.put(event.client_order_id, {**known, **_row(event), "updated_at": moment})


_ENDED = frozenset(status.value for status in OrderStatus if status.terminal)


def _row(event: Event) -> Row:
    said = event.model_dump(mode="json", exclude_none=True, exclude=set(ENVELOPE_FIELDS))
    return {
        **said,
        "account": event.account,
        "correlation_id": str(event.correlation_id),
        "event_id": str(event.event_id),
        "timestamp": format_utc(event.timestamp),
    }
