"""Soundness: when the checker says "subset", a real Pydantic reader refuses nothing the writer can send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from at_core.contracts.compat import subset as subset_room
from at_core.contracts.compat.nodes import Root, atoms, names_node
from at_core.contracts.compat.subset import subset
from at_core.contracts.compat.values import accepts
from at_core.events.envelope import Token, UtcTime
from at_core.numbers import Price, Quantity, Ratio, WireDecimal

WORDS = ("a", "b", "c")
NAMES = ("p", "q", "r")


def bounds(low: int, high: int) -> st.SearchStrategy[tuple[int | None, int | None]]:
    side = st.none() | st.integers(low, high)
    return st.tuples(side, side).filter(lambda pair: None in pair or pair[0] <= pair[1])


def texts() -> st.SearchStrategy[Any]:
    pattern = st.sampled_from([None, "^[a-z]{1,3}$", "^[a-z]+$", "^[0-9a-f]{32}$"])
    made = st.builds(
        lambda pair, form: Annotated[str, Field(min_length=pair[0], max_length=pair[1], pattern=form)],
        bounds(0, 4),
        st.sampled_from([None]) | pattern,
    )
    return made | st.sampled_from([Token, Price, Quantity, Ratio, WireDecimal, UtcTime])


def numbers() -> st.SearchStrategy[Any]:
    kinds = st.sampled_from([int, float])
    open_or_not = st.booleans()

    def build(kind: Any, pair: tuple[int | None, int | None], strict: bool, step: int | None) -> Any:
        if strict and None not in pair and pair[1] - pair[0] < 2:
            strict = False
        words = ("gt", "lt") if strict else ("ge", "le")
        said = {word: value for word, value in zip(words, pair, strict=True) if value is not None}
        return Annotated[kind, Field(**said, multiple_of=step if kind is int else None)]

    return st.builds(build, kinds, bounds(-3, 3), open_or_not, st.sampled_from([None, None, 1, 2, 4]))


def words() -> st.SearchStrategy[Any]:
    chosen = st.lists(st.sampled_from([*WORDS, 1, 2]), min_size=1, max_size=3, unique=True)
    return chosen.map(lambda values: Literal[tuple(values)])


LEAVES = st.one_of(texts(), numbers(), words(), st.just(bool), st.just(Literal["a"] | Token))


def model(fields: Mapping[str, Any], extra: str = "ignore", name: str = "Part") -> type[BaseModel]:
    return create_model(name, __config__=ConfigDict(extra=extra), **fields)


def parts(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    field = st.one_of(inner.map(lambda kind: (kind, ...)), inner.map(lambda kind: (kind | None, None)))
    fields = st.dictionaries(st.sampled_from(NAMES), field, max_size=3)
    plain = st.builds(model, fields, st.sampled_from(["ignore", "ignore", "ignore", "forbid"]))
    tagged = st.lists(
        st.tuples(st.sampled_from(WORDS), fields), min_size=2, max_size=3, unique_by=lambda one: one[0]
    )
    return plain | tagged.map(union_of)


def union_of(variants: list[tuple[str, Mapping[str, Any]]]) -> Any:
    made = [model({"kind": (Literal[word], ...), **fields}, name=f"Is{word}") for word, fields in variants]
    union = made[0] | made[1]
    for other in made[2:]:
        union = union | other
    return Annotated[union, Field(discriminator="kind")]


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.builds(
        lambda kind, pair: Annotated[list[kind], Field(min_length=pair[0], max_length=pair[1])],
        inner,
        bounds(0, 3),
    )
    tuples = st.lists(inner, min_size=1, max_size=3).map(lambda kinds: tuple[tuple(kinds)])
    keys = st.sampled_from([str, Token, Literal["a", "b"], Annotated[str, Field(max_length=2)]])
    maps = st.builds(lambda key, kind: dict[key, kind], keys, inner)
    unions = st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1])
    return st.one_of(lists, tuples, maps, unions, parts(inner))


KINDS = st.recursive(LEAVES, containers, max_leaves=4)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A writer's field and a reader's: often of one family, for unrelated ones are never subsets."""
    family = draw(st.sampled_from([texts(), numbers(), words(), parts(LEAVES), KINDS, KINDS]))
    left, other = draw(family), draw(family)
    shapes = {
        "same": (left, left),
        "alike": (left, other),
        "nullable": (left, left | None),
        "wider": (left, left | other),
        "narrower": (left | other, left),
        "listed": (list[left], list[other]),
    }
    return shapes[draw(st.sampled_from(sorted(shapes)))]


def values(node: Any, root: Root) -> st.SearchStrategy[Any]:
    """Documents the writer's schema can send."""
    return st.one_of([atom_values(atom, root) for atom in atoms(node, root)])


def atom_values(atom: Any, root: Root) -> st.SearchStrategy[Any]:
    node = atom.node
    if "const" in node or "enum" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    makers = {
        "null": st.none,
        "boolean": st.booleans,
        "integer": lambda: st.integers(-9, 9),
        "number": lambda: st.integers(-9, 9) | st.floats(-9, 9),
        "string": lambda: text_values(node),
        "array": lambda: list_values(node, root),
        "object": lambda: map_values(atom, root),
    }
    return makers[node["type"]]().filter(lambda value: accepts(value, node, root))


def text_values(node: Mapping[str, Any]) -> st.SearchStrategy[str]:
    form = node.get("format")
    if form is not None:
        return st.sampled_from(["0", "1", "-1", "0.5", "2", "2026-01-02T03:04:05.000000Z"])
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True).map(
            lambda text: text[: node.get("maxLength", 40)]
        )
    return st.text("abz", min_size=node.get("minLength", 0), max_size=min(node.get("maxLength", 6), 6))


def list_values(node: Mapping[str, Any], root: Root) -> st.SearchStrategy[list[Any]]:
    if "prefixItems" in node:
        return st.tuples(*(values(part, root) for part in node["prefixItems"])).map(list)
    most = node.get("maxItems", 3)
    if most == 0:
        return st.just([])
    return st.lists(values(node["items"], root), min_size=node.get("minItems", 0), max_size=most)


def map_values(atom: Any, root: Root) -> st.SearchStrategy[dict[str, Any]]:
    node = atom.node
    named = {name: values(part, root) for name, part in node.get("properties", {}).items()}
    needed = {*node.get("required", ()), *filter(None, [atom.tag])}
    required = {name: made for name, made in named.items() if name in needed}
    optional = {name: made for name, made in named.items() if name not in needed}
    if "properties" in node:
        return st.fixed_dictionaries(required, optional=optional)
    return st.dictionaries(
        values(names_node(node), root), values(node["additionalProperties"], root), max_size=3
    )


CAREFUL = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def refuted(pair: tuple[Any, Any], data: st.DataObject) -> bool:
    """Whether the checker calls the pair a subset and a real reader refuses one of the writer's documents."""
    writer, reader = (model({"x": (kind, ...)}, name="Row") for kind in pair)
    schema = writer.model_json_schema(mode="serialization")
    if subset(schema, reader.model_json_schema(mode="validation")):
        return False
    document = data.draw(values(schema, Root(schema)))
    try:
        reader.model_validate_json(json.dumps(document))
    except ValidationError:
        return True
    return False


@CAREFUL
@given(pair=pairs(), data=st.data())
def test_a_subset_is_never_refused(pair: tuple[Any, Any], data: st.DataObject) -> None:
    assert not refuted(pair, data)


def _silent(*_: Any, **__: Any) -> tuple[()]:
    return ()


SABOTAGE = {
    "limits are not compared": (subset_room, "range_findings", _silent),
    "texts are not compared": (subset_room, "text_findings", _silent),
    "required fields are not compared": (subset_room._Walk, "_required", _silent),
    "fields are not compared": (subset_room._Walk, "_properties", _silent),
    "items are not compared": (subset_room._Walk, "_list", _silent),
    "words and null are not compared": (subset_room._Walk, "_refused", _silent),
    "unknown fields are let pass": (subset_room._Walk, "_unknown", _silent),
}


@pytest.mark.parametrize("how", SABOTAGE)
def test_a_sabotaged_checker_is_caught(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The law above can fail: with one comparison taken out, a refused document is found."""
    place, name, instead = SABOTAGE[how]
    monkeypatch.setattr(place, name, instead)

    @settings(CAREFUL, max_examples=5000, phases=[Phase.generate], derandomize=True, database=None)
    @given(pair=pairs(), data=st.data())
    def law(pair: tuple[Any, Any], data: st.DataObject) -> None:
        assert not refuted(pair, data)

    with pytest.raises(AssertionError):
        law()


def test_the_law_looks_at_many_subsets() -> None:
    """Not vacuous: a fair share of the pairs is called a subset, and a fair share is not."""
    seen = {True: 0, False: 0}

    @settings(CAREFUL, max_examples=200, phases=[Phase.generate], derandomize=True, database=None)
    @given(pair=pairs())
    def count(pair: tuple[Any, Any]) -> None:
        writer, reader = (model({"x": (kind, ...)}, name="Row") for kind in pair)
        found = subset(
            writer.model_json_schema(mode="serialization"), reader.model_json_schema(mode="validation")
        )
        seen[not found] += 1

    count()
    assert min(seen.values()) > 40, seen
