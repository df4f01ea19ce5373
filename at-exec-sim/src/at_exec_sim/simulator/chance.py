"""Chance without randomness: a number between 0 and 1 that seed and order id determine for ever."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Final

__all__ = ["chance"]

_BITS: Final = 48


def chance(seed: int, client_order_id: str, purpose: str) -> Decimal:
    """Return a number in [0, 1), uniform over orders; the same arguments give the same number everywhere."""
    digest = sha256(f"{seed}:{client_order_id}:{purpose}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / Decimal(1 << _BITS)
