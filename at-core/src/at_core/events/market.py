"""Raw market data: quotes, trades and bars."""

from __future__ import annotations

from typing import ClassVar, Literal

from at_core.enums import MarketDataKind
from at_core.events.envelope import Event, Payload, Token, UtcTime
from at_core.numbers import Price, Quantity, WireDecimal

__all__ = ["MarketDataEvent", "MarketObserved"]


class MarketObserved(Payload):
    """One observation of a market. Which fields are set follows from ``kind``.

    QUOTE: bid, ask and their sizes. TRADE: price, size. BAR: open, high, low, close, volume, interval, bar_time
    (start of the bar) and ``final`` (False while the bar still changes).
    """

    TYPE: ClassVar[str] = "market.raw"

    venue: Token
    symbol: Token
    kind: MarketDataKind
    provider: Token
    exchange_time: UtcTime
    """When the market says it happened."""
    received_at: UtcTime
    bid: Price | None = None
    ask: Price | None = None
    bid_size: Quantity | None = None
    ask_size: Quantity | None = None
    price: Price | None = None
    size: Quantity | None = None
    open: Price | None = None
    high: Price | None = None
    low: Price | None = None
    close: Price | None = None
    volume: Quantity | None = None
    interval: Token | None = None
    bar_time: UtcTime | None = None
    final: bool = True

    @property
    def last(self) -> WireDecimal | None:
        """The price this observation speaks for: close, trade price, or the middle of the quote."""
        if self.kind is MarketDataKind.BAR:
            return self.close
        if self.kind is MarketDataKind.TRADE:
            return self.price
        if self.bid is not None and self.ask is not None:
            return (self.bid + self.ask) / 2
        return None


class MarketDataEvent(MarketObserved, Event):
    """``market.raw``."""

    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "MARKET"
    KEYS: ClassVar[tuple[str, ...]] = ("venue", "symbol", "kind")

    type: Literal["market.raw"]
