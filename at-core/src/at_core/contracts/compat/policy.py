"""Policy: which vocabularies are closed, which open ones are declared, which findings are waived, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from at_core.contracts.compat.rules import Rule

__all__ = ["CLOSED_FIELDS", "CLOSED_WORDS", "OPEN_WORDS", "SECRET_NAMES", "WAIVERS", "Place"]

Place = tuple[str, str]
"""An event type (``*``: every type) and a path."""

CLOSED_WORDS: Final = frozenset(
    {
        "KillSwitchLevel",
        "KillSwitchScope",
        "OperatorCommandKind",
        "OrderStatus",
        "OrderType",
        "PositionSide",
        "QuantityUnit",
        "Side",
        "SignalKind",
        "SizingMethod",
        "TimeInForce",
        "TradingMode",
        "TradingState",
    }
)
"""Vocabularies in which a word that is guessed at moves money or fails to stop it; never beside free text."""

CLOSED_FIELDS: Final = frozenset(
    {
        "command",
        "level",
        "market_position",
        "mode",
        "order_type",
        "prev_market_position",
        "quantity_unit",
        "scope",
        "side",
        "sizing_method",
        "time_in_force",
        "trading_state",
    }
)
"""Field names that promise such a vocabulary, so that ``side: str`` is noticed as well."""

OPEN_WORDS: Final[Mapping[Place, str]] = {}
"""Where known words may stand beside free text, and why a reader may meet a word it does not know.

Empty: what is open today (reasons, codes, dialects) is plain bounded text that no decision reads.
"""

SECRET_NAMES: Final = frozenset(
    {
        "apikey",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "secret",
        "secrets",
        "seed",
        "token",
    }
)
"""Words that no field name may contain: events are kept for ever and read by many."""

WAIVERS: Final[Mapping[tuple[Rule, Place], str]] = {
    (Rule.TEXT_UNBOUNDED, ("*", "$.schema_version")): (
        "Frozen with the envelope: two numbers with a point. The bound on the whole body holds it, "
        "and nothing keeps it longer than the event."
    ),
}
"""Findings about frozen contracts that stand, each with its reason. A test refuses a waiver that nothing needs."""
