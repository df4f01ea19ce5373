"""Orders: reads every field an order message may carry, before anything is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from at_core.enums import AssetClass, OrderType, PositionSide, QuantityUnit
from at_core.instruments import Instrument
from at_gateway.webhook.dialects.renaming import STRATEGY
from at_gateway.webhook.dialects.words import NO_ORDERS, ORDER_TYPES, POSITIONS, UNITS, VERBS, Verb, said_word
from at_gateway.webhook.fields import Fields
from at_gateway.webhook.meaning import Holding
from at_gateway.webhook.refusals import RefusalCode

__all__ = ["OrderSaid", "own_unit", "read_order"]


@dataclass(frozen=True, slots=True)
class OrderSaid:
    """What an order message says. ``before`` and ``after`` are the strategy's own position."""

    verb: Verb | None
    quantity: Decimal | None
    unit: QuantityUnit
    before: Holding | None
    after: Holding | None
    target: Decimal | None
    reduce_only: bool
    order_type: OrderType
    limit_price: Decimal | None
    stop_price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    reference_price: Decimal | None
    alert_id: str | None
    weak_id: str | None
    order_id: str | None
    bar_time: datetime | None
    fired_at: datetime | None
    lag_seconds_max: Decimal | None = None
    """How old the sender wants an entry to be at most; it narrows our own bound and never widens it."""

    @property
    def positions(self) -> tuple[str, ...]:
        """The position pair as text, for the natural key; empty when none was said."""
        if self.before is None and self.after is None:
            return ()
        return tuple(f"{held.side}:{held.signed}" if held else "" for held in (self.before, self.after))


def own_unit(instrument: Instrument) -> QuantityUnit:
    """Return what an instrument is counted in: contracts of a future, base units of everything else."""
    return QuantityUnit.CONTRACTS if instrument.asset_class is AssetClass.FUTURE else QuantityUnit.BASE


def read_order(dialect: str, fields: Fields, instrument: Instrument) -> OrderSaid | None:
    """Return what the message says, or None with the reason in ``fields.problem``."""
    verb = _verb(fields)
    quantity, unit = _quantity(fields, instrument)
    bar_time, fired_at = _times(fields)
    after = _after(fields)
    before = _before(fields, verb, quantity)
    order_id, weak_id = fields.text("order_id"), fields.text("id")
    if dialect == STRATEGY and order_id is None:
        order_id, weak_id = weak_id, None
    order_type = fields.word("order_type", ORDER_TYPES, RefusalCode.UNKNOWN_ORDER_TYPE) or OrderType.MARKET
    said = OrderSaid(
        verb=verb,
        quantity=quantity,
        unit=unit,
        before=before,
        after=after,
        target=_target(fields, verb),
        reduce_only=fields.flag("reduce_only"),
        order_type=order_type,
        limit_price=fields.number("limit_price"),
        stop_price=fields.number("stop_price"),
        stop_loss=fields.number("stop_loss"),
        take_profit=fields.number("take_profit"),
        reference_price=fields.number("price"),
        alert_id=fields.text("alert_id"),
        weak_id=weak_id,
        order_id=order_id,
        bar_time=bar_time,
        fired_at=fired_at,
        lag_seconds_max=fields.number("lag_max"),
    )
    _check_prices(fields, said)
    return None if fields.problem else said


def _verb(fields: Fields) -> Verb | None:
    asked = NO_ORDERS.get(said_word(fields.text("action") or ""))
    if asked is None:
        return fields.word("action", VERBS, RefusalCode.UNKNOWN_ACTION)
    fields.refuse(asked)
    return None


def _target(fields: Fields, verb: Verb | None) -> Decimal | None:
    """The position to reach. Beside an action, ``target`` alone is a price in many templates, and no position."""
    target = fields.number("target_position", zero=True, negative=True)
    return None if verb is not None and fields.used("target_position") == "target" else target


def _quantity(fields: Fields, instrument: Instrument) -> tuple[Decimal | None, QuantityUnit]:
    """The quantity and what it counts; a TradingView contract of a spot instrument is one base unit."""
    if fields.has("lots"):
        if fields.has("quantity"):
            fields.refuse(
                RefusalCode.CONFLICTING_FIELDS, "the message has a quantity and lots; keep one of them"
            )
        return fields.number("lots"), QuantityUnit.LOTS
    unit = fields.word("unit", UNITS, RefusalCode.UNKNOWN_UNIT) or own_unit(instrument)
    quantity = fields.number("quantity")
    return quantity, QuantityUnit.DEFAULT if quantity is None else unit


def _times(fields: Fields) -> tuple[datetime | None, datetime | None]:
    """Bar time and fire time. ``time`` is the bar's, unless the message also has a bar of its own."""
    bar_time, time, fired_at = (fields.moment(name) for name in ("bar_time", "time", "fired_at"))
    if bar_time is None:
        return time, fired_at
    return bar_time, fired_at or time


def _after(fields: Fields) -> Holding | None:
    side = fields.word("market_position", POSITIONS, RefusalCode.UNKNOWN_POSITION)
    size = fields.number("market_position_size", zero=True)
    signed = fields.number("position_size", zero=True, negative=True)
    if side is None:
        return None if signed is None else _holding(signed)
    # A position of size 0 is flat, whatever it is called: reading it so can only close.
    return Holding(PositionSide.FLAT) if side is PositionSide.FLAT or size == 0 else Holding(side, size)


def _before(fields: Fields, verb: Verb | None, quantity: Decimal | None) -> Holding | None:
    side = fields.word("prev_market_position", POSITIONS, RefusalCode.UNKNOWN_POSITION)
    size = fields.number("prev_market_position_size", zero=True)
    if side is not None:
        return Holding(PositionSide.FLAT) if side is PositionSide.FLAT else Holding(side, size or None)
    signed = fields.number("position_size", zero=True, negative=True)
    if (
        fields.has("market_position")
        or signed is None
        or quantity is None
        or verb not in (Verb.BUY, Verb.SELL)
    ):
        return None
    return _holding(signed - quantity if verb is Verb.BUY else signed + quantity)


def _holding(signed: Decimal) -> Holding:
    if signed == 0:
        return Holding(PositionSide.FLAT)
    return Holding(PositionSide.LONG if signed > 0 else PositionSide.SHORT, abs(signed))


def _check_prices(fields: Fields, said: OrderSaid) -> None:
    if said.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and not fields.has("limit_price"):
        fields.refuse(RefusalCode.MISSING_LIMIT_PRICE)
    if said.order_type in (OrderType.STOP, OrderType.STOP_LIMIT) and not fields.has("stop_price"):
        fields.refuse(RefusalCode.MISSING_STOP_PRICE)
