"""Forgery: an unreadable message among the rulings that we never ruled must not stop the gate (exits wait for it).

What we signed and cannot read comes from a newer build of ourselves: the state would be incomplete, so the gate stops
and says so. What we did not sign, or signed for another place than where it lies, is no ruling: it is passed over.
"""

from __future__ import annotations

import json
from typing import Final, Protocol

from at_core.errors import Undecodable
from at_core.events.codec import decode_body
from at_core.runtime.bus import Incoming
from at_core.runtime.publisher import SIGNATURE_HEADER

__all__ = ["RULINGS", "Hand", "not_ours"]

RULINGS: Final = "RISK"
"""The stream in which every message carries our signature."""


class Hand(Protocol):
    """Knows our signature."""

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether ``signature`` was made over exactly ``body`` by us."""
        ...


def not_ours(message: Incoming, hand: Hand) -> bool:
    """Return whether an unreadable ``message`` is certainly none of our rulings."""
    named = (value for name, value in message.headers.items() if name.lower() == SIGNATURE_HEADER)
    return not hand.verify(message.body, next(named, "")) or _readable(message.body)


def _readable(body: bytes) -> bool:
    """Whether the body is a good event by itself: then only its place is wrong, and it is a moved copy."""
    try:
        document = json.loads(body)
        decode_body(document["type"], int(document["schema_version"].partition(".")[0]), body)
    except (Undecodable, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True
