"""Mutations of vocabularies and unions: closed and open words, variants with and without a tag."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from at_core.contracts.compat.catalogue import Mutation, on_field
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.enums import Side
from at_core.events.envelope import Token
from at_core.numbers import Price

__all__ = ["WORDS"]

BACKWARD, FORWARD, BOTH, NEITHER = Direction
SAME, PATCH, MINOR, MAJOR = Verdict

_WiderSide = StrEnum("Side", {"BUY": "BUY", "SELL": "SELL", "SHORT": "SHORT"})  # type: ignore[misc]  # the old name with one word more
_TurnedSide = StrEnum("Direction", {"SELL": "SELL", "BUY": "BUY"})  # type: ignore[misc]  # the old words under another name


class _Fixed(BaseModel):
    kind: Literal["fixed"]
    price: Price


class _Trailing(BaseModel):
    kind: Literal["trailing"]
    distance: Price


class _TrailingWide(BaseModel):
    kind: Literal["trailing"]
    distance: Price
    from_best: bool


class _Free(BaseModel):
    price: Price


class _Loose(BaseModel):
    distance: Price


def _tagged(*variants: type[BaseModel]) -> object:
    union = variants[0] | variants[1] if len(variants) > 1 else variants[0]
    return Annotated[union, Field(discriminator="kind")] if len(variants) > 1 else union


_ENUMS: Final = (
    on_field(
        "word_added",
        "a closed `x: Side` gains the word `SHORT`",
        Side,
        _WiderSide,
        MAJOR,
        (Rule.ENUM_VALUE_ADDED_CLOSED, FORWARD),
        sent=(FORWARD, "SHORT"),
    ),
    on_field(
        "word_removed",
        "a closed `x: Side` loses the word `SHORT`",
        _WiderSide,
        Side,
        MAJOR,
        (Rule.ENUM_VALUE_REMOVED, BACKWARD),
        sent=(BACKWARD, "SHORT"),
    ),
    on_field(
        "words_turned",
        "the words stay, their order and the class's name change",
        _TurnedSide,
        Literal["BUY", "SELL"],
        PATCH,
    ),
    on_field(
        "word_replaced",
        "`Literal['a']` becomes `Literal['b']`",
        Literal["a"],
        Literal["b"],
        MAJOR,
        (Rule.ENUM_VALUE_REMOVED, BACKWARD),
        (Rule.ENUM_VALUE_ADDED_CLOSED, FORWARD),
        sent=(FORWARD, "b"),
    ),
    on_field(
        "number_word_added",
        "`Literal[1, 2]` becomes `Literal[1, 2, 3]`",
        Literal[1, 2],
        Literal[1, 2, 3],
        MAJOR,
        (Rule.ENUM_VALUE_ADDED_CLOSED, FORWARD),
        sent=(FORWARD, 3),
    ),
    on_field(
        "words_to_text",
        "a closed `x: Side` becomes `x: Token`",
        Side,
        Token,
        MAJOR,
        (Rule.ENUM_OPENED, FORWARD),
        sent=(FORWARD, "HOLD"),
    ),
    on_field(
        "words_opened",
        "`Literal['a']` becomes `Literal['a'] | Token`",
        Literal["a"],
        Literal["a"] | Token,
        MAJOR,
        (Rule.ENUM_OPENED, FORWARD),
        sent=(FORWARD, "b"),
    ),
    on_field(
        "text_to_words",
        "`x: Token` becomes a closed `x: Side`",
        Token,
        Side,
        MAJOR,
        (Rule.ENUM_CLOSED, BACKWARD),
        sent=(BACKWARD, "HOLD"),
    ),
    on_field(
        "open_word_named",
        "`Literal['a'] | Token` becomes `Literal['a', 'b'] | Token`",
        Literal["a"] | Token,
        Literal["a", "b"] | Token,
        MINOR,
        (Rule.FORM_CHANGED, NEITHER, "$"),
    ),
    on_field(
        "words_to_numbers",
        "`Literal['a', 'b']` becomes `x: int`",
        Literal["a", "b"],
        int,
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH),
        sent=(BACKWARD, "a"),
    ),
)

_UNIONS: Final = (
    on_field(
        "kind_added",
        "`x: int` becomes `x: int | Token`",
        int,
        int | Token,
        MAJOR,
        (Rule.UNION_WIDENED, FORWARD),
        sent=(FORWARD, "a"),
    ),
    on_field(
        "kind_removed",
        "`x: int | Token` becomes `x: int`",
        int | Token,
        int,
        MAJOR,
        (Rule.UNION_NARROWED, BACKWARD),
        sent=(BACKWARD, "a"),
    ),
    on_field(
        "variant_added",
        "a tagged union gains a variant",
        _Fixed,
        _tagged(_Fixed, _Trailing),
        MAJOR,
        (Rule.UNION_WIDENED, FORWARD),
        sent=(FORWARD, {"kind": "trailing", "distance": "1"}),
    ),
    on_field(
        "variant_removed",
        "a tagged union loses a variant",
        _tagged(_Fixed, _Trailing),
        _Fixed,
        MAJOR,
        (Rule.UNION_NARROWED, BACKWARD),
        sent=(BACKWARD, {"kind": "trailing", "distance": "1"}),
    ),
    on_field(
        "variant_changed",
        "one variant of a tagged union gains a required field",
        _tagged(_Fixed, _Trailing),
        _tagged(_Fixed, _TrailingWide),
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD, "$.x.from_best"),
        sent=(BACKWARD, {"kind": "trailing", "distance": "1"}),
    ),
    on_field(
        "untagged_variant_added",
        "`x: Free` becomes `x: Free | Loose`, both objects without a tag",
        _Free,
        _Free | _Loose,
        MAJOR,
        (Rule.UNION_WIDENED, FORWARD),
        sent=(FORWARD, {"distance": "1"}),
    ),
)

WORDS: Final[tuple[Mutation, ...]] = (*_ENUMS, *_UNIONS)
