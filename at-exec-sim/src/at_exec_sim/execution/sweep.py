"""The sweep: what happened at the broker since we last looked, taken over again and again.

Order of one round: market data to a paper venue, new executions, then every order that is not over (those missing
from the list of open orders are asked for one by one: absence from a list proves nothing), then stops that demand
cancels, then the day. A broker that does not answer ends the round; the next one tries again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from at_core.clock import Clock
from at_core.enums import KillSwitchLevel, OrderStatus
from at_exec_sim.brokers.models import BrokerOrder, BrokerRefusal
from at_exec_sim.brokers.port import BrokerAPI, MarketFed
from at_exec_sim.execution.announcer import Announcer
from at_exec_sim.execution.blotter import OrderRecord
from at_exec_sim.execution.calls import BrokerCalls
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.controls import Switch
from at_exec_sim.execution.desk import OrderDesk
from at_exec_sim.execution.state import EngineState

__all__ = ["Sweep"]

log = logging.getLogger(__name__)

_OVERLAP = timedelta(hours=1)


class Sweep:
    """Keeps our view of the broker up to date. Never sends an order that was not already in doubt."""

    def __init__(
        self,
        broker: BrokerAPI,
        calls: BrokerCalls,
        announcer: Announcer,
        desk: OrderDesk,
        state: EngineState,
        clock: Clock,
        config: EngineConfig,
    ) -> None:
        self._broker = broker
        self._calls = calls
        self._say = announcer
        self._desk = desk
        self._state = state
        self._clock = clock
        self._config = config
        self._cursor: str | datetime | None = None

    def clear(self) -> None:
        """Forget where we were: the first round reads the broker's executions from our last known one on."""
        self._cursor = None

    async def round(self) -> None:
        """One full round."""
        await self.feed()
        if not await self._fills() or not await self._orders():
            return
        await self.stops()
        await self._day()

    async def feed(self) -> None:
        """Give a paper venue the market observations that came in since the last time."""
        ticks = self._state.ticks
        if not isinstance(self._broker, MarketFed):
            ticks.clear()
            return
        if ticks:
            batch = tuple(ticks)
            ticks.clear()
            await self._calls.ask("feed", self._broker.feed(batch))

    async def stops(self) -> None:
        """Cancel what the active kill switches demand; orders sent after a switch are not its business."""
        for record in self._state.blotter.open():
            if record.submitted is None or record.status.terminal or record.in_doubt:
                continue
            switches = self._state.controls.switches(record.submitted.strategy)
            if any(_demands_cancel(switch, record) for switch in switches):
                await self._desk.cancel(record)

    async def _fills(self) -> bool:
        while True:
            since = self._cursor if self._cursor is not None else self._resume_from()
            call = self._broker.get_fills(since, self._config.fills_page)
            page = await self._calls.ask("get_fills", call)
            if isinstance(page, BrokerRefusal):
                log.warning("executions not read", extra={"code": page.code})
                return False
            for fill in page.fills:
                record = self._state.blotter.get(fill.client_order_id)
                if record is None or record.submitted is None:
                    log.warning(
                        "execution of an order that is not ours", extra={"execution": fill.execution_id}
                    )
                    continue
                await self._desk.take_fill(record, fill)
            self._cursor = page.cursor
            if not page.more:
                return True

    def _resume_from(self) -> datetime | None:
        """Where to begin after a start: safely before the newest execution our own stream knows."""
        newest = self._state.ledger.newest_execution
        return newest - _OVERLAP if newest else None

    async def _orders(self) -> bool:
        pending = [record for record in self._state.blotter.open() if record.submitted is not None]
        if not pending:
            return True
        answer = await self._calls.ask("get_open_orders", self._broker.get_open_orders())
        if isinstance(answer, BrokerRefusal):
            log.warning("open orders not read", extra={"code": answer.code})
            return False
        open_orders = {order.client_order_id: order for order in answer}
        for record in pending:
            await self._one(record, open_orders.get(record.client_order_id))
        return True

    async def _one(self, record: OrderRecord, order: BrokerOrder | None) -> None:
        if order is not None:
            await self._desk.adopt(record, order)
        elif record.in_doubt:
            await self._desk.resolve(record, (0.0,))
        elif record.status.terminal:
            await self._desk.announce(record)
        else:
            found = await self._calls.ask("find_order", self._broker.find_order(record.client_order_id))
            if isinstance(found, BrokerOrder):
                await self._desk.adopt(record, found)
            else:
                fields = {"code": found.code, "order": record.client_order_id}
                log.warning("acknowledged order not found at the broker", extra=fields)

    async def _day(self) -> None:
        """Say the opening statement of a new UTC day, so that day limits start from the right equity."""
        ledger = self._state.ledger
        today = self._clock.now().date()
        if ledger.trading_day is not None and today > ledger.trading_day:
            await self._say.say(self._say.root(ledger.roll(today), f"account-day:{today.isoformat()}"))


def _demands_cancel(switch: Switch, record: OrderRecord) -> bool:
    intent = record.submitted
    if intent is None or record.sent_at > switch.since or record.status is OrderStatus.FILLED:
        return False
    if switch.level is KillSwitchLevel.FLATTEN:
        return True
    return switch.level is KillSwitchLevel.CANCEL_AND_REDUCE and not intent.reduces_risk
