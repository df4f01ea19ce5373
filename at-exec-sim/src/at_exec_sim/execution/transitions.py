"""The one table of an order's life: which status may follow which, odd real steps included."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from at_core.enums import OrderStatus

__all__ = ["IN_DOUBT", "LEGAL", "after_fill", "legal"]

_S = OrderStatus

LEGAL: Final[Mapping[OrderStatus, frozenset[OrderStatus]]] = MappingProxyType(
    {
        # Refused by ourselves, before anybody else heard of it, or handed on.
        _S.CREATED: frozenset({_S.SUBMITTED, _S.REJECTED, _S.CANCELED, _S.EXPIRED, _S.FATAL_ERROR}),
        _S.SUBMITTED: frozenset(
            {
                _S.ACKNOWLEDGED,
                _S.UNKNOWN,
                _S.REJECTED,
                _S.CANCELED,  # stopped by the kill switch between intent and broker, or canceled there at once
                _S.EXPIRED,
                _S.FATAL_ERROR,
                _S.PARTIALLY_FILLED,  # the execution overtook the acknowledgement
                _S.FILLED,
            }
        ),
        _S.UNKNOWN: frozenset(
            {
                _S.ACKNOWLEDGED,
                _S.REJECTED,
                _S.CANCELED,
                _S.EXPIRED,  # looked up long enough: it never reached the broker
                _S.FATAL_ERROR,
                _S.PARTIALLY_FILLED,
                _S.FILLED,
            }
        ),
        _S.ACKNOWLEDGED: frozenset(
            {
                _S.PARTIALLY_FILLED,
                _S.FILLED,
                _S.CANCELED,
                _S.EXPIRED,
                _S.REJECTED,  # the broker took it, the exchange behind it did not
                _S.FATAL_ERROR,
            }
        ),
        _S.PARTIALLY_FILLED: frozenset(
            {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.FATAL_ERROR}
        ),
        _S.FILLED: frozenset(),
        # An execution raced the end: it is a fact and is recorded. The order ends again, with more filled.
        _S.CANCELED: frozenset({_S.CANCELED, _S.FILLED}),
        _S.EXPIRED: frozenset({_S.EXPIRED, _S.FILLED}),
        _S.REJECTED: frozenset({_S.REJECTED, _S.FILLED}),
        _S.FATAL_ERROR: frozenset({_S.FATAL_ERROR, _S.FILLED}),
    }
)

IN_DOUBT: Final = frozenset({_S.SUBMITTED, _S.UNKNOWN})
"""The broker may or may not have the order."""


def legal(before: OrderStatus, after: OrderStatus) -> bool:
    """Whether ``after`` may follow ``before``."""
    return after in LEGAL[before]


def after_fill(before: OrderStatus, filled_quantity: Decimal, quantity: Decimal) -> OrderStatus:
    """Return the status after an execution: an ended order stays ended, unless it turns out to be filled."""
    if filled_quantity >= quantity:
        return OrderStatus.FILLED
    return before if before.terminal else OrderStatus.PARTIALLY_FILLED
