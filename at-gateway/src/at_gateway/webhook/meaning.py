"""Meaning: what an alert asks for, from its action and the position before and after.

``before`` and ``after`` are the strategy's own account of its position. The rule above all others: what the sender's
own figures call an exit never becomes a kind that may open. Table (None: not said):

    after   before     action        kind
    FLAT    any        any           CLOSE; so is a target of 0, whatever the action
    LONG    LONG       BUY / SELL    ORDER / ORDER reduce_only (partial exit); SHORT mirrored
    LONG    FLAT       BUY           ORDER
    LONG    SHORT      BUY           REVERSE, quantity = closed + opened (TradingView's order contracts)
    LONG    None       BUY / SELL    ORDER, REVERSE when more is bought than is held after / ORDER reduce_only
    None    LONG       SELL          CLOSE, ORDER reduce_only or REVERSE by size; reduce_only when sizes are not said
    None    None       any           ORDER (reduce_only when the order id is one that strategies close with)
    other combinations               CONTRADICTORY_POSITION
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from at_core.enums import PositionSide, Side, SignalKind
from at_gateway.webhook.dialects.words import Verb
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["Figures", "Holding", "Meaning", "meaning_of"]

_HELD: Final = {Side.BUY: PositionSide.LONG, Side.SELL: PositionSide.SHORT}
_EXIT_IDS: Final = ("close entry(s) order", "close position order")
"""Ids TradingView gives to the orders of ``strategy.close`` and ``strategy.close_all``."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A position as the sender tells it; ``size`` is unsigned."""

    side: PositionSide
    size: Decimal | None = None

    @property
    def signed(self) -> Decimal | None:
        """The position with its sign, None when the size was not said."""
        if self.side is PositionSide.FLAT:
            return Decimal(0)
        if self.size is None:
            return None
        return self.size if self.side is PositionSide.LONG else -self.size


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a meaning depends on."""

    verb: Verb | None
    quantity: Decimal | None = None
    before: Holding | None = None
    after: Holding | None = None
    target: Decimal | None = None
    reduce_only: bool = False
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is asked for. ``quantity`` None leaves the size to the position (CLOSE) or to our policy (ORDER)."""

    kind: SignalKind
    side: Side | None
    quantity: Decimal | None = None
    reduce_only: bool = False
    target: Decimal | None = None

    @property
    def exits(self) -> bool:
        """Whether it can only shrink a position."""
        return self.kind is SignalKind.CLOSE or self.reduce_only


def meaning_of(figures: Figures) -> Meaning | Refusal:
    """Return what the alert asks for, or why its figures contradict each other."""
    found = _without_flag(figures)
    if isinstance(found, Refusal) or not figures.reduce_only or found.exits:
        return found
    if found.kind is SignalKind.ORDER:
        return replace(found, reduce_only=True)
    if found.kind is SignalKind.REVERSE:
        return _close(found.side)  # a reversal that may only reduce can do no more than close
    return Refusal(
        RefusalCode.CONTRADICTORY_POSITION, "reduce_only needs an action, or a position before that is larger"
    )


def _without_flag(figures: Figures) -> Meaning | Refusal:
    verb, after = figures.verb, figures.after
    if verb is None:
        return _target(figures)
    if figures.target == 0 or (after is not None and after.side is PositionSide.FLAT):
        return _close(_side_against(figures.before) or verb.side)
    if verb.closes:
        return _asked_to_close(verb, figures)
    if verb is Verb.REVERSE:
        return _asked_to_reverse(figures)
    side = Side.BUY if verb is Verb.BUY else Side.SELL
    if after is not None and figures.before is not None:
        return _between(side, figures, figures.before, after)
    if after is not None:
        return _towards(side, figures, after)
    if figures.before is not None:
        return _from(side, figures, figures.before)
    return _by_name(side, figures)


def _asked_to_close(verb: Verb, figures: Figures) -> Meaning:
    """A quantity counts only when the alert also says which side is left or closed; "close 5" alone closes all."""
    side = verb.side or _side_against(figures.after)
    if side is not None and figures.quantity is not None:
        return _reduce(side, figures.quantity)
    return _close(verb.side or _side_against(figures.before))


def _asked_to_reverse(figures: Figures) -> Meaning | Refusal:
    after = figures.after
    if after is None:
        return Refusal(
            RefusalCode.MISSING_FIELD,
            "a reversal needs market_position: which side shall be held afterwards?",
        )
    side = Side.BUY if after.side is PositionSide.LONG else Side.SELL
    before = figures.before or Holding(_opposite(after.side))
    if before.side is after.side:
        return _contradiction(side, before, after)
    return _between(side, figures, before, after)


def _target(figures: Figures) -> Meaning | Refusal:
    """No action: the position afterwards is the order."""
    after = figures.after
    target = figures.target if figures.target is not None else (after.signed if after else None)
    if target is None:
        return Refusal(
            RefusalCode.MISSING_FIELD, "the message has no action (buy, sell, close) and no position to reach"
        )
    if target == 0:
        return _close(_side_against(figures.before))
    if after is not None and after.side is PositionSide.FLAT:
        return Refusal(
            RefusalCode.CONTRADICTORY_POSITION, f"the position afterwards is flat, but the target is {target}"
        )
    before = figures.before.signed if figures.before else None
    shrinks = before is not None and before * target > 0 and abs(target) < abs(before)
    return Meaning(SignalKind.TARGET, None, reduce_only=shrinks, target=target)


def _between(side: Side, figures: Figures, before: Holding, after: Holding) -> Meaning | Refusal:
    if after.side is not _HELD[side]:
        if before.side is after.side:
            return _reduce(side, figures.quantity)
        return _contradiction(side, before, after)
    if before.side is PositionSide.FLAT:
        return Meaning(SignalKind.ORDER, side, figures.quantity)
    if before.side is after.side:
        if before.size is not None and after.size is not None and after.size <= before.size:
            return _contradiction(side, before, after)
        return Meaning(SignalKind.ORDER, side, figures.quantity)
    return _reverse(side, figures.quantity, before, after)


def _towards(side: Side, figures: Figures, after: Holding) -> Meaning | Refusal:
    """Only the position afterwards was said."""
    if after.side is not _HELD[side]:
        return _reduce(side, figures.quantity)
    if after.size and figures.quantity is not None and figures.quantity > after.size:
        return _reverse(side, figures.quantity, Holding(_opposite(after.side)), after)
    return Meaning(SignalKind.ORDER, side, figures.quantity)


def _from(side: Side, figures: Figures, before: Holding) -> Meaning | Refusal:
    """Only the position before was said."""
    if before.side in (PositionSide.FLAT, _HELD[side]):
        return Meaning(SignalKind.ORDER, side, figures.quantity)
    if not before.size or figures.quantity is None:
        return _reduce(side, figures.quantity)
    if figures.quantity < before.size:
        return _reduce(side, figures.quantity)
    if figures.quantity == before.size:
        return _close(side)
    return _reverse(side, figures.quantity, before, Holding(_HELD[side]))


def _by_name(side: Side, figures: Figures) -> Meaning:
    """Nothing was said of a position: an order, unless its id is one that strategies only close with."""
    if figures.order_id is not None and figures.order_id.strip().lower().startswith(_EXIT_IDS):
        return _reduce(side, figures.quantity)
    return Meaning(SignalKind.ORDER, side, figures.quantity)


def _reverse(side: Side, quantity: Decimal | None, before: Holding, after: Holding) -> Meaning | Refusal:
    """Close one side and open the other; whatever of the three sizes was said must fit together."""
    if quantity is None and before.size is not None and after.size is not None:
        quantity = before.size + after.size
    closed = quantity - after.size if before.size is None and quantity and after.size else before.size
    opened = quantity - closed if after.size is None and quantity and closed else after.size
    if quantity is not None and closed is not None and opened is not None:
        if closed + opened != quantity or opened <= 0 or closed <= 0:
            return Refusal(
                RefusalCode.CONTRADICTORY_POSITION,
                f"a reversal from {closed} to {opened} takes {closed + opened} contracts, the alert says {quantity}",
            )
        target = opened if side is Side.BUY else -opened
        return Meaning(SignalKind.REVERSE, side, quantity, target=target)
    return Meaning(SignalKind.REVERSE, side, quantity)


def _reduce(side: Side, quantity: Decimal | None) -> Meaning:
    """A partial exit; without a quantity all of it goes."""
    if quantity is None:
        return _close(side)
    return Meaning(SignalKind.ORDER, side, quantity, reduce_only=True)


def _close(side: Side | None) -> Meaning:
    return Meaning(SignalKind.CLOSE, side, reduce_only=True, target=Decimal(0))


def _side_against(held: Holding | None) -> Side | None:
    """The side that closes a holding."""
    if held is None or held.side is PositionSide.FLAT:
        return None
    return Side.SELL if held.side is PositionSide.LONG else Side.BUY


def _opposite(side: PositionSide) -> PositionSide:
    return PositionSide.SHORT if side is PositionSide.LONG else PositionSide.LONG


def _contradiction(side: Side, before: Holding, after: Holding) -> Refusal:
    told = " to ".join(
        f"{held.side.lower()} {'' if held.size is None else held.size}".strip() for held in (before, after)
    )
    return Refusal(RefusalCode.CONTRADICTORY_POSITION, f"a {side.lower()} order cannot lead from {told}")
