"""Each rule of the verification is shown by one wrong contract, and by nothing said of the right one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from at_core.contracts.consumers.model import ANY, Contract, Reading, Writing
from at_core.contracts.consumers.shape import shape_of
from at_core.contracts.consumers.verify import RULES, verify
from at_core.contracts.frozen import FrozenContract, frozen_contracts

FILL = "trading.execution.fill"
REGISTRY = frozen_contracts()
READS = Reading(
    member="at-desk",
    role="desk",
    event_type=FILL,
    durables=("desk-fills",),
    mode="observe",
    majors=(1,),
    fields=("account", "broker", "side", "status", "type"),
    values={"side": ("BUY", "SELL"), "status": ANY},
)
WRITES = Writing("at-exec-sim", "engine", FILL, (1,), ("account", "broker"))


def rules(reads: Reading = READS, *writes: Writing, registry: Any = REGISTRY) -> list[tuple[str, str]]:
    contracts = [Contract("at-desk", (reads,)), Contract("at-exec-sim", (), writes or (WRITES,))]
    return [(one.rule, one.detail) for one in verify(contracts, registry)]


def test_a_contract_that_fits_leads_to_nothing() -> None:
    assert rules() == []


def only(found: list[tuple[str, str]]) -> tuple[str, str]:
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("rule", "says", "changes"),
    [
        ("UNKNOWN_MAJOR", "major 7; frozen: 1", {"majors": (1, 7)}),
        ("UNKNOWN_FIELD", "did you mean fee", {"fields": (*READS.fields, "fees")}),
        ("UNKNOWN_FIELD", "has no fields of its own", {"fields": (*READS.fields, "fee.*")}),
        ("VALUE_UNKNOWN", "side = BYU; did you mean BUY", {"values": {"side": ("BUY", "SELL", "BYU"), "status": ANY}}),
        ("VALUE_NOT_HANDLED", "side = SELL", {"values": {"side": ("BUY",), "status": ANY}}),
        ("VALUES_MISSING", 'status; say which of ACKNOWLEDGED', {"values": {"side": ("BUY", "SELL")}}),
        ("OPTIONAL_NEVER_FILLED", "slippage", {"fields": (*READS.fields, "slippage")}),
    ],
)  # fmt: skip
def test_a_wrong_reading_is_found_by_its_rule(rule: str, says: str, changes: dict[str, Any]) -> None:
    found, detail = only(rules(replace(READS, **changes)))
    assert found == rule
    assert says in detail


def test_an_unknown_type_is_named_with_the_nearest() -> None:
    unknown = replace(READS, event_type="trading.execution.fil")
    assert rules(unknown)[0] == (
        "UNKNOWN_TYPE",
        "did you mean trading.execution.fill, trading.execution.submitted, trading.execution.updated?",
    )


def test_values_of_a_field_without_a_vocabulary_are_a_mistake() -> None:
    wrong = replace(READS, values={**READS.values, "account": ("paper",)})
    assert only(rules(wrong))[0] == "VALUE_UNKNOWN"


def test_a_type_that_nobody_writes_is_found() -> None:
    other = Writing("at-exec-sim", "engine", "heartbeat.engine", (1,))
    assert only(rules(READS, other))[0] == "NOT_PRODUCED"


def test_a_writer_of_another_role_or_of_what_is_no_option_is_found() -> None:
    assert only(rules(READS, replace(WRITES, role="gate"))) == (
        "PRODUCER_DIFFERS",
        "the registry gives it to engine",
    )
    wrong = replace(WRITES, fills=(*WRITES.fills, "fee", "feee"))
    assert [rule for rule, _ in rules(READS, wrong)] == ["FILLS_REQUIRED", "UNKNOWN_FIELD"]


def test_heartbeats_belong_to_the_role_in_their_name() -> None:
    beat = replace(READS, event_type="heartbeat.gate", fields=("timestamp",), values={})
    assert rules(beat, Writing("at-exec-sim", "gate", "heartbeat.gate", (1,))) == []
    assert only(rules(beat, Writing("at-obs", "obs", "heartbeat.gate", (1,))))[0] == "PRODUCER_DIFFERS"


def changed(version: str, edit: Any) -> dict[str, tuple[FrozenContract, ...]]:
    """The registry with one more version of the fill, edited."""
    newest = REGISTRY[FILL][-1]
    schema = json.loads(json.dumps(newest.writer))
    edit(schema)
    return {**REGISTRY, FILL: (*REGISTRY[FILL], replace(newest, version=version, writer=schema))}


def test_a_field_that_went_is_told_from_one_that_never_was() -> None:
    registry = changed("2.0", lambda schema: schema["properties"].pop("broker"))
    reads = replace(READS, majors=(1, 2))
    found = rules(reads, replace(WRITES, majors=(1, 2), fills=("account",)), registry=registry)
    assert only(found)[0] == "FIELD_GONE"


def test_a_new_value_of_a_vocabulary_names_every_consumer_that_does_not_handle_it() -> None:
    registry = changed("1.2", lambda schema: schema["$defs"]["Side"]["enum"].append("SHORT"))
    assert only(rules(registry=registry)) == ("VALUE_NOT_HANDLED", "side = SHORT")


def test_a_new_major_names_every_consumer_that_does_not_read_it() -> None:
    registry = changed("2.0", lambda schema: None)
    found = rules(READS, replace(WRITES, majors=(1, 2)), registry=registry)
    assert only(found) == ("MAJOR_NOT_READ", "at-exec-sim (engine) can write major 2")


def test_lists_of_parts_and_parts_taken_whole_are_fields() -> None:
    ruled = replace(
        READS,
        event_type="trading.risk.held",
        fields=("checks[].code", "checks[].*", "plan.*", "plan.intent.symbol"),
        values={},
    )
    assert rules(ruled, Writing("at-exec-sim", "gate", "trading.risk.held", (1,))) == []
    wrong = replace(ruled, fields=("checks.code",))
    assert only(rules(wrong, Writing("at-exec-sim", "gate", "trading.risk.held", (1,))))[0] == "UNKNOWN_FIELD"


def test_every_field_of_every_frozen_version_has_its_shape() -> None:
    for versions in REGISTRY.values():
        for version in versions:
            shape = shape_of(version.writer)
            assert set(version.writer["properties"]) <= set(shape)
    held = shape_of(REGISTRY["trading.risk.held"][-1].writer)
    assert held["plan"].part
    assert held["plan.intent.side"].values == ("BUY", "SELL")
    assert not held["checks[].code"].optional
    assert held["plan.risk_model.stop_loss"].optional


def test_every_rule_has_its_sentence() -> None:
    assert all(sentence for sentence in RULES.values())
    assert len(set(RULES.values())) == len(RULES)


def test_a_team_that_holds_its_own_contract_alone_gets_a_note_and_no_error() -> None:
    (found,) = verify([Contract("at-desk", (READS,))], REGISTRY)
    assert (found.rule, found.severity) == ("PRODUCER_NOT_SEEN", "note")
    assert "of engine" in found.detail
