"""Bars: a chart's bar alert becomes market data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from at_core.enums import MarketDataKind
from at_core.events.market import MarketObserved
from at_core.instruments import Instrument
from at_gateway.webhook.fields import Fields
from at_gateway.webhook.keys import digest_of
from at_gateway.webhook.refusals import RefusalCode
from at_gateway.webhook.times import interval_length

__all__ = ["bar_key", "read_bar"]

_PRICES: Final = ("open", "high", "low", "price")
_NAMES: Final = {"price": "close", "bar_time": "time"}


def read_bar(
    fields: Fields, instrument: Instrument, provider: str, now: datetime, skew: timedelta
) -> MarketObserved | None:
    """Return the bar, or None with the reason in ``fields.problem``. ``close`` arrives under our name ``price``."""
    bar_time = fields.moment("bar_time") or fields.moment("time")
    fired_at = fields.moment("fired_at")
    interval = fields.token("interval")
    prices = {name: fields.number(name) for name in _PRICES}
    volume = fields.number("volume", zero=True)
    final = fields.flag("final") if fields.has("final") else True
    for name, value in (*prices.items(), ("bar_time", bar_time), ("interval", interval)):
        if value is None:
            fields.refuse(RefusalCode.MISSING_FIELD, f"a bar needs {_NAMES.get(name, name)}")
    if fields.problem is not None or bar_time is None or interval is None:
        return None
    if bar_time > now + skew:
        fields.refuse(
            RefusalCode.FUTURE_ALERT, f"the bar begins at {bar_time.isoformat()}, it is {now.isoformat()}"
        )
        return None
    low, high = prices["low"], prices["high"]
    known = [price for price in prices.values() if price is not None]
    if low != min(known) or high != max(known):
        fields.refuse(
            RefusalCode.INCONSISTENT_BAR, f"low {low} and high {high} do not enclose open and close"
        )
        return None
    return MarketObserved(
        venue=instrument.venue,
        symbol=instrument.symbol,
        kind=MarketDataKind.BAR,
        provider=provider,
        exchange_time=_said_at(bar_time, fired_at, interval, now),
        received_at=now,
        open=prices["open"],
        high=high,
        low=low,
        close=prices["price"],
        volume=volume,
        interval=interval,
        bar_time=bar_time,
        final=final,
    )


def bar_key(bar: MarketObserved) -> str:
    """Return the natural key of a bar: what it says, so that a resend is the same and a changed bar another."""
    said = (
        bar.venue,
        bar.symbol,
        bar.interval,
        bar.bar_time,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
    )
    return digest_of("bar", *said, bar.final)


def _said_at(bar_time: datetime, fired_at: datetime | None, interval: str, now: datetime) -> datetime:
    """When the market said it: when the alert was fired, else when the bar closed, never after now."""
    if fired_at is not None:
        return min(fired_at, now)
    length = interval_length(interval)
    return min(bar_time + length, now) if length else min(bar_time, now)
