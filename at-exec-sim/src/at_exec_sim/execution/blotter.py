"""The blotter: every order of the account and its executions, folded from EXEC. Pure; idempotent by event id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from at_core.enums import OrderStatus, Side
from at_core.events import Event, FillEvent, OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.numbers import ZERO
from at_exec_sim.execution.transitions import IN_DOUBT, after_fill, legal

__all__ = ["Blotter", "OrderRecord"]


@dataclass(slots=True)
class OrderRecord:
    """One order as our own stream tells it. ``submitted`` is None when it was refused before the broker heard."""

    client_order_id: str
    approval_id: UUID | None
    symbol: str
    side: Side
    quantity: Decimal
    submitted: OrderSubmittedEvent | None = None
    status: OrderStatus = OrderStatus.CREATED
    broker_order_id: str | None = None
    filled_quantity: Decimal = ZERO
    turnover: Decimal = ZERO
    last_price: Decimal | None = None
    executions: set[str] = field(default_factory=set)
    announced: tuple[OrderStatus, Decimal] = (OrderStatus.CREATED, ZERO)
    """Status and filled quantity of the newest update in the stream."""
    seen: set[UUID] = field(default_factory=set)
    """Updates folded already: own outputs come back as copies."""
    oddities: int = 0
    """Updates that the table of transitions does not allow; they change nothing."""

    @property
    def leaves_quantity(self) -> Decimal:
        """What may still trade."""
        return ZERO if self.status.terminal else max(self.quantity - self.filled_quantity, ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Volume-weighted price of the executions."""
        return self.turnover / self.filled_quantity if self.filled_quantity else None

    @property
    def in_doubt(self) -> bool:
        """Whether the broker may or may not have it."""
        return self.status in IN_DOUBT

    @property
    def unannounced(self) -> bool:
        """Whether executions moved it on and the stream does not say so yet."""
        return self.submitted is not None and self.announced != (self.status, self.filled_quantity)

    @property
    def sent_at(self) -> datetime:
        """When its intent was written."""
        if self.submitted is None:
            raise ValueError(f"order {self.client_order_id} was never submitted")
        return self.submitted.timestamp


class Blotter:
    """All orders by client order id, and apart those that may still trade."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderRecord] = {}
        self._open: dict[str, None] = {}

    def get(self, client_order_id: str) -> OrderRecord | None:
        """Return the order, or None when the stream does not know it."""
        return self.orders.get(client_order_id)

    def open(self) -> list[OrderRecord]:
        """Return the orders that are not over, or whose end the stream does not tell yet, oldest first."""
        return [self.orders[name] for name in self._open]

    def working(self, symbol: str, side: Side | None = None) -> Iterator[OrderRecord]:
        """Return the orders of a symbol (and side) that may still trade."""
        for record in self.open():
            if record.symbol == symbol and side in (None, record.side) and not record.status.terminal:
                yield record

    def evolve(self, event: Event) -> bool:
        """Fold one event of EXEC; True when it was a new execution."""
        fresh = False
        if isinstance(event, OrderSubmittedEvent):
            self._submitted(event)
            record = self.orders[event.client_order_id]
        elif isinstance(event, OrderStatusUpdatedEvent):
            record = self._known(event)
            self._updated(record, event)
        elif isinstance(event, FillEvent):
            record = self._known(event)
            fresh = self._filled(record, event)
        else:
            return False
        if record.status.terminal and not record.unannounced:
            self._open.pop(record.client_order_id, None)
        else:
            self._open.setdefault(record.client_order_id)
        return fresh

    def _submitted(self, event: OrderSubmittedEvent) -> None:
        record = self.orders.get(event.client_order_id)
        if record is not None and record.submitted is not None:
            return
        self.orders[event.client_order_id] = OrderRecord(
            event.client_order_id,
            event.approval_id,
            event.symbol,
            event.side,
            event.quantity,
            event,
            OrderStatus.SUBMITTED,
            announced=(OrderStatus.SUBMITTED, ZERO),
        )

    def _known(self, event: OrderStatusUpdatedEvent | FillEvent) -> OrderRecord:
        record = self.orders.get(event.client_order_id)
        if record is None:
            quantity = event.quantity if isinstance(event, OrderStatusUpdatedEvent) else event.filled_quantity
            record = OrderRecord(
                event.client_order_id, event.causation_id, event.symbol, event.side, quantity
            )
            self.orders[event.client_order_id] = record
        return record

    def _updated(self, record: OrderRecord, event: OrderStatusUpdatedEvent) -> None:
        if event.event_id in record.seen:
            return
        record.seen.add(event.event_id)
        record.broker_order_id = event.broker_order_id or record.broker_order_id
        if legal(record.announced[0], event.status) or record.announced[0] is OrderStatus.CREATED:
            record.announced = (event.status, event.filled_quantity)
        if event.status is record.status:
            return
        if legal(record.status, event.status):
            record.status = event.status
        else:
            record.oddities += 1

    def _filled(self, record: OrderRecord, event: FillEvent) -> bool:
        if event.execution_id in record.executions:
            return False
        record.executions.add(event.execution_id)
        record.broker_order_id = event.broker_order_id
        record.filled_quantity += event.quantity
        record.turnover += event.quantity * event.price
        record.last_price = event.price
        record.status = after_fill(record.status, record.filled_quantity, record.quantity)
        return True
