"""Mutations of values: types, limits, lengths, formats, patterns."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from at_core.contracts.compat.catalogue import Mutation, on_field
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.events.envelope import Text, Token, UtcTime
from at_core.numbers import Price, Quantity, Ratio, WireDecimal

__all__ = ["VALUES"]

BACKWARD, FORWARD, BOTH, NEITHER = Direction
SAME, PATCH, MINOR, MAJOR = Verdict


def _text(least: int | None = None, most: int | None = None, pattern: str | None = None) -> object:
    return Annotated[str, Field(min_length=least, max_length=most, pattern=pattern)]


_HEX = _text(pattern="^[0-9a-f]{64}$")
_TYPES: Final = (
    on_field(
        "text_to_integer",
        "`x: Token` becomes `x: int`",
        Token,
        int,
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH),
        sent=(BACKWARD, "a"),
    ),
    on_field(
        "integer_to_number",
        "`x: int` becomes `x: float`",
        int,
        float,
        MAJOR,
        (Rule.TYPE_CHANGED, FORWARD),
        sent=(FORWARD, 1.5),
    ),
    on_field(
        "number_to_integer",
        "`x: float` becomes `x: int`",
        float,
        int,
        MAJOR,
        (Rule.TYPE_CHANGED, BACKWARD),
        sent=(BACKWARD, 1.5),
    ),
    on_field(
        "flag_to_count",
        "`x: bool` becomes `x: int`",
        bool,
        int,
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH),
        sent=(FORWARD, 2),
    ),
    on_field(
        "decimal_to_number",
        "`x: Price` (a text) becomes `x: float`",
        Price,
        float,
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH),
        sent=(FORWARD, 1.5),
    ),
    on_field(
        "one_to_many",
        "`x: Token` becomes `x: tuple[Token, ...]`",
        Token,
        tuple[Token, ...],
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH),
        sent=(BACKWARD, "a"),
    ),
)

_BOUNDS: Final = (
    on_field(
        "length_cut",
        "the greatest length goes from 40 to 20",
        _text(most=40),
        _text(most=20),
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, "a" * 40),
    ),
    on_field(
        "length_raised",
        "the greatest length goes from 20 to 40",
        _text(most=20),
        _text(most=40),
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, "a" * 40),
    ),
    on_field(
        "length_unbound",
        "`x: Text` becomes `x: str`",
        Text,
        str,
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, "a" * 2001),
    ),
    on_field(
        "emptiness_refused",
        "the least length goes from 0 to 1",
        _text(most=40),
        _text(1, 40),
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, ""),
    ),
    on_field(
        "emptiness_allowed",
        "the least length goes from 1 to 0",
        _text(1, 40),
        _text(most=40),
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, ""),
    ),
    on_field(
        "minimum_raised",
        "`ge=0` becomes `ge=1`",
        Annotated[int, Field(ge=0)],
        Annotated[int, Field(ge=1)],
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, 0),
    ),
    on_field(
        "minimum_lowered",
        "`gt=0` becomes `ge=0`",
        Annotated[int, Field(gt=0)],
        Annotated[int, Field(ge=0)],
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, 0),
    ),
    on_field(
        "same_minimum",
        "`ge=1` of an integer becomes `gt=0`",
        Annotated[int, Field(ge=1)],
        Annotated[int, Field(gt=0)],
        MINOR,
        (Rule.FORM_CHANGED, NEITHER, "$"),
    ),
    on_field(
        "maximum_lowered",
        "`le=10` becomes `lt=10`",
        Annotated[float, Field(le=10)],
        Annotated[float, Field(lt=10)],
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, 10),
    ),
    on_field(
        "maximum_dropped",
        "`le=10` is dropped",
        Annotated[int, Field(le=10)],
        int,
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, 11),
    ),
    on_field(
        "step_grown",
        "`multiple_of=2` becomes `multiple_of=4`",
        Annotated[int, Field(multiple_of=2)],
        Annotated[int, Field(multiple_of=4)],
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, 2),
    ),
)

_FORMS: Final = (
    on_field(
        "sign_allowed",
        "`x: Price` (greater than 0) becomes `x: WireDecimal`",
        Price,
        WireDecimal,
        MAJOR,
        (Rule.FORMAT_CHANGED, FORWARD),
        sent=(FORWARD, "-1"),
    ),
    on_field(
        "sign_refused",
        "`x: WireDecimal` becomes `x: Quantity` (not negative)",
        WireDecimal,
        Quantity,
        MAJOR,
        (Rule.FORMAT_CHANGED, BACKWARD),
        sent=(BACKWARD, "-1"),
    ),
    on_field(
        "zero_refused",
        "`x: Quantity` becomes `x: Price`",
        Quantity,
        Price,
        MAJOR,
        (Rule.FORMAT_CHANGED, BACKWARD),
        sent=(BACKWARD, "0"),
    ),
    on_field(
        "share_to_amount",
        "`x: Ratio` becomes `x: Quantity`",
        Ratio,
        Quantity,
        MAJOR,
        (Rule.FORMAT_CHANGED, FORWARD),
        sent=(FORWARD, "2"),
    ),
    on_field(
        "price_to_share",
        "`x: Price` becomes `x: Ratio`",
        Price,
        Ratio,
        MAJOR,
        (Rule.FORMAT_CHANGED, BOTH),
        sent=(FORWARD, "0"),
    ),
    on_field(
        "decimal_to_text",
        "`x: Price` becomes `x: Token`",
        Price,
        Token,
        MAJOR,
        (Rule.FORMAT_CHANGED, FORWARD),
        sent=(FORWARD, "dear"),
    ),
    on_field(
        "id_to_text",
        "`x: UUID` becomes `x: Token`",
        UUID,
        Token,
        MAJOR,
        (Rule.FORMAT_CHANGED, FORWARD),
        sent=(FORWARD, "row-1"),
    ),
    on_field(
        "text_to_id",
        "`x: Token` becomes `x: UUID`",
        Token,
        UUID,
        MAJOR,
        (Rule.FORMAT_CHANGED, BACKWARD),
        sent=(BACKWARD, "row-1"),
    ),
    on_field(
        "time_unbound",
        "`x: UtcTime` becomes `x: AwareDatetime`",
        UtcTime,
        AwareDatetime,
        MAJOR,
        (Rule.PATTERN_CHANGED, FORWARD),
        unseen="Our reader turns other offsets into UTC; readers in other languages go by the pattern.",
    ),
    on_field(
        "pattern_changed",
        "`^[A-Z]{3}$` becomes `^[A-Z]{3,4}$`",
        _text(pattern="^[A-Z]{3}$"),
        _text(pattern="^[A-Z]{3,4}$"),
        MAJOR,
        (Rule.PATTERN_CHANGED, BOTH),
        sent=(FORWARD, "ABCD"),
    ),
    on_field(
        "pattern_added",
        "a pattern is demanded",
        _text(most=40),
        _text(most=40, pattern="^[A-Z]+$"),
        MAJOR,
        (Rule.PATTERN_CHANGED, BACKWARD),
        sent=(BACKWARD, "abc"),
    ),
    on_field(
        "pattern_dropped",
        "a pattern is no longer demanded",
        _text(most=40, pattern="^[A-Z]+$"),
        _text(most=40),
        MAJOR,
        (Rule.PATTERN_CHANGED, FORWARD),
        sent=(FORWARD, "abc"),
    ),
    on_field(
        "digest_to_name",
        "64 hexadecimal digits become `x: Token`, which accepts them all",
        _HEX,
        Token,
        MAJOR,
        (Rule.PATTERN_CHANGED, FORWARD),
        sent=(FORWARD, "row-1"),
    ),
)

VALUES: Final[tuple[Mutation, ...]] = (*_TYPES, *_BOUNDS, *_FORMS)
