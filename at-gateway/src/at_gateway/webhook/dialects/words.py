"""Words: which names senders use for what, and which verbs they use for buying, selling and closing.

``volume`` is no quantity on purpose: templates carry the bar's volume under that name, and an order of that size would
be a disaster. ``price`` and ``close`` are references, never limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from at_core.enums import OrderType, PositionSide, QuantityUnit, Side

__all__ = [
    "ALIASES", "ORDER_TYPES", "POSITIONS", "UNITS", "VERBS", "WRAPPERS", "Raw", "RawNumber", "Said", "Verb",
    "said_word",
]  # fmt: skip


class RawNumber(str):
    """The text of a JSON number, exactly as it was written (also NaN and Infinity, which JSON does not know)."""

    __slots__ = ()


Raw = str | bool
"""A leaf of the sender's message: text, the text of a number, or a truth value."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a sender said, in our field names: field to (name the sender used, value)."""

    dialect: str
    fields: Mapping[str, tuple[str, Raw]]


class Verb(StrEnum):
    """What an action word asks for."""

    BUY = "BUY"
    SELL = "SELL"
    CLOSE = "CLOSE"
    CLOSE_LONG = "CLOSE_LONG"
    CLOSE_SHORT = "CLOSE_SHORT"
    REVERSE = "REVERSE"

    @property
    def side(self) -> Side | None:
        """The side of the order it leads to, None when the position decides."""
        if self in (Verb.BUY, Verb.CLOSE_SHORT):
            return Side.BUY
        return Side.SELL if self in (Verb.SELL, Verb.CLOSE_LONG) else None

    @property
    def closes(self) -> bool:
        """Whether it can only shrink a position."""
        return self in (Verb.CLOSE, Verb.CLOSE_LONG, Verb.CLOSE_SHORT)


def said_word(text: str) -> str:
    """Return a word as the tables below spell it: lower case, blanks and dashes as underscores."""
    return "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())


VERBS: Final[Mapping[str, Verb]] = {
    **dict.fromkeys(
        ("buy", "long", "b", "bull", "bullish", "enter_long", "entry_long", "open_long", "go_long"), Verb.BUY
    ),
    **dict.fromkeys(
        (
            "sell",
            "short",
            "s",
            "bear",
            "bearish",
            "enter_short",
            "entry_short",
            "open_short",
            "go_short",
            "sell_short",
        ),
        Verb.SELL,
    ),
    **dict.fromkeys(
        (
            "close",
            "exit",
            "flat",
            "flatten",
            "close_all",
            "closeall",
            "exit_all",
            "close_position",
            "closeposition",
        ),
        Verb.CLOSE,
    ),
    **dict.fromkeys(("close_long", "closelong", "exit_long", "exitlong", "sell_to_close"), Verb.CLOSE_LONG),
    **dict.fromkeys(
        ("close_short", "closeshort", "exit_short", "exitshort", "buy_to_close", "buy_to_cover", "cover"),
        Verb.CLOSE_SHORT,
    ),
    **dict.fromkeys(("reverse", "flip"), Verb.REVERSE),
}

POSITIONS: Final[Mapping[str, PositionSide]] = {
    "long": PositionSide.LONG,
    "bullish": PositionSide.LONG,
    "short": PositionSide.SHORT,
    "bearish": PositionSide.SHORT,
    "flat": PositionSide.FLAT,
    "none": PositionSide.FLAT,
}

ORDER_TYPES: Final[Mapping[str, OrderType]] = {
    "market": OrderType.MARKET,
    "mkt": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "lmt": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "stop_market": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
    "stoplimit": OrderType.STOP_LIMIT,
}

UNITS: Final[Mapping[str, QuantityUnit | None]] = {
    **dict.fromkeys(
        ("base", "units", "unit", "shares", "coins", "contracts", "contract", "fixed_quantity", "own")
    ),
    "lots": QuantityUnit.LOTS,
    **dict.fromkeys(("quote", "usd", "cash", "dollars", "dollar_amount", "notional"), QuantityUnit.QUOTE),
    **dict.fromkeys(("equity_percent", "percent_of_equity"), QuantityUnit.EQUITY_PERCENT),
    **dict.fromkeys(("balance_percent", "percent_of_balance"), QuantityUnit.BALANCE_PERCENT),
    **dict.fromkeys(("position_percent", "percent_of_position"), QuantityUnit.POSITION_PERCENT),
    **dict.fromkeys(("risk_percent", "percent_of_risk"), QuantityUnit.RISK_PERCENT),
}
"""Unit words; None means the instrument's own unit (base units, or contracts of a future)."""

WRAPPERS: Final = frozenset({"data", "alert", "payload", "body"})
"""Objects that senders put around the whole message."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "symbol": ("ticker", "symbol", "pair", "instrument", "tradingsymbol", "order.symbol"),
    "exchange": ("exchange", "venue"),
    "action": (
        "action", "side", "strategy.order.action", "strategy.order_action", "order.action", "order.side",
        "order_action", "order", "signal", "direction", "data",
    ),
    "quantity": (
        "quantity", "qty", "contracts", "size", "amount", "units", "shares", "strategy.order.contracts",
        "strategy.order_contracts", "order.contracts", "order.quantity", "order.qty", "order_contracts", "order_size",
    ),
    "lots": ("lots",),
    "unit": ("quantity_unit", "qty_unit", "unit", "quantity_type", "quantitytype", "qty_type", "qtytype"),
    "price": (
        "price", "strategy.order.price", "strategy.order_price", "order.price", "order_price", "close", "bar.close",
    ),
    "order_type": ("order_type", "ordertype", "type", "order.type"),
    "limit_price": ("limit_price", "limitprice", "limit", "order.limit_price"),
    "stop_price": ("stop_price", "stopprice", "trigger_price", "order.stop_price"),
    "stop_loss": ("stop_loss", "stoploss", "sl", "stop_loss.price", "stoploss.stopprice"),
    "take_profit": ("take_profit", "takeprofit", "tp", "take_profit.price", "takeprofit.limitprice"),
    "reduce_only": ("reduce_only", "reduceonly", "close_only"),
    "strategy": ("strategy", "strategy_name", "strategy.name", "bot", "alert_name"),
    "market_position": ("market_position", "strategy.market_position", "marketposition", "sentiment"),
    "market_position_size": ("market_position_size", "strategy.market_position_size"),
    "prev_market_position": ("prev_market_position", "strategy.prev_market_position"),
    "prev_market_position_size": ("prev_market_position_size", "strategy.prev_market_position_size"),
    "position_size": ("position_size", "strategy.position_size"),
    "target_position": ("target_position", "target"),
    "order_id": ("order_id", "orderid", "strategy.order.id", "strategy.order_id", "order.id"),
    "alert_id": ("alert_id", "alertid", "signal_id", "event_id", "idempotency_key", "uuid"),
    "id": ("id",),
    "comment": (
        "comment", "strategy.order.comment", "strategy.order.alert_message", "order.comment", "order_comment",
        "alert_message", "message", "text", "note",
    ),
    "interval": ("interval", "timeframe", "tf", "resolution", "bar.interval"),
    "bar_time": ("bar_time", "bartime", "bar.time"),
    "time": ("time",),
    "fired_at": ("timenow", "fired_at", "timestamp", "alert_time"),
    "kind": ("kind",),
    "open": ("open", "bar.open"),
    "high": ("high", "bar.high"),
    "low": ("low", "bar.low"),
    "volume": ("volume", "bar.volume"),
    "final": ("final", "closed", "confirmed"),
}  # fmt: skip
"""Our field to the senders' names, the most usual first. Several may be present if they agree."""
