"""follow_signal: the alert is the intent; entries are sized by policy unless the alert counts in the instrument's unit.

An exit is never dropped for what this side believes to hold: the desk's position lags behind the engine's, so the
gate finds what there is to close.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from at_core.enums import PositionSide, QuantityUnit, Side, SignalKind
from at_core.events import SignalEvent
from at_core.strategy import Abstain, Answer, Context, Strategy, TradeProposal

__all__ = ["strategy"]

_SIGN = {PositionSide.LONG: 1, PositionSide.FLAT: 0, PositionSide.SHORT: -1}


def propose(signal: SignalEvent, ctx: Context) -> Answer:
    """Answer one alert; kinds that are no order abstain."""
    match signal.kind:
        case SignalKind.CLOSE:
            return _close(signal, ctx)
        case SignalKind.ORDER if signal.reduce_only:
            return _reduce(signal, ctx)
        case SignalKind.ORDER if signal.side is not None:
            return _order(signal, signal.side, _quantity(signal))
        case SignalKind.ORDER:
            return Abstain("NO_SIDE", "the alert orders neither to buy nor to sell")
        case SignalKind.REVERSE:
            return _reverse(signal)
        case SignalKind.TARGET:
            return _target(signal, ctx)
    return Abstain("UNSUPPORTED_KIND", f"{signal.kind} is no order to open or close")


def _order(signal: SignalEvent, side: Side, quantity: Decimal | None) -> TradeProposal:
    return TradeProposal(
        signal.symbol,
        side,
        quantity,
        order_type=signal.order_type,
        limit_price=signal.limit_price,
        stop_price=signal.stop_price,
        stop_loss=signal.stop_loss,
        take_profit=signal.take_profit,
        reference_price=signal.reference_price,
        rationale=signal.comment or "",
    )


def _close(signal: SignalEvent, ctx: Context) -> TradeProposal:
    return replace(_order(signal, _closing_side(signal, ctx), None), close_position=True, reduce_only=True)


def _reduce(signal: SignalEvent, ctx: Context) -> TradeProposal:
    """Shrink by the alert's quantity; an exit whose size we cannot count closes all: less risk, never more."""
    quantity = _quantity(signal)
    if quantity is None:
        return _close(signal, ctx)
    return replace(_order(signal, _closing_side(signal, ctx), quantity), reduce_only=True)


def _reverse(signal: SignalEvent) -> Answer:
    """One order through zero: on a reversal TradingView counts what is closed and what is opened together."""
    quantity = _quantity(signal)
    if quantity is None and signal.prev_market_position_size and signal.market_position_size:
        quantity = signal.prev_market_position_size + signal.market_position_size
    if signal.side is None or quantity is None:
        return Abstain("UNSUPPORTED_KIND", "a reversal needs a side and a quantity in the instrument's unit")
    return _order(signal, signal.side, quantity)


def _target(signal: SignalEvent, ctx: Context) -> Answer:
    target = signal.target_position
    if target is None:
        target = _signed(signal.market_position, signal.market_position_size)
    if target is None:
        return Abstain("UNSUPPORTED_KIND", "a target needs the position it should lead to")
    if target == 0:
        return _close(signal, ctx)
    before = _signed(signal.prev_market_position, signal.prev_market_position_size)
    if before is None or not _shrinks(before, target):
        before = ctx.position(signal.symbol).quantity
    change = target - before
    if change == 0:
        return Abstain("AT_TARGET", f"the position already is {target}")
    order = _order(signal, Side.BUY if change > 0 else Side.SELL, abs(change))
    return replace(order, reduce_only=_shrinks(before, target))


def _closing_side(signal: SignalEvent, ctx: Context) -> Side:
    """The alert's own side, else against the position it speaks of, the one held, the last entry on its way."""
    if signal.side is not None:
        return signal.side
    spoken = _SIGN.get(signal.prev_market_position or PositionSide.FLAT, 0)
    held = spoken or ctx.position(signal.symbol).quantity
    if held == 0:
        return ctx.last_entries.get(signal.symbol, Side.BUY).opposite
    return Side.BUY if held < 0 else Side.SELL


def _quantity(signal: SignalEvent) -> Decimal | None:
    """The alert's quantity when it counts in the instrument's own unit, else None: sized by policy."""
    counted = signal.quantity_unit in (QuantityUnit.BASE, QuantityUnit.CONTRACTS)
    return signal.quantity if counted else None


def _signed(side: PositionSide | None, size: Decimal | None) -> Decimal | None:
    if side is PositionSide.FLAT:
        return Decimal(0)
    return None if side is None or size is None else _SIGN[side] * size


def _shrinks(before: Decimal, after: Decimal) -> bool:
    return before * after > 0 and abs(after) < abs(before)


strategy = Strategy("follow_signal", propose)
