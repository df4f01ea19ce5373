"""Mutations of what surrounds a payload: subject keys, stream, producer, expiry, envelope, and what cannot be read."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from at_core.contracts.compat.catalogue import Fields, Mutation, Said, Shape, Witness, mutation, on_field
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.events.envelope import Token, UtcTime

__all__ = ["FACTS"]

BACKWARD, FORWARD, BOTH, NEITHER = Direction
SAME, PATCH, MINOR, MAJOR = Verdict

_ROUTED = "The body is read; the message does not come where it is looked for."
_ENVELOPE = "Every version of every type shares the envelope, also those that nobody compares here."


def _fact(name: str, change: str, said: Said, **facts: tuple[Any, Any]) -> Mutation:
    """A catalogue fact that changes while the body stays."""
    old, new = ({word: pair[side] for word, pair in facts.items()} for side in (0, 1))
    row = {"x": Token}
    return mutation(name, change, Shape(row, old), Shape(row, new), MAJOR, said, unseen=_ROUTED)


def _envelope(name: str, change: str, path: str, new: Fields, witness: Witness | None = None) -> Mutation:
    """A field of the envelope that somebody bends for one type."""
    said = (Rule.ENVELOPE_CHANGED, BOTH, path)
    return mutation(name, change, {}, new, MAJOR, said, witness=witness, unseen="" if witness else _ENVELOPE)


FACTS: Final[tuple[Mutation, ...]] = (
    _fact(
        "keys_changed",
        "the subject's keys go from `account` to `account`, `x`",
        (Rule.KEYS_CHANGED, BOTH, "keys"),
        KEYS=(("account",), ("account", "x")),
    ),
    _fact(
        "keys_turned",
        "the subject's keys change places",
        (Rule.KEYS_CHANGED, BOTH, "keys"),
        KEYS=(("account", "x"), ("x", "account")),
    ),
    _fact(
        "stream_changed",
        "the type moves from MARKET to SYSTEM",
        (Rule.STREAM_CHANGED, BOTH, "stream"),
        STREAM=("MARKET", "SYSTEM"),
    ),
    _fact(
        "producer_changed",
        "the type goes from the gateway to the engine",
        (Rule.PRODUCER_CHANGED, BOTH, "producer"),
        PRODUCER=("gateway", "engine"),
    ),
    mutation(
        "expiry_demanded",
        "the type must now carry `expires_at`",
        Shape({}, {"EXPIRES": False}),
        Shape({}, {"EXPIRES": True}),
        MAJOR,
        (Rule.EXPIRES_CHANGED, BOTH, "$.expires_at"),
        witness=Witness(BACKWARD, {"expires_at": None}),
    ),
    mutation(
        "expiry_released",
        "the type need no longer carry `expires_at`",
        Shape({}, {"EXPIRES": True}),
        Shape({}, {"EXPIRES": False}),
        MAJOR,
        (Rule.EXPIRES_CHANGED, FORWARD, "$.expires_at"),
        witness=Witness(FORWARD, {"expires_at": None}),
    ),
    _envelope(
        "envelope_tightened",
        "`account` is demanded",
        "$.account",
        {"account": Token},
        Witness(BACKWARD, {"account": None}),
    ),
    _envelope(
        "envelope_retyped",
        "`trace_id` becomes a UUID",
        "$.trace_id",
        {"trace_id": UUID},
    ),
    _envelope(
        "envelope_loosened",
        "`source` may be any text",
        "$.source",
        {"source": str},
        Witness(FORWARD, {"source": "the gateway"}),
    ),
    _envelope(
        "envelope_default",
        "`expires_at` loses its default",
        "$.expires_at",
        {"expires_at": UtcTime | None},
        Witness(BACKWARD, {"expires_at": None}),
    ),
    mutation(
        "envelope_field_gone",
        "`causation_id` is taken out of the envelope",
        {},
        Shape({}, without=frozenset({"causation_id"})),
        MAJOR,
        (Rule.ENVELOPE_CHANGED, BOTH, "$.causation_id"),
        unseen=_ENVELOPE,
    ),
    mutation(
        "sister_type",
        "the class is published under a second type as well",
        {},
        {"type": Literal["trial.row.changed", "trial.row.removed"]},
        PATCH,
    ),
    on_field(
        "keyword_unknown",
        "`x` gets a schema keyword that the checker does not know",
        int | Token,
        Annotated[int | Token, Field(json_schema_extra={"if": {"type": "integer"}})],
        MAJOR,
        (Rule.UNSUPPORTED_KEYWORD, BOTH),
        unseen="What cannot be read cannot be promised; a new major does not help either.",
    ),
)
