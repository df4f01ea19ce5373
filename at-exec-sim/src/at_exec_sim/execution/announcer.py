"""The announcer: payloads become events with derived ids, are folded, published in order and counted.

The cause of everything about an order is its intent, the cause of position and account notices is their execution.
So the same facts get the same ids after a crash, a redelivery or on another machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from at_core.clock import Clock
from at_core.enums import OrderStatus
from at_core.errors import SequenceConflict, WorldFailed
from at_core.events import (
    Emit,
    Event,
    FillEvent,
    OrderStatusUpdated,
    OrderStatusUpdatedEvent,
    OrderSubmitted,
    OrderSubmittedEvent,
    Payload,
    RiskApprovedEvent,
)
from at_core.ids import natural_id
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_exec_sim.brokers.models import BrokerFill
from at_exec_sim.execution.blotter import OrderRecord
from at_exec_sim.execution.payloads import filled, slot_of, updated
from at_exec_sim.execution.state import EngineState

__all__ = ["Announcer", "IntentExists"]


class IntentExists(WorldFailed):
    """The intent of this order is in the stream already; its copy is on the way to our fold. Nothing was sent."""


class Announcer:
    """Says what happened, once."""

    def __init__(
        self, publisher: Publisher, state: EngineState, clock: Clock, metrics: Metrics, account: str
    ) -> None:
        self._publisher = publisher
        self._state = state
        self._clock = clock
        self._account = account
        self._orders = metrics.counter(
            "at_orders_total",
            "Steps of orders, by status.",
            {"status": [status.value for status in OrderStatus]},
        )
        self._fills = metrics.counter("at_fills_total", "Executions recorded.", {})

    async def intent(
        self, payload: OrderSubmitted, approval: RiskApprovedEvent, now: datetime
    ) -> OrderRecord:
        """Write an order's intent, first and once for ever; raise IntentExists when somebody wrote it before.

        The subject is the order's own and must be empty. A confirmation of a copy counts as written before: the
        first writing may already have reached the broker, with a quantity that only the stream knows.
        """
        emit = Emit(payload, account=self._account, expires_at=approval.expires_at)
        event = self._publisher.derive(emit, approval, now)
        try:
            stored = await self._publisher.publish(event, expected_last=0)
        except SequenceConflict as error:
            raise IntentExists(f"order {payload.client_order_id} has its intent already") from error
        if stored.duplicate:
            raise IntentExists(f"order {payload.client_order_id} has its intent already")
        self._fold(event)
        record = self._state.blotter.get(payload.client_order_id)
        if record is None:
            raise AssertionError("a folded intent must be in the blotter")
        return record

    async def say(self, *events: Event) -> None:
        """Fold and publish; raises BusUnavailable when not confirmed (the service then folds everything again)."""
        for event in events:
            self._fold(event)
        if events:
            await self._publisher.publish_all(events)

    def caused(self, payload: Payload, cause: Event, slot: str = "") -> Event:
        """Return the event of ``payload`` because of ``cause``."""
        return self._publisher.derive(
            Emit(payload, account=self._account, slot=slot), cause, self._clock.now()
        )

    def root(self, payload: Payload, key: str) -> Event:
        """Return the event of a fact without a cause inside, under a natural key of this account."""
        return self._publisher.originate(
            Emit(payload, account=self._account), self._natural(key), self._clock.now()
        )

    def update(self, payload: OrderStatusUpdated, cause: Event) -> OrderStatusUpdatedEvent:
        """Return an order's step as an event; its slot is the status at the filled quantity."""
        event = self.caused(payload, cause, slot_of(payload))
        if not isinstance(event, OrderStatusUpdatedEvent):
            raise AssertionError("the registry gives this type its own class")
        return event

    async def execution(
        self,
        record: OrderRecord,
        intent: OrderSubmittedEvent,
        fill: BrokerFill,
        *,
        lead: Sequence[Event] = (),
        final: bool = False,
    ) -> None:
        """Say one execution, and once it is stored the position and account after it; ``lead`` goes before it.

        A notice has an id derived from its execution, so it is said once for ever: were it stored without its
        execution, another one could be recorded first after a restart, and the notice would keep its wrong figures.
        ``final``: nothing more is known of the order, so its status is said behind.
        """
        for event in lead:
            self._fold(event)
        execution = self.caused(filled(record, intent, fill), intent, fill.execution_id)
        self._fold(execution)
        await self._publisher.publish_all([*lead, execution])
        said = list(self._notices(execution.event_id))
        if final and record.unannounced:
            said.append(self.update(updated(record, intent, record.status), intent))
            self._fold(said[-1])
        await self._publisher.publish_all(said)

    async def owed(self) -> None:
        """Say every notice an earlier run owes (it stopped between an execution and its notices)."""
        for fill_id in tuple(self._state.ledger.owed):
            notices = self._notices(fill_id)
            if notices:
                await self._publisher.publish_all(notices)

    def _notices(self, fill_id: UUID) -> Sequence[Event]:
        owed = self._state.ledger.owed.get(fill_id)
        if owed is None:
            return ()
        payloads: tuple[Payload | None, ...] = (owed.position, owed.account)
        events = [self.caused(payload, owed.fill) for payload in payloads if payload is not None]
        for event in events:
            self._fold(event)
        return events

    def _fold(self, event: Event) -> None:
        self._state.evolve(event)
        if isinstance(event, OrderSubmittedEvent):
            self._orders.inc(OrderStatus.SUBMITTED.value)
        elif isinstance(event, OrderStatusUpdatedEvent):
            self._orders.inc(event.status.value)
        elif isinstance(event, FillEvent):
            self._fills.inc()

    def _natural(self, key: str) -> UUID:
        return natural_id("engine", f"{self._account}:{key}")
