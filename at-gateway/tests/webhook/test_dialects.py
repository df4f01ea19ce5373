"""Dialects: messages as senders write them, and what becomes of them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from gateway_world import INSTRUMENTS, a_source

from at_core.enums import MarketDataKind
from at_core.events import MarketObserved, SignalCreated
from at_core.testing.builders import T0
from at_gateway.webhook.admission import Accept, Refuse, decide
from at_gateway.webhook.dialects.words import ALIASES

SKEW = timedelta(seconds=60)


def admit(message: Any, **source: Any) -> Accept | Refuse:
    body = (
        message
        if isinstance(message, bytes)
        else (message if isinstance(message, str) else json.dumps(message)).encode()
    )
    return decide(body, a_source(**source), T0, INSTRUMENTS, SKEW)


def signal(message: Any, **source: Any) -> SignalCreated:
    found = admit(message, **source)
    assert isinstance(found, Accept), found
    assert isinstance(found.payload, SignalCreated)
    return found.payload


def short(message: Any) -> str:
    made = signal(message)
    return f"{made.dialect} {made.kind} {made.symbol} {made.side or '-'} {made.quantity or '-'} {made.quantity_unit}"


FLAT = "flat-json ORDER BTC/USDT BUY 0.5 BASE"


@pytest.mark.parametrize("ticker", ["ticker", "symbol", "pair", "instrument", "TICKER", "Symbol"])
@pytest.mark.parametrize("action", ["action", "side", "order", "signal", "direction"])
@pytest.mark.parametrize("quantity", ["quantity", "qty", "contracts", "size", "amount"])
def test_the_usual_names_of_the_flat_shape(ticker: str, action: str, quantity: str) -> None:
    assert short({ticker: "BTCUSDT", action: "buy", quantity: 0.5}) == FLAT


@pytest.mark.parametrize("verb", ["buy", "BUY", "Long", "b", "enter long", "open-long", "bullish"])
def test_words_for_buying(verb: str) -> None:
    assert short({"ticker": "BTCUSDT", "action": verb, "qty": "0.5"}) == FLAT


@pytest.mark.parametrize("verb", ["close", "exit", "flat", "close_all", "Flatten", "close position"])
def test_words_for_closing(verb: str) -> None:
    assert short({"ticker": "BTCUSDT", "action": verb}) == "flat-json CLOSE BTC/USDT - - DEFAULT"


@pytest.mark.parametrize(
    "name", ["BTCUSDT", "btcusdt", "BINANCE:BTCUSDT", "BYBIT:BTCUSDT", "BTC/USDT", "BTC-USDT", "BTC_USDT"]
)
def test_spellings_of_a_symbol(name: str) -> None:
    assert signal({"ticker": name, "action": "buy"}).symbol == "BTC/USDT"


@pytest.mark.parametrize("wrapper", ["data", "alert", "payload"])
def test_a_wrapper_object_is_looked_into(wrapper: str) -> None:
    assert short({wrapper: {"ticker": "BTCUSDT", "action": "buy", "qty": "0.5"}}) == FLAT


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert short(b'\xef\xbb\xbf{"ticker":"BTCUSDT","action":"buy","qty":"0.5"}\r\n') == FLAT


PLACEHOLDERS = {
    "strategy": "MACD cross", "ticker": "BTCUSDT", "exchange": "BINANCE", "interval": "60",
    "time": "2026-01-05T14:00:00Z", "timenow": "2026-01-05T14:59:58Z", "action": "sell", "contracts": "3",
    "price": "50000.5", "order_id": "Long", "comment": "take profit 1", "market_position": "long",
    "market_position_size": "2", "prev_market_position": "long", "prev_market_position_size": "5",
}  # fmt: skip


def test_the_strategy_placeholders_are_understood_whole() -> None:
    made = signal(PLACEHOLDERS)
    assert made.dialect == "tradingview-strategy-json"
    assert (made.kind, made.side, made.quantity, made.reduce_only) == ("ORDER", "SELL", Decimal(3), True)
    assert made.strategy == "MACD-cross"
    assert (made.market_position, made.market_position_size) == ("LONG", Decimal(2))
    assert (made.prev_market_position, made.prev_market_position_size) == ("LONG", Decimal(5))
    assert made.reference_price == Decimal("50000.5")
    assert made.limit_price is None
    assert (made.order_id, made.comment, made.interval) == ("Long", "take profit 1", "60")
    assert made.bar_time == T0 - timedelta(hours=1)
    assert made.fired_at == T0 - timedelta(seconds=2)
    assert made.received_at == T0


def test_dotted_and_nested_names_mean_the_same() -> None:
    dotted = {
        "ticker": "BTCUSDT", "strategy.order.action": "buy", "strategy.order.contracts": "3",
        "strategy.market_position": "long", "strategy.market_position_size": "2",
        "strategy.prev_market_position": "short", "strategy.prev_market_position_size": "1",
    }  # fmt: skip
    nested = {
        "ticker": "BTCUSDT",
        "strategy": {
            "order": {"action": "buy", "contracts": 3}, "market_position": "long", "market_position_size": 2,
            "prev_market_position": "short", "prev_market_position_size": 1,
        },
    }  # fmt: skip
    for message in (dotted, nested):
        assert short(message) == "tradingview-strategy-json REVERSE BTC/USDT BUY 3 BASE"
        assert signal(message).target_position == 2


def test_the_course_format_with_strategy_and_bar_objects() -> None:
    message = {
        "passphrase": "xyz", "time": "2026-01-05T14:59:59Z", "exchange": "BINANCE", "ticker": "ETHUSDT",
        "bar": {"time": "2026-01-05T14:00:00Z", "open": 1, "high": 2, "low": 1, "close": 2, "volume": 1000},
        "strategy": {
            "position_size": 0, "order_action": "sell", "order_contracts": 1, "order_price": 2000, "order_id": "x",
            "market_position": "flat", "market_position_size": 0, "prev_market_position": "long",
            "prev_market_position_size": 1,
        },
    }  # fmt: skip
    made = signal(message)
    assert (made.kind, made.side, made.quantity) == ("CLOSE", "SELL", None)
    assert made.bar_time == T0 - timedelta(hours=1)
    assert made.fired_at == T0 - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MACD: order buy @ 2 filled on BTC/USDT. New strategy position is 2", "ORDER BUY 2"),
        ("MACD: order sell @ 2 filled on BTC/USDT. New strategy position is 0", "CLOSE SELL None"),
        ("MACD: order sell @ 1 filled on BTC/USDT. New strategy position is 1", "ORDER SELL 1 reduce"),
        ("MACD: order buy @ 3 filled on BTC/USDT. New strategy position is 2", "REVERSE BUY 3"),
        ("MACD: order sell @ 3 filled on BTC/USDT. New strategy position is -2", "REVERSE SELL 3"),
        ("MACD: order buy @ 1 filled on BTC/USDT. New strategy position is -1", "ORDER BUY 1 reduce"),
        ("MACD (12, 26, close): order buy @ 2 filled on BTC/USDT. New strategy position is 2", "ORDER BUY 2"),
        ("My: odd: name: order buy @ 2 filled on BTC/USDT. New strategy position is 2\r\n", "ORDER BUY 2"),
        ("macd: ORDER BUY @ 2 FILLED ON BTC/USDT.  NEW STRATEGY POSITION IS 2.", "ORDER BUY 2"),
        ("MACD:  order buy @ 0.001 filled on BTC/USDT. New strategy position is 0.001", "ORDER BUY 0.001"),
    ],
)
def test_the_default_text_message(text: str, expected: str) -> None:
    made = signal(text)
    said = f"{made.kind} {made.side} {made.quantity}" + (
        " reduce" if made.reduce_only and made.kind == "ORDER" else ""
    )
    assert said == expected
    assert made.dialect == "tradingview-text"


def test_the_strategy_name_of_a_text_message_loses_its_inputs() -> None:
    made = signal("Super Trend (10, 3): order buy @ 1 filled on BTC/USDT. New strategy position is 1")
    assert made.strategy == "Super-Trend"


BAR = {
    "kind": "bar", "ticker": "ETH/USDT", "exchange": "BINANCE", "interval": "5", "time": "2026-01-05T14:55:00Z",
    "open": "2000", "high": "2010", "low": "1990", "close": "2005", "volume": "12.5",
}  # fmt: skip


def test_a_bar_becomes_market_data() -> None:
    found = admit(BAR)
    assert isinstance(found, Accept)
    bar = found.payload
    assert isinstance(bar, MarketObserved)
    assert (bar.kind, bar.symbol, bar.venue, bar.interval) == (MarketDataKind.BAR, "ETH/USDT", "BINANCE", "5")
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == tuple(
        map(Decimal, ("2000", "2010", "1990", "2005", "12.5"))
    )
    assert bar.bar_time == T0 - timedelta(minutes=5)
    assert bar.exchange_time == T0
    assert bar.final


def test_a_bar_that_still_changes_says_so_and_is_another_fact() -> None:
    final, open_ = admit(BAR), admit({**BAR, "final": False})
    assert isinstance(final, Accept)
    assert isinstance(open_, Accept)
    assert isinstance(open_.payload, MarketObserved)
    assert not open_.payload.final
    assert open_.key != final.key


def test_a_bar_of_an_index_may_have_no_volume() -> None:
    without = {name: value for name, value in BAR.items() if name != "volume"}
    found = admit(without)
    assert isinstance(found, Accept)
    assert isinstance(found.payload, MarketObserved)
    assert found.payload.volume is None


def test_prices_are_references_unless_the_sender_says_limit() -> None:
    base = {"ticker": "BTCUSDT", "action": "buy", "qty": "1", "price": "50000"}
    made = signal(base)
    assert (made.order_type, made.reference_price, made.limit_price) == ("MARKET", Decimal(50000), None)
    made = signal({**base, "type": "limit", "limit_price": "49000", "sl": "48000", "tp": "52000"})
    assert (made.order_type, made.reference_price, made.limit_price) == (
        "LIMIT",
        Decimal(50000),
        Decimal(49000),
    )
    assert (made.stop_loss, made.take_profit) == (Decimal(48000), Decimal(52000))


def test_units_are_the_instruments_own_unless_said() -> None:
    assert signal({"ticker": "NQ1!", "action": "buy", "contracts": "2"}).quantity_unit == "CONTRACTS"
    assert signal({"ticker": "AAPL", "action": "buy", "contracts": "2"}).quantity_unit == "BASE"
    assert (
        signal({"ticker": "BTCUSDT", "action": "buy", "qty": "100", "qty_type": "quote"}).quantity_unit
        == "QUOTE"
    )
    assert signal({"ticker": "BTCUSDT", "action": "buy", "lots": "2"}).quantity_unit == "LOTS"


def test_the_default_quantity_of_a_source_sizes_entries_only() -> None:
    entry = signal({"ticker": "BTCUSDT", "action": "buy"}, default_quantity="0.01")
    assert (entry.quantity, entry.quantity_unit) == (Decimal("0.01"), "BASE")
    assert signal({"ticker": "BTCUSDT", "action": "close"}, default_quantity="0.01").quantity is None
    assert signal({"ticker": "BTCUSDT", "action": "buy", "qty": "1"}, default_quantity="0.01").quantity == 1


def test_a_bar_volume_is_never_taken_for_a_quantity() -> None:
    assert signal({"ticker": "BTCUSDT", "action": "buy", "volume": "123456"}).quantity is None


def test_exits_live_longer_and_are_never_too_late() -> None:
    old = {"ticker": "BTCUSDT", "action": "close", "timenow": "2026-01-05T12:00:00Z"}
    found = admit(old)
    assert isinstance(found, Accept)
    assert isinstance(found.payload, SignalCreated)
    assert found.payload.late
    assert found.expires_at == T0 + timedelta(seconds=300)
    entry = admit({"ticker": "BTCUSDT", "action": "buy"})
    assert isinstance(entry, Accept)
    assert entry.expires_at == T0 + timedelta(seconds=60)


def test_no_name_means_two_fields() -> None:
    names = [name for group in ALIASES.values() for name in group]
    assert len(names) == len(set(names))
    assert "volume" not in ALIASES["quantity"]
