"""The engine's state: one fold of EXEC, SYSTEM and MARKET. Emptied and folded again, it is the same (law 5)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from at_core.enums import MarketDataKind, OrderType, Side
from at_core.events import (
    AccountEvent,
    Event,
    FillEvent,
    MarketDataEvent,
    OrderSubmittedEvent,
    PositionEvent,
    RiskApprovedEvent,
)
from at_core.instruments import Instruments
from at_core.numbers import ZERO
from at_exec_sim.brokers.models import MarketTick
from at_exec_sim.execution.blotter import Blotter
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.controls import Controls
from at_exec_sim.execution.ledger import Ledger
from at_exec_sim.execution.pre_trade import PreTradeView

__all__ = ["EngineState", "tick_of"]


@dataclass(frozen=True, slots=True)
class _Quote:
    bid: Decimal
    ask: Decimal
    at: datetime


class EngineState:
    """Orders, money, stops and prices of one account."""

    blotter: Blotter
    ledger: Ledger
    controls: Controls

    def __init__(self, config: EngineConfig, instruments: Instruments) -> None:
        self._config = config
        self._instruments = instruments
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.blotter = Blotter()
        self.ledger = Ledger(self._instruments, self._config.currency)
        self.controls = Controls(self._config.account)
        self._quotes: dict[str, _Quote] = {}
        self.ticks: deque[MarketTick] = deque(maxlen=self._config.ticks_max)

    def evolve(self, event: Event) -> None:
        """Fold one event; other accounts' facts are not ours."""
        if isinstance(event, MarketDataEvent):
            self._market(event)
            return
        self.controls.evolve(event)
        if event.account != self._config.account:
            return
        if self.blotter.evolve(event) and isinstance(event, FillEvent):
            self.ledger.fill(event)
        elif isinstance(event, PositionEvent):
            self.ledger.position_seen(event)
        elif isinstance(event, AccountEvent):
            self.ledger.account_seen(event)

    def view(
        self, approval: RiskApprovedEvent, now: datetime, order_types: frozenset[OrderType]
    ) -> PreTradeView:
        """Return what the pre-trade room looks at for one approval."""
        symbol = approval.symbol
        quote = self._quotes.get(symbol)
        return PreTradeView(
            now=now,
            entry_block=self.controls.entry_block(approval.strategy),
            exit_block=self.controls.exit_block(),
            instrument=self._instruments.get(symbol),
            order_types=order_types,
            held=self.ledger.quantity(symbol),
            leaving=self.leaving(symbol, approval.side),
            in_doubt=any(one.in_doubt for one in self.blotter.working(symbol)),
            bid=quote.bid if quote else None,
            ask=quote.ask if quote else None,
            quoted_at=quote.at if quote else None,
        )

    def leaving(self, symbol: str, side: Side, besides: str = "") -> Decimal:
        """Return what orders of this side may still trade, not counting order ``besides``."""
        working = self.blotter.working(symbol, side)
        return sum((one.leaves_quantity for one in working if one.client_order_id != besides), ZERO)

    def fits(self, intent: OrderSubmittedEvent) -> bool:
        """Whether an exit that was written earlier would still only reduce, beside what happened since."""
        held = self.ledger.quantity(intent.symbol)
        if held * intent.side.sign >= 0:
            return False
        return intent.quantity <= abs(held) - self.leaving(intent.symbol, intent.side, intent.client_order_id)

    def _market(self, event: MarketDataEvent) -> None:
        price = event.last
        if price is not None:
            self.ledger.see_price(event.symbol, price)
        if event.kind is MarketDataKind.QUOTE and event.bid is not None and event.ask is not None:
            self._quotes[event.symbol] = _Quote(event.bid, event.ask, event.exchange_time)
        self.ticks.append(tick_of(event))


def tick_of(event: MarketDataEvent) -> MarketTick:
    """Return the observation as a paper venue takes it; its time is when it entered the platform."""
    traded = event.size if event.kind is MarketDataKind.TRADE else event.volume
    return MarketTick(
        tick_id=str(event.event_id),
        symbol=event.symbol,
        at=event.timestamp,
        bid=event.bid,
        ask=event.ask,
        bid_size=event.bid_size,
        ask_size=event.ask_size,
        open=event.open,
        high=event.high,
        low=event.low,
        last=event.last,
        volume=traded,
    )
