"""ema_cross: buys when the fast average of closes crosses above the slow one, sells when it crosses below.

EMA: e += k * (close - e) with k = 2 / (n + 1), begun at the first close; silent until ``slow`` bars were seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from at_core.enums import MarketDataKind, Side
from at_core.events import MarketDataEvent
from at_core.strategy import MARKET, Answer, Context, Params, Strategy, TradeProposal

__all__ = ["Averages", "strategy"]


@dataclass(frozen=True, slots=True)
class Averages:
    """The folded state of one symbol."""

    bars: int = 0
    bar_time: datetime | None = None
    fast: Decimal = Decimal(0)
    slow: Decimal = Decimal(0)
    trend: int = 0
    """+1 while the fast average is above, -1 while below, 0 before they ever differed."""
    crossed: Side | None = None
    """Set by exactly the bar that crossed."""


def evolve(state: Averages, bar: MarketDataEvent, params: Params) -> Averages:
    """Fold one observation; anything but the next final bar of the interval changes no average."""
    counts = bar.kind is MarketDataKind.BAR and bar.final and bar.interval == params["interval"]
    if not counts or bar.close is None or bar.bar_time is None:
        return replace(state, crossed=None)
    if state.bar_time is not None and bar.bar_time <= state.bar_time:
        return replace(state, crossed=None)
    if state.bars == 0:
        return Averages(1, bar.bar_time, bar.close, bar.close)
    fast = state.fast + Decimal(2) / (params["fast"] + 1) * (bar.close - state.fast)
    slow = state.slow + Decimal(2) / (params["slow"] + 1) * (bar.close - state.slow)
    trend = (fast > slow) - (fast < slow) or state.trend
    turned = trend * state.trend < 0 and state.bars >= params["slow"]
    crossed = (Side.BUY if trend > 0 else Side.SELL) if turned else None
    return Averages(state.bars + 1, bar.bar_time, fast, slow, trend, crossed)


def propose(bar: MarketDataEvent, ctx: Context) -> Answer:
    """Propose on the bar that crossed, sized by policy."""
    state: Averages = ctx.state
    if state.crossed is None:
        return None
    why = f"EMA {ctx.params['fast']} {state.fast:.4f} crossed EMA {ctx.params['slow']} {state.slow:.4f}"
    return TradeProposal(bar.symbol, state.crossed, reference_price=bar.close, rationale=why)


def _check(params: Params) -> str | None:
    ordered = 0 < params["fast"] < params["slow"]
    return None if ordered else "fast must be at least 1 and smaller than slow"


strategy = Strategy(
    "ema_cross",
    propose,
    on=MARKET,
    initial=Averages(),
    evolve=evolve,
    params={"fast": 12, "slow": 26, "interval": "1"},
    check=_check,
)
