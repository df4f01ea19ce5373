"""Admission: the pure decision on one body. Bytes, source and time in; a fact or a refusal out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from pydantic import ValidationError

from at_core.enums import QuantityUnit, SignalKind
from at_core.events.market import MarketObserved
from at_core.events.signal import SignalCreated
from at_core.instruments import Instrument, Instruments
from at_gateway.settings import SourceSettings
from at_gateway.webhook.bars import bar_key, read_bar
from at_gateway.webhook.dialects.detect import read_message
from at_gateway.webhook.dialects.renaming import BAR
from at_gateway.webhook.dialects.words import Said
from at_gateway.webhook.fields import Fields
from at_gateway.webhook.keys import AlertFacts, Key, key_of
from at_gateway.webhook.meaning import Figures, Meaning, meaning_of
from at_gateway.webhook.orders import OrderSaid, own_unit, read_order
from at_gateway.webhook.refusals import Refusal, RefusalCode
from at_gateway.webhook.symbols import find_instrument

__all__ = ["Accept", "Refuse", "decide"]


@dataclass(frozen=True, slots=True)
class Accept:
    """A fact to store. ``payload`` carries the key under which the alert arrives for the first time."""

    payload: SignalCreated | MarketObserved
    key: Key
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """No fact. ``key`` is set when only its age speaks against the alert: it may be the copy of a stored one."""

    refusal: Refusal
    key: Key | None = None


def decide(
    body: bytes, source: SourceSettings, now: datetime, instruments: Instruments, skew: timedelta
) -> Accept | Refuse:
    """Return what to do with ``body``; never raises for anything a sender can write."""
    said = read_message(body)
    if isinstance(said, Refusal):
        return Refuse(said)
    try:
        return _judge(said, body, source, now, instruments, skew)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Refuse(Refusal(RefusalCode.INVALID_FIELD, f"{place}: {first['msg']}"[:300]))


def _judge(
    said: Said, body: bytes, source: SourceSettings, now: datetime, instruments: Instruments, skew: timedelta
) -> Accept | Refuse:
    fields = Fields(said)
    name = fields.text("symbol")
    if name is None:
        fields.refuse(RefusalCode.MISSING_FIELD, "the message names no ticker")
        return _refused(fields)
    found = find_instrument(name, fields.token("exchange"), instruments, source.symbols)
    if isinstance(found, Refusal):
        return Refuse(found)
    if said.dialect == BAR:
        bar = read_bar(fields, found, source.name, now, skew)
        return _refused(fields) if bar is None else Accept(bar, Key(bar_key(bar), "id"))
    order = read_order(said.dialect, fields, found)
    if order is None:
        return _refused(fields)
    meaning = _meaning(order)
    if isinstance(meaning, Refusal):
        return Refuse(meaning)
    if said.unsaid is not None and not meaning.exits:
        return Refuse(said.unsaid)
    digest = sha256(body).hexdigest()
    key = _key(order, found, digest, now)
    wrong_time = _wrong_time(order, meaning, source, now, skew)
    if wrong_time is not None:
        return Refuse(wrong_time, key)
    signal = _signal(said.dialect, fields, order, meaning, found, source, now, key, digest)
    ttl = source.exit_ttl_seconds if meaning.exits else source.signal_ttl_seconds
    return Accept(signal, key, now + timedelta(seconds=ttl))


def _refused(fields: Fields) -> Refuse:
    return Refuse(fields.problem or Refusal(RefusalCode.UNREADABLE))


def _meaning(order: OrderSaid) -> Meaning | Refusal:
    return meaning_of(
        Figures(
            verb=order.verb,
            quantity=order.quantity,
            before=order.before,
            after=order.after,
            target=order.target,
            reduce_only=order.reduce_only,
            order_id=order.order_id or order.weak_id,
        )
    )


def _key(order: OrderSaid, instrument: Instrument, body_digest: str, now: datetime) -> Key:
    return key_of(
        AlertFacts(
            body_digest=body_digest,
            received_at=now,
            symbol=instrument.symbol,
            action=order.verb.value if order.verb else "TARGET",
            alert_id=order.alert_id,
            weak_id=order.weak_id,
            order_id=order.order_id,
            quantity=order.quantity,
            bar_time=order.bar_time,
            fired_at=order.fired_at,
            positions=order.positions,
        )
    )


def _wrong_time(
    order: OrderSaid, meaning: Meaning, source: SourceSettings, now: datetime, skew: timedelta
) -> Refusal | None:
    """Age and clocks speak against entries only: refusing an exit would leave a position that nobody wants."""
    if meaning.exits or order.fired_at is None:
        return None
    if order.fired_at > now + skew:
        return Refusal(
            RefusalCode.FUTURE_ALERT, f"fired at {order.fired_at.isoformat()}, it is {now.isoformat()}"
        )
    age = (now - order.fired_at).total_seconds()
    if order.lag_seconds_max is not None and age > order.lag_seconds_max:
        return Refusal(
            RefusalCode.STALE_ALERT, f"fired {age:.0f} s ago; the sender allows {order.lag_seconds_max} s"
        )
    if not _late(order, source, now):
        return None
    return Refusal(
        RefusalCode.STALE_ALERT,
        f"fired {age:.0f} s ago; an entry may be {source.alert_age_max_seconds:.0f} s old (alert_age_max_seconds)",
    )


def _late(order: OrderSaid, source: SourceSettings, now: datetime) -> bool:
    return order.fired_at is not None and now - order.fired_at > timedelta(
        seconds=source.alert_age_max_seconds
    )


def _signal(
    dialect: str,
    fields: Fields,
    order: OrderSaid,
    meaning: Meaning,
    instrument: Instrument,
    source: SourceSettings,
    now: datetime,
    key: Key,
    body_digest: str,
) -> SignalCreated:
    quantity, unit = _sized(order, meaning, source, instrument)
    steers = meaning.kind in (SignalKind.TARGET, SignalKind.REVERSE)
    return SignalCreated(
        signal_source=source.name,
        dialect=dialect,
        kind=meaning.kind,
        symbol=instrument.symbol,
        venue=instrument.venue,
        strategy=fields.token("strategy"),
        side=meaning.side,
        quantity=quantity,
        quantity_unit=unit,
        order_type=order.order_type,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        reference_price=order.reference_price,
        reduce_only=meaning.reduce_only,
        target_position=meaning.target if steers else None,
        market_position=order.after.side if order.after else None,
        market_position_size=order.after.size if order.after else None,
        prev_market_position=order.before.side if order.before else None,
        prev_market_position_size=order.before.size if order.before else None,
        order_id=order.order_id[:200] if order.order_id else None,
        comment=fields.prose("comment", 2000),
        interval=fields.token("interval"),
        bar_time=order.bar_time,
        fired_at=order.fired_at,
        received_at=now,
        natural_key=key.value,
        body_digest=body_digest,
        late=_late(order, source, now),
    )


def _sized(
    order: OrderSaid, meaning: Meaning, source: SourceSettings, instrument: Instrument
) -> tuple[Decimal | None, QuantityUnit]:
    """The source's default quantity stands in where an entry names none; exits find theirs in the position."""
    if meaning.quantity is not None:
        return meaning.quantity, own_unit(instrument) if order.unit is QuantityUnit.DEFAULT else order.unit
    entry = meaning.kind is SignalKind.ORDER and not meaning.exits
    if entry and source.default_quantity is not None:
        return source.default_quantity, own_unit(instrument)
    return None, QuantityUnit.DEFAULT
