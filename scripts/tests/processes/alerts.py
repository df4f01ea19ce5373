"""Alerts as senders write them: TradingView's strategy placeholders filled in, and the common flat shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

__all__ = ["flat", "strategy"]

_MINUTE = timedelta(minutes=1)


def flat(action: str, quantity: str | None = None, *, alert_id: str | None = None, **more: object) -> bytes:
    """Return an alert in the flat shape; a keyword of None leaves its field out."""
    said: dict[str, object] = {
        "ticker": "BTCUSDT",
        "action": action,
        "contracts": quantity,
        "price": "60000",
        "alert_id": alert_id,
        "timenow": _stamp(datetime.now(UTC)),
        **more,
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def strategy(order_id: str, quantity: str) -> bytes:
    """Return an entry as a strategy's alert brings it: no id of its own, but order id, bar and positions."""
    now = datetime.now(UTC)
    return flat(
        "buy",
        quantity,
        exchange="BINANCE",
        interval="1",
        strategy="Breakout",
        order_id=order_id,
        market_position="long",
        market_position_size=quantity,
        prev_market_position="flat",
        prev_market_position_size="0",
        time=_stamp(now - _MINUTE),
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
