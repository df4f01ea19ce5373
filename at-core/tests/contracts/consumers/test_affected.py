"""Whom a breaking change concerns: every reader of the type, and among them those whose code names the field."""

from __future__ import annotations

import pytest

from at_core.contracts.compat.rules import Direction, Finding, Rule
from at_core.contracts.consumers.affected import affected, field_of
from at_core.contracts.consumers.model import Contract, Reading

TYPE = "trading.execution.fill"


def reader(member: str, *fields: str, whole: bool = False, event_type: str = TYPE) -> Contract:
    role = member.removeprefix("at-")
    reading = Reading(member, role, event_type, (f"{role}-fills",), "react", (1,), fields, whole=whole)
    return Contract(member, (reading,))


CONTRACTS = (
    reader("at-all", whole=True),
    reader("at-desk", "price", "checks[].code"),
    reader("at-else", "price", event_type="market.raw"),
)


def finding(path: str, rule: Rule = Rule.TYPE_CHANGED) -> Finding:
    return Finding(rule, Direction.BOTH, path, "")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("$.price", "price"),
        ("$.plan.intent.side", "plan.intent.side"),
        ("$.checks[*].code", "checks[].code"),
        ("$.pair[0]", "pair[]"),
        ("$.labels.*.text", "labels"),
        ("$", None),
        ("stream", None),
    ],
)
def test_a_path_of_the_checker_is_a_field_of_a_contract(path: str, field: str | None) -> None:
    assert field_of(path) == field


@pytest.mark.parametrize(
    ("path", "named"),
    [("$.price", ("price",)), ("$.checks[*].code", ("checks[].code",)), ("$.fee", ()), ("stream", ())],
)
def test_every_reader_of_the_type_is_listed_with_what_it_names(path: str, named: tuple[str, ...]) -> None:
    found = {one.member: one.names for one in affected(TYPE, finding(path), CONTRACTS)}
    assert found == {"at-all": (), "at-desk": named}


def test_who_names_the_field_comes_first_and_is_told_in_one_line() -> None:
    first, second = affected(TYPE, finding("$.price"), CONTRACTS)
    assert str(first) == "at-desk/desk (desk-fills, names price)"
    assert str(second) == "at-all/all (all-fills)"


def test_what_breaks_nobody_concerns_nobody() -> None:
    assert affected(TYPE, finding("$.price", Rule.FIELD_OPTIONAL_ADDED), CONTRACTS) == ()
