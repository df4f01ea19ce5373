"""The order desk: the algorithm that turns one approval into exactly one order lifecycle (law 7).

    known?  ->  resume: look up, never send blindly
    pre-trade refuses  ->  one terminal update
    intent written (expected last sequence 0)  ->  place  ->  order | refusal | no answer
    no answer  ->  UNKNOWN  ->  look up, with pauses  ->  adopt | send again with the same id | stay UNKNOWN

Sending again needs all of: the broker says NOT_FOUND to a query for this one order; either its ids are permanent or it
had certainly refused; the approval has not expired; no stop came in between; an exit still only reduces. An order that
may not be sent any more and is still not found after the settling time counts as never arrived.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum

from at_core.clock import Clock
from at_core.enums import OrderStatus
from at_core.errors import Unauthentic
from at_core.events import Event, OrderSubmittedEvent, RiskApprovedEvent
from at_exec_sim.brokers.models import (
    BrokerCode,
    BrokerFill,
    BrokerOrder,
    BrokerRefusal,
    ClientIdSemantics,
    TradeFilter,
)
from at_exec_sim.brokers.port import BrokerAPI
from at_exec_sim.execution.announcer import Announcer
from at_exec_sim.execution.blotter import OrderRecord
from at_exec_sim.execution.calls import BrokerCalls
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.payloads import refused, request_of, submitted, updated
from at_exec_sim.execution.pre_trade import Refused, lapsed, pre_trade
from at_exec_sim.execution.state import EngineState

__all__ = ["OrderDesk"]

log = logging.getLogger(__name__)


class _Sent(Enum):
    """What came of sending an order."""

    SETTLED = "settled"
    """The broker answered: there is an order, or there is none for good."""
    DOUBT = "doubt"
    REFUSED_FOR_NOW = "refused for now"
    """Certainly not taken; the same request may be taken later."""


class OrderDesk:
    """Places, looks up, adopts and cancels. The caller sees to it that only one thing happens at a time."""

    def __init__(
        self,
        broker: BrokerAPI,
        calls: BrokerCalls,
        announcer: Announcer,
        state: EngineState,
        clock: Clock,
        config: EngineConfig,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._broker = broker
        self._calls = calls
        self._say = announcer
        self._state = state
        self._clock = clock
        self._config = config
        self._sleep = sleep

    async def execute(self, approval: RiskApprovedEvent, digest: str, now: datetime) -> None:
        """Bring one verified approval to its lifecycle, or find it there already."""
        record = self._state.blotter.get(approval.client_order_id)
        if record is not None:
            if record.approval_id not in (None, approval.event_id):
                raise Unauthentic("PLAN_ALREADY_USED", "another approval has led to this plan's order")
            await self._resume(record)
            return
        capabilities = self._broker.capabilities
        ruling = pre_trade(approval, self._state.view(approval, now, capabilities.order_types), self._config)
        if isinstance(ruling, Refused):
            log.info("approval not executed", extra={"code": ruling.code, "plan": str(approval.plan_id)})
            await self._say.say(self._say.update(refused(approval, ruling), approval))
            return
        payload = submitted(approval, digest, ruling.quantity, capabilities.broker)
        record = await self._say.intent(payload, approval, now)
        if not await self._may_send(record, never_sent=True):
            return
        sent, refusal = await self._place(record)
        if sent is not _Sent.SETTLED:
            await self.resolve(record, self._config.lookup_delays_seconds, sent, refusal)

    async def resolve(
        self,
        record: OrderRecord,
        delays: Sequence[float],
        sent: _Sent = _Sent.DOUBT,
        refusal: BrokerRefusal | None = None,
    ) -> None:
        """Look the order up, after each pause once, until the doubt is gone or the pauses are used up."""
        for delay in delays:
            await self._pause(delay, refusal)
            found = await self._calls.ask("find_order", self._broker.find_order(record.client_order_id))
            if isinstance(found, BrokerOrder):
                await self.adopt(record, found)
                return
            if found.code is not BrokerCode.NOT_FOUND:
                continue
            never_sent = sent is _Sent.REFUSED_FOR_NOW and record.status is OrderStatus.SUBMITTED
            if not await self._may_send(record, never_sent=never_sent):
                return
            sent, refusal = await self._place(record)
            if sent is _Sent.SETTLED:
                return
        if sent is _Sent.REFUSED_FOR_NOW and record.status is OrderStatus.SUBMITTED and refusal is not None:
            detail = f"{refusal.code}: {refusal.reason}"
            await self._step(record, OrderStatus.FATAL_ERROR, code="RETRIES_EXHAUSTED", reason=detail)

    async def adopt(self, record: OrderRecord, order: BrokerOrder) -> None:
        """Take over what the broker says about an order: acknowledgement, executions, end. Idempotent."""
        intent = _intent(record)
        if (order.symbol, order.side, order.quantity) != (record.symbol, record.side, record.quantity):
            if record.in_doubt:
                detail = f"broker has {order.side} {order.quantity:f} {order.symbol} under this id"
                await self._step(record, OrderStatus.FATAL_ERROR, code="ORDER_MISMATCH", reason=detail)
            return
        if order.status is OrderStatus.REJECTED and not record.status.terminal and not order.filled_quantity:
            await self._step(
                record,
                OrderStatus.REJECTED,
                code="REJECTED",
                reason=order.reason,
                broker=order.broker_order_id,
            )
            return
        # Two round trips for the usual order: acknowledgement and execution, then its notices and the end.
        lead = (self._acknowledgement(record, intent, order),) if record.in_doubt else ()
        fresh = await self._missing(record, order)
        for fill in fresh:
            whole = fill is fresh[-1] and order.filled_quantity == record.filled_quantity + fill.quantity
            final = whole and (order.status is OrderStatus.FILLED or not order.status.terminal)
            await self._say.execution(record, intent, fill, lead=lead, final=final)
            lead = ()
        await self._say.say(*lead)
        if order.filled_quantity != record.filled_quantity:
            return  # the broker's lists lag behind its orders: the end is told once every execution is
        if order.status.terminal and not record.status.terminal:
            await self._step(record, order.status, reason=order.reason, broker=order.broker_order_id)
        elif record.unannounced:
            await self._say.say(self._announcement(record, intent))

    async def take_fill(self, record: OrderRecord, fill: BrokerFill) -> None:
        """Record one execution, unless it is known."""
        if fill.execution_id not in record.executions:
            await self._say.execution(record, _intent(record), fill)

    async def announce(self, record: OrderRecord) -> None:
        """Say the status that recorded executions led to, when the stream does not say it yet."""
        if record.unannounced:
            await self._say.say(self._announcement(record, _intent(record)))

    async def cancel(self, record: OrderRecord) -> None:
        """Cancel what is left of an acknowledged order and take over what the broker says then."""
        if record.broker_order_id is None:
            return
        answer = await self._calls.ask("cancel_order", self._broker.cancel_order(record.broker_order_id))
        if isinstance(answer, BrokerOrder):
            await self.adopt(record, answer)
        else:
            log.warning("cancel not confirmed", extra={"code": answer.code, "order": record.client_order_id})

    async def _missing(self, record: OrderRecord, order: BrokerOrder) -> tuple[BrokerFill, ...]:
        """Return the executions of an order that are not recorded yet, each once, oldest first."""
        if order.filled_quantity <= record.filled_quantity:
            return ()
        which = TradeFilter(client_order_id=record.client_order_id, limit=self._config.fills_page)
        trades = await self._calls.ask("get_trades", self._broker.get_trades(which))
        if isinstance(trades, BrokerRefusal):
            return ()
        fresh = {fill.execution_id: fill for fill in trades if fill.execution_id not in record.executions}
        return tuple(fresh.values())

    async def _resume(self, record: OrderRecord) -> None:
        """A redelivered approval: what happened to its order is found out, not repeated."""
        await self.announce(record)
        if record.submitted is not None and record.in_doubt:
            await self.resolve(record, (0.0, *self._config.lookup_delays_seconds))

    async def _place(self, record: OrderRecord) -> tuple[_Sent, BrokerRefusal | None]:
        """Send the order as it was written, and record what came of it."""
        request = request_of(_intent(record))
        answer = await self._calls.ask("place_order", self._broker.place_order(request))
        if isinstance(answer, BrokerOrder):
            await self.adopt(record, answer)
            return _Sent.SETTLED, None
        if answer.code is BrokerCode.DUPLICATE and answer.existing is not None:
            await self.adopt(record, answer.existing)
            return _Sent.SETTLED, answer
        if answer.code in (BrokerCode.OUTCOME_UNKNOWN, BrokerCode.DUPLICATE):
            await self._doubt(record, answer)
            return _Sent.DOUBT, answer
        if answer.retryable:
            return _Sent.REFUSED_FOR_NOW, answer
        await self._step(record, OrderStatus.REJECTED, code=answer.code.value, reason=answer.reason)
        return _Sent.SETTLED, answer

    async def _may_send(self, record: OrderRecord, *, never_sent: bool) -> bool:
        """Whether an order that is not at the broker may be sent now; ends it when its time is over."""
        permanent = self._broker.capabilities.client_id_semantics is ClientIdSemantics.PERMANENT
        if not (never_sent or permanent):
            await self._doubt(record, None)
            return False
        intent = _intent(record)
        controls = self._state.controls
        block = controls.exit_block() if intent.reduces_risk else controls.entry_block(intent.strategy)
        now = self._clock.now()
        over = lapsed(intent.expires_at, block, now)
        if over is None and intent.reduces_risk and not self._state.fits(intent):
            # Written, not known at the broker, and overtaken: sent now it would open or turn a position.
            over = Refused(
                OrderStatus.CANCELED, "EXIT_OVERTAKEN", "the position changed before it could be sent"
            )
        if over is None:
            return True
        if never_sent or now - record.sent_at >= timedelta(seconds=self._config.settle_seconds):
            await self._step(record, over.status, code=over.code, reason=over.reason)
        else:
            await self._doubt(record, None)
        return False

    async def _doubt(self, record: OrderRecord, refusal: BrokerRefusal | None) -> None:
        """Say UNKNOWN, once: nobody knows whether the order exists."""
        if record.status is OrderStatus.SUBMITTED:
            reason = refusal.reason if refusal else "not found at the broker, and not to be sent again"
            await self._step(
                record, OrderStatus.UNKNOWN, code=BrokerCode.OUTCOME_UNKNOWN.value, reason=reason
            )

    async def _pause(self, seconds: float, refusal: BrokerRefusal | None) -> None:
        """Wait before a look-up; a broker that said how long to wait is obeyed, up to the call timeout."""
        asked = refusal.retry_after_seconds if refusal else None
        pause = max(seconds, min(asked or 0.0, self._config.broker_timeout_seconds))
        if pause > 0:
            await self._sleep(pause)

    async def _step(
        self,
        record: OrderRecord,
        status: OrderStatus,
        *,
        code: str | None = None,
        reason: str = "",
        broker: str | None = None,
    ) -> None:
        intent = _intent(record)
        payload = updated(record, intent, status, broker_order_id=broker, code=code, reason=reason)
        await self._say.say(self._say.update(payload, intent))

    def _acknowledgement(self, record: OrderRecord, intent: OrderSubmittedEvent, order: BrokerOrder) -> Event:
        status = OrderStatus.ACKNOWLEDGED
        payload = updated(record, intent, status, broker_order_id=order.broker_order_id)
        return self._say.update(payload, intent)

    def _announcement(self, record: OrderRecord, intent: OrderSubmittedEvent) -> Event:
        return self._say.update(updated(record, intent, record.status), intent)


def _intent(record: OrderRecord) -> OrderSubmittedEvent:
    if record.submitted is None:
        raise ValueError(f"order {record.client_order_id} was never submitted")
    return record.submitted
