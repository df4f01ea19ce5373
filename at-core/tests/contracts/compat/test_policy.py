"""Policy of one contract: each rule speaks where it should, and what is frozen passes or is waived with a reason."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from at_core.contracts.compat.catalogue import Shape, event_class
from at_core.contracts.compat.current import contract_of_class
from at_core.contracts.compat.lint import lint, unwaived
from at_core.contracts.compat.policy import CLOSED_FIELDS, CLOSED_WORDS, WAIVERS
from at_core.contracts.compat.rules import Rule
from at_core.contracts.frozen import frozen_contracts
from at_core.enums import Side
from at_core.events.envelope import Text, Token, UtcTime
from at_core.numbers import Price

FORBIDDING = create_model("Part", __config__=ConfigDict(extra="forbid"), a=(Token, ...))


class Node(BaseModel):
    name: str
    nodes: Annotated[tuple["Node", ...], Field(max_length=4)] = ()


BAD: dict[str, tuple[Any, Rule, str]] = {
    "free text": (str, Rule.TEXT_UNBOUNDED, "$.x"),
    "free text in a list": (Annotated[list[str], Field(max_length=3)], Rule.TEXT_UNBOUNDED, "$.x[*]"),
    "free text in a part that contains itself": (Node, Rule.TEXT_UNBOUNDED, "$.x.name"),
    "a pattern without an end": (Annotated[str, Field(pattern="^[A-Z]+$")], Rule.TEXT_UNBOUNDED, "$.x"),
    "a pattern held at one end": (Annotated[str, Field(pattern="^[A-Z]{3}")], Rule.TEXT_UNBOUNDED, "$.x"),
    "anything": (Any, Rule.TEXT_UNBOUNDED, "$.x"),
    "a list without an end": (tuple[Token, ...], Rule.LIST_UNBOUNDED, "$.x"),
    "a free map": (dict[str, int], Rule.MAP_UNBOUNDED, "$.x"),
    "a map of many": (dict[Token, int], Rule.MAP_UNBOUNDED, "$.x"),
    "a float": (float, Rule.NUMBER_IN_JSON, "$.x"),
    "a local time": (AwareDatetime, Rule.FORM_UNKNOWN, "$.x"),
    "a forbidding part": (FORBIDDING, Rule.READER_FORBIDS_UNKNOWN, "$.x"),
    "an open side": (Side | Token, Rule.WORDS_MUST_BE_CLOSED, "$.x"),
    "undeclared open words": (Literal["a"] | Token, Rule.OPEN_WORDS_UNDECLARED, "$.x"),
    "null demanded": (Token | None, Rule.NULL_DEMANDED, "$.x"),
    "a hidden default": ((Token, Field(default_factory=lambda: "a")), Rule.DEFAULT_HIDDEN, "$.x"),
    "an unknown keyword": (
        Annotated[Token, Field(json_schema_extra={"not": {}})],
        Rule.UNSUPPORTED_KEYWORD,
        "$.x",
    ),
}


def findings(shape: Shape) -> list[tuple[Rule, str]]:
    contract = contract_of_class(event_class(shape), "trial.row.changed")
    return [(found.rule, found.path) for found in lint(contract) if found.path != "$.schema_version"]


@pytest.mark.parametrize("what", BAD)
def test_each_rule_speaks(what: str) -> None:
    kind, rule, path = BAD[what]
    assert (rule, path) in findings(Shape({"x": kind}))


@pytest.mark.parametrize("name", ["api_key", "broker_password", "session_token", "seed"])
def test_names_of_secrets_are_refused(name: str) -> None:
    assert findings(Shape({name: Token})) == [(Rule.SECRET_NAMED, f"$.{name}")]


def test_a_field_that_promises_closed_words_keeps_it() -> None:
    assert findings(Shape({"side": Token})) == [(Rule.WORDS_MUST_BE_CLOSED, "$.side")]


def test_a_key_must_be_in_the_body() -> None:
    shape = Shape({"x": (Token | None, None)}, {"KEYS": ("account", "x", "y")})
    assert findings(shape) == [(Rule.KEY_NOT_SENT, "$.x"), (Rule.KEY_NOT_SENT, "$.y")]


def test_what_keeps_to_policy_passes() -> None:
    good = {
        "side": Side,
        "price": (Price | None, None),
        "note": (Text, ""),
        "at": UtcTime,
        "input_tokens": (int, 0),
        "sizes": Annotated[tuple[Price, ...], Field(max_length=4)],
        "by_side": dict[Side, int],
        "by_name": Annotated[dict[Token, int], Field(max_length=4)],
        "code": Annotated[str, Field(pattern="^[A-Z]{3}$")],
    }
    assert findings(Shape(good)) == []


def test_frozen_contracts_pass_or_are_waived_and_every_waiver_is_needed() -> None:
    contracts = [contract for versions in frozen_contracts().values() for contract in versions]
    assert [str(found) for contract in contracts for found in unwaived(contract)] == []
    needed = {
        (found.rule, (name, found.path))
        for contract in contracts
        for found in lint(contract)
        for name in ("*", contract.event_type)
    }
    assert set(WAIVERS) <= needed
    assert all(len(reason) > 20 for reason in WAIVERS.values())


def test_the_lists_of_closed_words_name_what_exists() -> None:
    contracts = [contract for versions in frozen_contracts().values() for contract in versions]
    names = {name for contract in contracts for name in contract.reader.get("$defs", {})}
    fields = {name for contract in contracts for name in contract.reader["properties"]}
    parts = {
        name
        for contract in contracts
        for part in contract.reader.get("$defs", {}).values()
        for name in part.get("properties", {})
    }
    assert names >= CLOSED_WORDS
    assert fields | parts >= CLOSED_FIELDS
