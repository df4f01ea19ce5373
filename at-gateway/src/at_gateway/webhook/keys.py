"""Natural keys: what makes an alert itself, so that a resend is the same alert and two fills are two.

In this order:

1. an explicit ``alert_id`` (``idempotency_key``, ``uuid`` ...): for ever that one alert;
2. an ``id``, or an order id with a bar time, or an order id with the position pair and the fire time: these fields
   together. Strategies reuse order ids, and within one bar they may even repeat the whole pattern; so when the same
   fields come again with another fire time (beyond the small refire window), it is a new fill;
3. otherwise the exact bytes, within the resend window of their first arrival.

An order id with a position pair but no time at all repeats itself in every round trip, so it is no key (rule 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

from at_core.events.envelope import format_utc
from at_core.numbers import plain

__all__ = ["AlertFacts", "Key", "digest_key", "digest_of", "key_of", "refired_key"]

Kind = Literal["id", "fields", "bytes"]
_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Key:
    """A natural key (hex digest) and the rule it was made by."""

    value: str
    kind: Kind
    fired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What keys are made of. Numbers that are equal give equal keys, however they were written."""

    body_digest: str
    received_at: datetime
    symbol: str
    action: str
    alert_id: str | None = None
    weak_id: str | None = None
    order_id: str | None = None
    quantity: Decimal | None = None
    bar_time: datetime | None = None
    fired_at: datetime | None = None
    positions: tuple[str, ...] = ()


def digest_of(*parts: object) -> str:
    """Return the hex SHA-256 of ``parts``; equal numbers and times give equal digests."""
    return sha256(_SEPARATOR.join(map(_text, parts)).encode()).hexdigest()


def key_of(alert: AlertFacts) -> Key:
    """Return the key of an alert that arrives for the first time."""
    if alert.alert_id:
        return Key(digest_of("id", alert.alert_id), "id")
    if alert.weak_id:
        what = ("named", alert.weak_id, alert.symbol, alert.action, alert.quantity, alert.bar_time)
        return Key(digest_of(*what), "fields", alert.fired_at)
    if alert.order_id and alert.bar_time is not None:
        return Key(digest_of("fill", *_fill(alert), alert.bar_time), "fields", alert.fired_at)
    if alert.order_id and alert.positions and alert.fired_at is not None:
        return Key(digest_of("fill-at", *_fill(alert), alert.fired_at), "fields", alert.fired_at)
    return Key(digest_key(alert.body_digest, alert.received_at), "bytes", alert.fired_at)


def digest_key(body_digest: str, first_arrival: datetime) -> str:
    """Return the key of bytes that first came at ``first_arrival``."""
    return digest_of("bytes", body_digest, first_arrival)


def refired_key(key: str, fired_at: datetime) -> str:
    """Return the key of a later fill that repeats the fields of an earlier one."""
    return digest_of("again", key, fired_at)


def _fill(alert: AlertFacts) -> tuple[object, ...]:
    return (alert.order_id, alert.symbol, alert.action, alert.quantity, *alert.positions)


def _text(part: object) -> str:
    if isinstance(part, datetime):
        return format_utc(part)
    if isinstance(part, Decimal):
        return plain(part.normalize()) if part else "0"
    return "" if part is None else str(part)
