"""The table of mutations: each is classified as it says, and what breaks is shown to break."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from at_core.contracts.compat.catalogue import Mutation, Shape, contracts_of, event_class
from at_core.contracts.compat.catalogue_table import MUTATIONS
from at_core.contracts.compat.comparison import compare
from at_core.contracts.compat.page import compatibility_page
from at_core.contracts.compat.rules import RULES, Direction, Effect, Rule, Verdict

ROWS = pytest.mark.parametrize("row", MUTATIONS, ids=[row.id for row in MUTATIONS])
_ENVELOPE = {
    "event_id": "01890000-0000-7000-8000-000000000001",
    "type": "trial.row.changed",
    "schema_version": "1.0",
    "timestamp": "2026-01-02T03:04:05.000000Z",
    "source": "at/gateway-1",
    "trace_id": "0" * 32,
    "correlation_id": "01890000-0000-7000-8000-000000000001",
    "account": "paper",
    "expires_at": "2026-01-02T03:05:05.000000Z",
}


@ROWS
def test_each_mutation_is_classified_as_the_table_says(row: Mutation) -> None:
    result = compare(*contracts_of(row))
    said = {(found.rule, found.direction, found.path) for found in result.findings}
    assert (result.verdict, said) == (row.verdict, row.expected), [str(found) for found in result.findings]


def accepted(shape: Shape, body: bytes) -> bool:
    try:
        event_class(shape).model_validate_json(body)
    except ValidationError:
        return False
    return True


@ROWS
def test_what_breaks_is_really_refused(row: Mutation) -> None:
    """Each breaking row has a document that its writer sends and its reader refuses, or says why none shows it."""
    if row.verdict is not Verdict.MAJOR:
        assert row.witness is None
        return
    if row.witness is None:
        assert row.unseen
        return
    values = {**_ENVELOPE, **row.witness.payload}
    body = json.dumps(
        {name: value for name, value in values.items() if name == "x" or value is not None}
    ).encode()
    backward = row.witness.direction is Direction.BACKWARD
    writer, reader = (row.old, row.new) if backward else (row.new, row.old)
    assert accepted(writer, body)
    assert not accepted(reader, body)
    named = {direction for _, direction, _ in row.expected}
    assert row.witness.direction in named or Direction.BOTH in named


def test_the_table_is_large_and_speaks_of_every_rule() -> None:
    assert len(MUTATIONS) >= 55
    assert len({row.id for row in MUTATIONS}) == len(MUTATIONS)
    spoken = {rule for row in MUTATIONS for rule, _, _ in row.expected}
    assert spoken == {rule for rule in Rule if RULES[rule].effect is not Effect.POLICY}


@ROWS
def test_turned_around_the_directions_change_sides(row: Mutation) -> None:
    """Who is broken by going there is broken, the other way round, by coming back."""
    there, back = compare(*contracts_of(row)), compare(*reversed(contracts_of(row)))
    if any(found.rule is Rule.EXPIRES_CHANGED for found in there.findings):
        return  # demanded both ways, released one way: the docstring of compare says why
    turned = {Direction.BACKWARD: Direction.FORWARD, Direction.FORWARD: Direction.BACKWARD}
    mirrored = {turned.get(found.direction, found.direction) for found in there.findings}
    assert mirrored == {found.direction for found in back.findings}
    assert there.verdict is back.verdict


def test_every_rule_says_what_to_do() -> None:
    assert set(RULES) == set(Rule)
    assert all(text.sentence.endswith(".") and text.hint for text in RULES.values())


def test_the_page_is_what_the_tables_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "COMPATIBILITY.md"
    assert page.read_text("utf-8") == compatibility_page(), "write it again: at-core schema rules --page"
