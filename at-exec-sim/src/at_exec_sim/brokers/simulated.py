"""The simulated broker: the venue behind the port, with a durable book, a clock of its own side, and faults.

It is a paper venue. Prices come from the market data it is fed; where it never saw a market, the reference price of
the order stands in. Client order ids are unique for ever, also over restarts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from at_core.clock import Clock
from at_exec_sim.brokers.faults import NO_FAULTS, Fault, FaultKind, Faults
from at_exec_sim.brokers.models import (
    BrokerAccount,
    BrokerCode,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerRefusal,
    BrokerSnapshot,
    Capabilities,
    ClientIdSemantics,
    FillPage,
    MarketTick,
    OrderFilter,
    OrderRequest,
    Quote,
    TradeFilter,
)
from at_exec_sim.brokers.translate import market_of, order_of, quote_of, refusal_of, to_fill, to_order
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.simulator.admission import equity_of, free_equity
from at_exec_sim.simulator.config import ORDER_TYPES, TIMES_IN_FORCE, VenueConfig
from at_exec_sim.simulator.venue import Outcome, cancel, observe, pass_time, place

__all__ = ["SimulatedBroker", "broker_order_id"]

_CAPABILITIES = Capabilities(
    broker="simulated",
    order_types=ORDER_TYPES,
    times_in_force=TIMES_IN_FORCE,
    fractional=True,
    client_id_semantics=ClientIdSemantics.PERMANENT,
    fills_cursor=True,
    streaming=False,
    paper=True,
)
_UNKNOWN = BrokerRefusal(BrokerCode.OUTCOME_UNKNOWN, "no answer from the broker")


def broker_order_id(client_order_id: str) -> str:
    """Return the venue's id of an order: derived, so that a venue that lost its file never reuses one."""
    return f"SIM-{sha256(client_order_id.encode()).hexdigest()[:20]}"


class SimulatedBroker:
    """One paper account. ``calls`` counts every call by verb: what a test asserts that never happened."""

    def __init__(
        self,
        store: VenueStore,
        config: VenueConfig,
        clock: Clock,
        *,
        account: str = "paper",
        opening_cash: Decimal = Decimal(100_000),
        faults: Faults = NO_FAULTS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._account = account
        self._opening_cash = opening_cash
        self._faults = faults
        self._sleep = sleep
        self._book = store.load(opening_cash)
        self.calls: dict[str, int] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What the simulated venue can do."""
        return _CAPABILITIES

    async def authenticate(self) -> BrokerRefusal | None:
        """Always accepted: there is nobody to convince, unless a fault says otherwise."""
        return (await self._enter("authenticate"))[0]

    async def feed(self, ticks: Sequence[MarketTick]) -> None:
        """Take market observations; everything they cause is durable when this returns."""
        now = self._clock.now()
        events = []
        for tick in ticks:
            market = market_of(tick, self._config.volume_participation)
            events += observe(self._book, market, now, self._config).events
        self._store_all(Outcome(events))

    async def place_order(self, request: OrderRequest) -> BrokerOrder | BrokerRefusal:
        """Place one order; matched at once against the known market."""
        refused, fault = await self._enter("place_order")
        if refused is not None:
            return refused
        now = self._clock.now()
        draft = order_of(request, broker_order_id(request.client_order_id), now)
        outcome = place(self._book, draft, now, self._config)
        self._store_all(outcome)
        if fault is not None and fault.kind is FaultKind.LOSE_ANSWER:
            return _UNKNOWN
        if fault is not None and fault.kind is FaultKind.DELAY:
            await self._sleep(fault.seconds)
        if outcome.refusal is not None:
            return refusal_of(outcome.refusal)
        return to_order(self._book.orders[request.client_order_id])

    async def cancel_order(self, broker_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Cancel what is left of an order."""
        refused, fault = await self._enter("cancel_order")
        if refused is not None:
            return refused
        name = self._book.by_broker_id.get(broker_order_id, "")
        outcome = cancel(self._book, name, self._clock.now(), self._config)
        self._store_all(outcome)
        if fault is not None and fault.kind is FaultKind.LOSE_ANSWER:
            return _UNKNOWN
        if outcome.refusal is not None:
            return refusal_of(outcome.refusal)
        return to_order(self._book.orders[name])

    async def find_order(self, client_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Return one order by our id."""
        refused, _ = await self._enter("find_order")
        return refused or self._one(client_order_id)

    async def get_order_status(self, broker_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Return one order by the venue's id."""
        refused, _ = await self._enter("get_order_status")
        return refused or self._one(self._book.by_broker_id.get(broker_order_id, ""))

    async def get_open_orders(self) -> tuple[BrokerOrder, ...] | BrokerRefusal:
        """Return every working order, oldest first."""
        refused, _ = await self._enter("get_open_orders")
        return refused or self._open_orders()

    async def get_orders(self, which: OrderFilter) -> tuple[BrokerOrder, ...] | BrokerRefusal:
        """Return orders, newest first."""
        refused, _ = await self._enter("get_orders")
        if refused is not None:
            return refused
        found: list[BrokerOrder] = []
        for order in reversed(self._book.orders.values()):
            if len(found) >= which.limit:
                break
            if which.symbol in (None, order.symbol) and not (which.open_only and order.status.terminal):
                found.append(to_order(order))
        return tuple(found)

    async def get_trades(self, which: TradeFilter) -> tuple[BrokerFill, ...] | BrokerRefusal:
        """Return executions, oldest first."""
        refused, fault = await self._enter("get_trades")
        if refused is not None:
            return refused
        fills = self._store.fills_of(which.symbol, which.client_order_id, which.limit)
        return _disturbed(tuple(to_fill(fill) for fill in fills), fault)

    async def get_fills(self, since: str | datetime | None, limit: int = 500) -> FillPage | BrokerRefusal:
        """Return executions after a cursor (the venue's own execution count), a time, or the beginning."""
        refused, fault = await self._enter("get_fills")
        if refused is not None:
            return refused
        if isinstance(since, datetime):
            after = self._store.sequence_before(since)
        elif since is None:
            after = 0
        elif since.isascii() and since.isdigit():
            after = int(since)
        else:
            return BrokerRefusal(BrokerCode.REJECTED, "that cursor is none of ours")
        rows = self._store.fills_after(after, limit)
        if fault is not None and fault.kind is FaultKind.HIDE_FILLS:
            return FillPage((), str(after))
        cursor = str(rows[-1][0]) if rows else str(after)
        return FillPage(
            _disturbed(tuple(to_fill(fill) for _, fill in rows), fault), cursor, len(rows) == limit
        )

    async def get_account(self) -> BrokerAccount | BrokerRefusal:
        """Return the account's money at the newest known prices."""
        refused, _ = await self._enter("get_account")
        return refused or self._money()

    async def get_positions(self) -> tuple[BrokerPosition, ...] | BrokerRefusal:
        """Return every position that is not flat."""
        refused, _ = await self._enter("get_positions")
        return refused or self._positions()

    async def get_quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...] | BrokerRefusal:
        """Return the newest market observation of each known symbol."""
        refused, _ = await self._enter("get_quotes")
        if refused is not None:
            return refused
        markets = self._book.markets
        return tuple(quote_of(markets[symbol]) for symbol in symbols if symbol in markets)

    async def get_snapshot(self) -> BrokerSnapshot | BrokerRefusal:
        """Return everything of one moment."""
        refused, _ = await self._enter("get_snapshot")
        if refused is not None:
            return refused
        quotes = tuple(quote_of(market) for market in self._book.markets.values())
        return BrokerSnapshot(
            self._clock.now(), self._money(), self._positions(), self._open_orders(), quotes
        )

    async def close(self) -> None:
        """Close the book's file."""
        self._store.close()

    async def _enter(self, verb: str) -> tuple[BrokerRefusal | None, Fault | None]:
        """Count the call, let time act at the venue, and apply a fault that stops the call at the door."""
        self.calls[verb] = self.calls.get(verb, 0) + 1
        self._store_all(pass_time(self._book, self._clock.now(), self._config))
        fault = self._faults.next(verb)
        if fault is None:
            return None, None
        if fault.kind is FaultKind.REFUSE:
            return BrokerRefusal(fault.code, "refused by script"), fault
        if fault.kind is FaultKind.NETWORK:
            return BrokerRefusal(BrokerCode.NETWORK, "the broker was not reached"), fault
        if fault.kind is FaultKind.RATE_LIMIT:
            return BrokerRefusal(BrokerCode.RATE_LIMIT, "too many requests", fault.seconds or None), fault
        if fault.kind is FaultKind.LOSE_REQUEST:
            return _UNKNOWN, fault
        if fault.kind is FaultKind.DELAY and verb != "place_order":
            await self._sleep(fault.seconds)
        return None, fault

    def _store_all(self, outcome: Outcome) -> None:
        try:
            self._store.save(self._book, outcome.events)
        except BaseException:
            # Memory must never be ahead of the disk: what was not written did not happen.
            self._book = self._store.load(self._opening_cash)
            raise

    def _one(self, client_order_id: str) -> BrokerOrder | BrokerRefusal:
        order = self._book.orders.get(client_order_id)
        return to_order(order) if order else BrokerRefusal(BrokerCode.NOT_FOUND, "no such order")

    def _open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(to_order(self._book.orders[name]) for name in self._book.working)

    def _positions(self) -> tuple[BrokerPosition, ...]:
        return tuple(
            BrokerPosition(symbol, held.quantity, held.average_price)
            for symbol, held in sorted(self._book.holdings.items())
            if held.quantity
        )

    def _money(self) -> BrokerAccount:
        return BrokerAccount(
            account=self._account,
            currency=self._config.currency,
            cash=self._book.cash,
            equity=equity_of(self._book),
            buying_power=max(free_equity(self._book, self._config), Decimal(0)),
            paper=True,
        )


def _disturbed(fills: tuple[BrokerFill, ...], fault: Fault | None) -> tuple[BrokerFill, ...]:
    if fault is not None and fault.kind is FaultKind.DUPLICATE_FILLS:
        return tuple(fill for fill in fills for _ in range(2))
    if fault is not None and fault.kind is FaultKind.HIDE_FILLS:
        return ()
    return fills
