"""Mutations of parts: nested objects, lists, tuples, maps, recursion, and readers that forbid the unknown."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from at_core.contracts.compat.catalogue import Mutation, build, on_field
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.enums import Side
from at_core.events.envelope import Token
from at_core.numbers import Price

__all__ = ["PARTS"]

BACKWARD, FORWARD, BOTH, NEITHER = Direction
SAME, PATCH, MINOR, MAJOR = Verdict


def _part(
    name: str = "Part", *, extra: Literal["ignore", "forbid"] = "ignore", **fields: Any
) -> type[BaseModel]:
    """A part of an event, as an author would write it."""
    said = {key: value if isinstance(value, tuple) else (value, ...) for key, value in fields.items()}
    options = ConfigDict(extra=extra)
    made: type[BaseModel] = build(name, __config__=options, **said)
    return made


class _Node(BaseModel):
    label: Token
    parts: tuple[_Node, ...] = ()


class _NoteNode(BaseModel):
    label: Token
    note: Token | None = None
    parts: tuple[_NoteNode, ...] = ()


class _TightNode(BaseModel):
    label: Annotated[Token, Field(max_length=10)]
    parts: tuple[_TightNode, ...] = ()


def _many(of: Any, least: int | None = None, most: int | None = None) -> Any:
    return Annotated[tuple[of, ...], Field(min_length=least, max_length=most)]


def _map(of: Any, most: int | None = None) -> Any:
    return Annotated[dict[Token, of], Field(max_length=most)]


_PRICED = _part(price=Price)
_NOTED = _part(price=Price, note=(Token | None, None))

_NESTED: Final = (
    on_field(
        "part_optional_added",
        "a part gains `note: Token | None = None`",
        _PRICED,
        _NOTED,
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.x.note"),
    ),
    on_field(
        "part_required_added",
        "a part gains `side: Side`",
        _PRICED,
        _part(price=Price, side=Side),
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD, "$.x.side"),
        sent=(BACKWARD, {"price": "1"}),
    ),
    on_field(
        "part_required_removed",
        "a part loses `price: Price`",
        _NOTED,
        _part(note=(Token | None, None)),
        MAJOR,
        (Rule.FIELD_REQUIRED_REMOVED, FORWARD, "$.x.price"),
        sent=(FORWARD, {}),
    ),
    on_field(
        "part_field_renamed",
        "in a part, `price: Price` becomes `level: Price`",
        _PRICED,
        _part(level=Price),
        MAJOR,
        (Rule.FIELD_RENAMED, BOTH, "$.x.price"),
        sent=(BACKWARD, {"price": "1"}),
    ),
    on_field(
        "part_default_grown",
        "a part that has a default gains an optional field",
        (_part(note=(Token | None, None)), {"note": None}),
        (_part(note=(Token | None, None), size=(int, 1)), {"note": None, "size": 1}),
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.x.size"),
    ),
    on_field(
        "part_default_changed",
        "in a part, `size: int = 1` becomes `size: int = 2`",
        _part(size=(int, 1)),
        _part(size=(int, 2)),
        MAJOR,
        (Rule.DEFAULT_CHANGED, BOTH, "$.x.size"),
        unseen="Nobody refuses it: old and new read the same bytes differently.",
    ),
    on_field(
        "part_renamed", "the class of a part gets another name", _PRICED, _part("Piece", price=Price), PATCH
    ),
    on_field(
        "part_forbids",
        "a part is set to `extra='forbid'` (refused by policy, see below)",
        _PRICED,
        _part(extra="forbid", price=Price),
        MINOR,
        (Rule.FORM_CHANGED, NEITHER, "$"),
    ),
    on_field(
        "part_forbade",
        "a part that was `extra='forbid'` gains an optional field",
        _part(extra="forbid", price=Price),
        _part(extra="forbid", price=Price, note=(Token | None, None)),
        MAJOR,
        (Rule.READER_FORBIDS_UNKNOWN, FORWARD, "$.x.note"),
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.x.note"),
        sent=(FORWARD, {"price": "1", "note": "a"}),
    ),
    on_field(
        "recursion_grown",
        "a part that contains itself gains an optional field",
        _Node,
        _NoteNode,
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.x.note"),
    ),
    on_field(
        "recursion_tightened",
        "in a part that contains itself, a length is cut",
        _Node,
        _TightNode,
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD, "$.x.label"),
        sent=(BACKWARD, {"label": "a", "parts": [{"label": "b" * 11}]}),
    ),
)

_LISTS: Final = (
    on_field(
        "items_cut",
        "the greatest number of items goes from 8 to 4",
        _many(Token, most=8),
        _many(Token, most=4),
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, ["a"] * 8),
    ),
    on_field(
        "items_raised",
        "the greatest number of items goes from 4 to 8",
        _many(Token, most=4),
        _many(Token, most=8),
        MAJOR,
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(FORWARD, ["a"] * 8),
    ),
    on_field(
        "emptiness_of_list_refused",
        "at least one item is demanded",
        _many(Token, most=8),
        _many(Token, 1, 8),
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, []),
    ),
    on_field(
        "item_retyped",
        "items go from `Token` to `int`",
        _many(Token, most=8),
        _many(int, most=8),
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH, "$.x[*]"),
        sent=(BACKWARD, ["a"]),
    ),
    on_field(
        "item_required_added",
        "the items' part gains a required field",
        _many(_PRICED, most=8),
        _many(_part(price=Price, side=Side), most=8),
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD, "$.x[*].side"),
        sent=(BACKWARD, [{"price": "1"}]),
    ),
    on_field(
        "item_optional_added",
        "the items' part gains an optional field",
        _many(_PRICED, most=8),
        _many(_NOTED, most=8),
        MINOR,
        (Rule.FIELD_OPTIONAL_ADDED, NEITHER, "$.x[*].note"),
    ),
    on_field(
        "list_to_set",
        "a list becomes a set",
        Annotated[list[Token], Field(max_length=8)],
        Annotated[set[Token], Field(max_length=8)],
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        unseen="Our reader drops the copies; readers in other languages go by `uniqueItems`.",
    ),
    on_field(
        "tuple_grown",
        "`tuple[int, Token]` becomes `tuple[int, Token, int]`",
        tuple[int, Token],
        tuple[int, Token, int],
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        (Rule.BOUND_LOOSENED, FORWARD),
        sent=(BACKWARD, [1, "a"]),
    ),
    on_field(
        "tuple_place_retyped",
        "`tuple[int, Token]` becomes `tuple[int, bool]`",
        tuple[int, Token],
        tuple[int, bool],
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH, "$.x[1]"),
        sent=(BACKWARD, [1, "a"]),
    ),
)

_MAPS: Final = (
    on_field(
        "map_value_retyped",
        "`dict[Token, int]` becomes `dict[Token, Price]`",
        _map(int),
        _map(Price),
        MAJOR,
        (Rule.TYPE_CHANGED, BOTH, "$.x.*"),
        sent=(BACKWARD, {"a": 1}),
    ),
    on_field(
        "map_cut",
        "a map of at most 8 keys may have at most 4",
        _map(int, 8),
        _map(int, 4),
        MAJOR,
        (Rule.BOUND_TIGHTENED, BACKWARD),
        sent=(BACKWARD, dict.fromkeys("abcdefgh", 1)),
    ),
    on_field(
        "map_keys_closed",
        "`dict[str, int]` becomes `dict[Side, int]`",
        dict[str, int],
        dict[Side, int],
        MAJOR,
        (Rule.ENUM_CLOSED, BACKWARD, "$.x.{key}"),
        sent=(BACKWARD, {"a": 1}),
    ),
    on_field(
        "map_to_part",
        "`dict[str, int]` becomes a part with a required field",
        dict[str, int],
        _part(price=Price),
        MAJOR,
        (Rule.FIELD_REQUIRED_ADDED, BACKWARD, "$.x.price"),
        (Rule.TYPE_CHANGED, BOTH, "$.x.price"),
        sent=(BACKWARD, {"a": 1}),
    ),
)

PARTS: Final[tuple[Mutation, ...]] = (*_NESTED, *_LISTS, *_MAPS)
