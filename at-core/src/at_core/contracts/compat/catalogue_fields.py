"""Mutations of fields: added, removed, renamed, required, optional, null, default."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from at_core.contracts.compat.catalogue import Mutation, Witness, mutation, on_field
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.events.envelope import Text, Token
from at_core.numbers import Quantity

__all__ = ["FIELDS"]

BACKWARD, FORWARD, BOTH, NEITHER = Direction
SAME, PATCH, MINOR, MAJOR = Verdict

_LOST = "Nobody refuses it: the value is silently lost between old and new."
_READ_DIFFERENTLY = "Nobody refuses it: old and new read the same bytes differently."

FIELDS: Final[tuple[Mutation, ...]] = (
    on_field("nothing", "nothing", Token, Token, SAME),
    on_field(
        "prose", "a description is written", Token, Annotated[Token, Field(description="Which row.")], SAME
    ),
    on_field("title", "a title is written", Token, Annotated[Token, Field(title="Row")], PATCH),
    mutation(
        "optional_added",
        "`x: Token | None = None` is added",
        {},
        {"x": (Token | None, None)},
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER),
    ),
    mutation(
        "defaulted_added",
        "`x: int = 0` is added",
        {},
        {"x": (int, 0)},
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER),
    ),
    mutation(
        "optional_removed",
        "`x: Token | None = None` is removed",
        {"x": (Token | None, None)},
        {},
        MINOR,
        (Rule.FIELD_OPTIONAL_REMOVED, NEITHER),
    ),
    mutation(
        "required_added",
        "`x: Token` is added",
        {},
        {"x": Token},
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD),
        witness=Witness(BACKWARD, {}),
    ),
    mutation(
        "required_removed",
        "`x: Token` is removed",
        {"x": Token},
        {},
        MAJOR,
        (Rule.FIELD_REQUIRED_REMOVED, FORWARD),
        witness=Witness(FORWARD, {}),
    ),
    mutation(
        "optional_made_required",
        "`x: Token | None = None` becomes `x: Token`",
        {"x": (Token | None, None)},
        {"x": Token},
        MAJOR,
        (Rule.FIELD_MADE_REQUIRED, BACKWARD),
        (Rule.NULLABLE_REMOVED, BACKWARD),
        witness=Witness(BACKWARD, {}),
    ),
    mutation(
        "required_made_optional",
        "`x: Token` becomes `x: Token | None = None`",
        {"x": Token},
        {"x": (Token | None, None)},
        MAJOR,
        (Rule.FIELD_MADE_OPTIONAL, FORWARD),
        (Rule.NULLABLE_ADDED, FORWARD),
        witness=Witness(FORWARD, {}),
    ),
    mutation(
        "default_taken_away",
        "`x: int = 1` becomes `x: int`",
        {"x": (int, 1)},
        {"x": int},
        MAJOR,
        (Rule.FIELD_MADE_REQUIRED, BACKWARD),
        witness=Witness(BACKWARD, {}),
    ),
    mutation(
        "default_given",
        "`x: int` becomes `x: int = 1`",
        {"x": int},
        {"x": (int, 1)},
        MAJOR,
        (Rule.FIELD_MADE_OPTIONAL, FORWARD),
        witness=Witness(FORWARD, {}),
    ),
    mutation(
        "required_renamed",
        "`x: Quantity` becomes `size: Quantity`",
        {"x": Quantity},
        {"size": Quantity},
        MAJOR,
        (Rule.FIELD_RENAMED, BOTH),
        witness=Witness(BACKWARD, {"x": "1"}),
    ),
    mutation(
        "optional_renamed",
        "`x: Quantity | None = None` becomes `size: Quantity | None = None`",
        {"x": (Quantity | None, None)},
        {"size": (Quantity | None, None)},
        MAJOR,
        (Rule.FIELD_RENAMED, BOTH),
        unseen=_LOST,
    ),
    mutation(
        "doubtful_rename",
        "`x: Token` and `y: Token` are removed, `z: Token` is added",
        {"x": Token, "y": Token},
        {"z": Token},
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD, "$.z"),
        (Rule.FIELD_REQUIRED_REMOVED, FORWARD, "$.x"),
        (Rule.FIELD_REQUIRED_REMOVED, FORWARD, "$.y"),
        witness=Witness(FORWARD, {"z": "a"}),
    ),
    mutation(
        "renamed_and_retyped",
        "`x: Token | None = None` is removed, `note: Text = ''` is added",
        {"x": (Token | None, None)},
        {"note": (Text, "")},
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.note"),
        (Rule.FIELD_OPTIONAL_REMOVED, NEITHER),
    ),
    on_field(
        "null_allowed",
        "`x: Token` becomes `x: Token | None`, still required",
        Token,
        Token | None,
        MAJOR,
        (Rule.NULLABLE_ADDED, FORWARD),
        sent=(FORWARD, None),
    ),
    on_field(
        "null_refused",
        "`x: Token | None`, required, becomes `x: Token`",
        Token | None,
        Token,
        MAJOR,
        (Rule.NULLABLE_REMOVED, BACKWARD),
        sent=(BACKWARD, None),
    ),
    on_field(
        "default_changed",
        "`x: bool = False` becomes `x: bool = True`",
        (bool, False),
        (bool, True),
        MAJOR,
        (Rule.DEFAULT_CHANGED, BOTH),
        unseen=_READ_DIFFERENTLY,
    ),
    on_field(
        "absence_given_a_meaning",
        "`x: Token | None = None` becomes `x: Token | None = 'all'`",
        (Token | None, None),
        (Token | None, "all"),
        MAJOR,
        (Rule.DEFAULT_CHANGED, BOTH),
        unseen=_READ_DIFFERENTLY,
    ),
    on_field(
        "default_hidden",
        "`x: tuple[Token, ...] = ()` becomes one with a `default_factory`",
        (tuple[Token, ...], ()),
        (tuple[Token, ...], Field(default_factory=tuple)),
        MAJOR,
        (Rule.DEFAULT_CHANGED, BOTH),
        unseen="What the factory makes is not in the schema, so it cannot be promised to be the same.",
    ),
    on_field(
        "default_to_null",
        "`x: int = 1` becomes `x: int | None = None`",
        (int, 1),
        (int | None, None),
        MAJOR,
        (Rule.DEFAULT_CHANGED, BOTH),
        (Rule.NULLABLE_ADDED, FORWARD),
        sent=(FORWARD, None),
    ),
)
