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
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = [
    "ALIASES", "NO_ORDERS", "ORDER_TYPES", "POSITIONS", "RARE_ALIASES", "SIZED_NAMES", "UNITS", "VERBS", "WRAPPERS",
    "Raw", "RawNumber", "Said", "Verb", "said_word",
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
    unsaid: Refusal | None = None
    """What is asked for beside that a signal cannot carry; it speaks against entries only."""


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


def _words(text: str, verb: Verb) -> dict[str, Verb]:
    return dict.fromkeys(text.split(), verb)


VERBS: Final[Mapping[str, Verb]] = {
    **_words("buy long b bull bullish enter_long entry_long open_long go_long", Verb.BUY),
    **_words("enterlong long_entry longentry buy_to_open buy_long openlong", Verb.BUY),
    **_words("sell short s bear bearish enter_short entry_short open_short go_short sell_short", Verb.SELL),
    **_words("entershort short_entry shortentry sell_to_open openshort", Verb.SELL),
    **_words("close exit flat flatten close_all closeall exit_all close_position closeposition", Verb.CLOSE),
    **_words("exitall flatten_all liquidate square_off squareoff close_at_market_price", Verb.CLOSE),
    **_words("close_long closelong exit_long exitlong sell_to_close", Verb.CLOSE_LONG),
    **_words("long_exit longexit close_buy closebuy exit_buy stc", Verb.CLOSE_LONG),
    **_words("close_short closeshort exit_short exitshort buy_to_close buy_to_cover cover", Verb.CLOSE_SHORT),
    **_words("short_exit shortexit close_sell closesell exit_sell", Verb.CLOSE_SHORT),
    **_words("reverse flip stop_and_reverse", Verb.REVERSE),
}

NO_ORDERS: Final[Mapping[str, RefusalCode]] = {
    **dict.fromkeys(
        (
            "cancel", "cancel_all", "cancelall", "cancel_order", "cancel_orders", "cancellong", "cancelshort",
            "cancel_long", "cancel_short",
        ),
        RefusalCode.CANCEL_UNSUPPORTED,
    ),
    **dict.fromkeys(
        (
            "modify", "modify_order", "modify_position", "update", "update_order", "change", "move_stop", "set_stop",
            "newsltplong", "newsltpshort", "breakeven",
        ),
        RefusalCode.MODIFY_UNSUPPORTED,
    ),
    **dict.fromkeys(
        (
            "start", "stop", "start_bot", "stop_bot", "enable", "disable", "pause", "resume", "eaon", "eaoff",
            "turn_on", "turn_off", "start_deal", "start_bot_and_start_deal", "stop_bot_and_close_deals",
        ),
        RefusalCode.CONTROL_UNSUPPORTED,
    ),
}  # fmt: skip
"""Words that ask for something that is no order, with the refusal they get as long as nothing carries it out."""

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
    **dict.fromkeys(("base_currency", "base_asset", "coin", "share", "fixed", "qty", "quantity")),
    **dict.fromkeys(("lots", "lot"), QuantityUnit.LOTS),
    **dict.fromkeys(
        ("quote_currency", "quote_asset", "usdt", "usdc", "fixed_cash", "sum_usd"), QuantityUnit.QUOTE
    ),
    **dict.fromkeys(
        ("percentage_equity", "percent_equity", "equity_percentage"), QuantityUnit.EQUITY_PERCENT
    ),
    **dict.fromkeys(
        ("percentage_balance", "percent_balance", "balance_percentage"), QuantityUnit.BALANCE_PERCENT
    ),
    **dict.fromkeys(
        ("percentage_position", "percent_position", "position_percentage"), QuantityUnit.POSITION_PERCENT
    ),
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

RARE_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "symbol": (
        "tv_instrument", "market", "asset", "coin", "stock", "scrip", "security", "tsym", "trading_symbol",
        "symbol_name", "currency_pair", "currencypair", "product_id", "inst_id", "instid", "underlying",
        "strategy.ticker",
        "strategy.symbol", "order.ticker", "order.instrument", "order.pair", "bar.ticker", "bar.symbol",
        "syminfo.ticker",
    ),
    "exchange": ("tv_exchange", "exch", "market_code"),
    "action": (
        "cmd", "command", "trade", "operation", "op", "transaction_type", "transactiontype", "trantype", "tt",
        "trade_type", "buy_sell", "buysell", "signal_type", "intent", "order_side", "orderside",
        "strategy.action", "strategy.side",
        "strategy.order.side", "trade.side", "trade.action", "position.action",
    ),
    "quantity": (
        "order.amount", "order.size", "order.units", "strategy.quantity", "strategy.qty", "strategy.contracts",
        "order_qty", "orderqty", "order_quantity", "trade.quantity", "trade.qty", "volume_base",
    ),
    "lots": ("lot", "lot_size", "lotsize", "vol_lots"),
    "unit": (
        "investmenttype", "investment_type", "currency_type", "order.currency_type", "order.unit", "amount_type",
        "amounttype", "size_type", "sizetype", "amountpertradetype", "qty_mode", "volume_type", "size_unit",
    ),
    "price": ("signal_price", "signalprice", "last_price", "lastprice", "mark_price", "current_price", "entry_price"),
    "order_type": ("pricetype", "price_type", "prctyp", "ordtype", "ot", "strategy.order_type", "strategy.order.type"),
    "limit_price": ("limit_px", "lmt_price", "strategy.limit_price"),
    "stop_price": ("triggerprice", "stop_px", "strategy.stop_price"),
    "stop_loss": (
        "stop_loss_price", "sl_price", "stoplossprice", "strategy.stop_loss", "order.stop_loss", "order.sl",
        "stop_loss.stop_price", "stoploss.price", "sl.price", "sl.stop_price", "stop_loss.stopprice",
    ),
    "take_profit": (
        "take_profit_price", "tp_price", "takeprofitprice", "tp1", "take_profit_1", "takeprofit1", "target1",
        "target_1", "strategy.take_profit", "order.take_profit", "order.tp",
        "take_profit.limit_price", "takeprofit.price", "tp.price",
        "tp.limit_price", "take_profit.limitprice",
    ),
    "lag_max": ("max_lag", "maxlag"),
    "reduce_only": ("order.reduce_only", "exit_only", "strategy.reduce_only"),
    "target_position": ("target_quantity", "target_qty", "target_size", "target_position_size", "desired_position"),
}  # fmt: skip
"""Rarer names, read only where a usual name leaves the field open: some are common words of other meaning too."""

SIZED_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("risk_percent", "riskpercent", "risk_pct"), "risk_percent"),
    **dict.fromkeys(
        ("equity_percent", "equity_pct", "percent_of_equity", "percentofequity"), "equity_percent"
    ),
    **dict.fromkeys(("balance_percent", "balance_pct", "percent_of_balance"), "balance_percent"),
    **dict.fromkeys(
        ("position_percent", "position_pct", "percent_of_position", "close_percent"), "position_percent"
    ),
    **dict.fromkeys(
        (
            "usd_amount",
            "usdt_amount",
            "quote_amount",
            "quote_qty",
            "quoteorderqty",
            "notional",
            "dollar_amount",
            "cash",
        ),
        "quote",
    ),
    **dict.fromkeys(("base_amount", "base_qty", "base_quantity"), "base"),
}
"""Names that say the size and its unit at once, to the unit word; read only where no quantity is given."""
