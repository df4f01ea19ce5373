"""The demo's story: what is sent, and what should come of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Chapter", "bars", "chapters"]

_MINUTE = timedelta(minutes=1)
_ETHEREUM = ("3010", "3005", "3001", "2996", "2992", "2989", "2985", "2982", "2980", "2978", "3060")
"""Closes that fall for ten minutes and then jump: the averages cross on the last bar and on no other."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One post to the webhook and what is expected of it."""

    title: str
    body: str
    content_type: str
    status: int
    end: str
    """Terminal state of the strategy, or DUPLICATE, or QUARANTINED."""
    strategy: str = "follow_signal"
    code: str = ""
    """The refusal code that must appear, if any."""
    position: str | None = None
    """The position in ``symbol`` afterwards, if it is looked at."""
    symbol: str = "BTC/USDT"


def bars(now: datetime) -> list[str]:
    """Return bars that are posted first: a market for BTC/USDT, and the history that ema_cross folds."""
    history = [
        _bar("ETHUSDT", close, now - _MINUTE * (11 - index)) for index, close in enumerate(_ETHEREUM[:-1])
    ]
    return [_bar("BTCUSDT", "60000", now - _MINUTE), *history]


def chapters(now: datetime) -> list[Chapter]:
    """Return the story, in order."""
    buy = _alert("buy", "0.05", now, order_id="Long", after="0.05", before="0")
    too_large = _alert("buy", "5", now, order_id="Long 2", after="5.05", before="0.05")
    broken = '{"ticker": "BTCUSDT", "action": "buy", "contracts": "{{strategy.order.contracts}}"}'
    close = "Breakout: order sell @ 0.05 filled on BTCUSDT. New strategy position is 0"
    cross = _bar("ETHUSDT", _ETHEREUM[-1], now - _MINUTE)
    form = "application/json"
    return [
        Chapter("buy 0.05 BTC", buy, form, 202, "FILLED", position="0.05"),
        Chapter("the same alert, sent again", buy, form, 202, "DUPLICATE", position="0.05"),
        Chapter(
            "buy 5 BTC: beyond a limit", too_large, form, 202, "REJECTED_BY_GATE", code="NOTIONAL_TOO_LARGE"
        ),
        Chapter("an unfilled placeholder", broken, form, 422, "QUARANTINED", code="UNRESOLVED_PLACEHOLDER"),
        Chapter("close, as plain text", close, "text/plain; charset=utf-8", 202, "FILLED", position="0"),
        Chapter(
            "a bar: ema_cross buys ETH", cross, form, 202, "FILLED", strategy="ema_cross", symbol="ETH/USDT"
        ),
    ]


def _alert(action: str, contracts: str, now: datetime, *, order_id: str, after: str, before: str) -> str:
    """TradingView's strategy placeholders, as they arrive filled in."""
    return json.dumps(
        {
            "strategy": "Breakout",
            "ticker": "BTCUSDT",
            "exchange": "BINANCE",
            "interval": "1",
            "action": action,
            "contracts": contracts,
            "price": "60000",
            "order_id": order_id,
            "market_position": "long",
            "market_position_size": after,
            "prev_market_position": "long" if before != "0" else "flat",
            "prev_market_position_size": before,
            "time": _stamp(now - _MINUTE),
            "timenow": _stamp(now),
        }
    )


def _bar(ticker: str, close: str, start: datetime) -> str:
    return json.dumps(
        {
            "kind": "bar",
            "ticker": ticker,
            "exchange": "BINANCE",
            "interval": "1",
            "time": _stamp(start),
            "open": close,
            "high": close,
            "low": close,
            "close": close,
            "volume": "250",
        }
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
