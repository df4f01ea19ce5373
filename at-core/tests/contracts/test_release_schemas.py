"""Schemas of releases: one judgment, that of the compatibility checker, and what each change asks of the package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from at_core.cli import main
from at_core.contracts.compat.comparison import compare
from at_core.contracts.frozen import FrozenContract, frozen_contracts
from at_core.contracts.release.record import load_records
from at_core.contracts.release.rules import Finding, Step
from at_core.contracts.release.schemas import SchemaFinding, frozen_of_project, schema_findings
from at_core.errors import ConfigurationError

PROJECT = Path(__file__).parents[2]
TYPE = "trading.signal.created"
FIRST = frozen_contracts()[TYPE][0]
MORE = {"anyOf": [{"type": "string", "maxLength": 8}, {"type": "null"}], "default": None}


def contract(version: str, required: tuple[str, ...] = (), **fields: Mapping[str, Any]) -> FrozenContract:
    """The first contract with more fields."""

    def more(schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = {**schema["properties"], **fields}
        return {**schema, "properties": properties, "required": [*schema["required"], *required]}

    return replace(FIRST, version=version, reader=more(FIRST.reader), writer=more(FIRST.writer))


def events(newest: str, *readable: str) -> dict[str, Any]:
    return {TYPE: {"newest": newest, "readable": list(readable), "frozen": {}}}


def found(old: str, new: dict[str, Any], *versions: FrozenContract) -> list[Finding]:
    return list(schema_findings(events(old, old), new, {TYPE: versions}))


def rules(findings: list[Finding]) -> set[tuple[str, Step]]:
    return {(one.rule, one.step) for one in findings}


def test_an_optional_field_in_a_new_minor_is_a_minor_with_its_path() -> None:
    findings = found("1.0", events("1.1", "1.0", "1.1"), FIRST, contract("1.1", more=MORE))
    assert rules(findings) == {("EVENT_MINOR_ADDED", Step.MINOR), ("FIELD_OPTIONAL_ADDED", Step.MINOR)}
    (schema,) = (one for one in findings if isinstance(one, SchemaFinding))
    assert (schema.path, schema.place, schema.old, schema.new) == ("$.more", TYPE, "1.0", "1.1")
    assert "at $.more" in str(schema)
    assert schema.as_json()["path"] == "$.more"


def test_a_demanded_field_inside_a_major_breaks_and_is_told_once_against_each_minor() -> None:
    broken = contract("1.2", ("must",), must={"type": "string", "maxLength": 8})
    findings = found("1.1", events("1.2", "1.0", "1.1", "1.2"), FIRST, replace(FIRST, version="1.1"), broken)
    breaking = [(one.rule, one.old, one.step) for one in findings if one.breaking]
    assert breaking == [
        ("FIELD_REQUIRED_ADDED", "1.1", Step.MAJOR),
        ("FIELD_REQUIRED_ADDED", "1.0", Step.MAJOR),
    ]


def test_a_new_major_covers_the_same_change_while_the_old_one_is_read() -> None:
    broken = contract("2.0", ("must",), must={"type": "string", "maxLength": 8})
    read = rules(found("1.0", events("2.0", "1.0", "2.0"), FIRST, broken))
    assert read == {("EVENT_MAJOR_ADDED", Step.MINOR), ("FIELD_REQUIRED_ADDED", Step.MINOR)}
    unread = rules(found("1.0", events("2.0", "2.0"), FIRST, broken))
    assert ("FIELD_REQUIRED_ADDED", Step.MAJOR) in unread


def test_what_not_even_a_new_major_permits_has_no_version() -> None:
    envelope = contract("2.0", trace_id={"type": "integer"})
    assert ("ENVELOPE_CHANGED", Step.NEVER) in rules(
        found("1.0", events("2.0", "1.0", "2.0"), FIRST, envelope)
    )


def test_a_minor_beside_a_new_major_is_judged_too() -> None:
    broken = contract("1.1", ("must",), must={"type": "string", "maxLength": 8})
    second = replace(FIRST, version="2.0")
    findings = found("1.0", events("2.0", "1.0", "1.1", "2.0"), FIRST, broken, second)
    assert [(one.rule, one.new) for one in findings if one.breaking] == [("FIELD_REQUIRED_ADDED", "1.1")]


def test_a_contract_that_policy_refuses_has_no_version() -> None:
    endless = contract("1.1", more={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None})
    assert ("TEXT_UNBOUNDED", Step.NEVER) in rules(found("1.0", events("1.1", "1.0", "1.1"), FIRST, endless))


def test_a_version_nobody_froze_and_one_that_went_back_are_told() -> None:
    assert ("EVENT_NOT_FROZEN", Step.NEVER) in rules(found("1.0", events("1.1", "1.0", "1.1"), FIRST))
    back = rules(found("1.1", events("1.0", "1.0"), FIRST, replace(FIRST, version="1.1")))
    assert back == {("EVENT_VERSION_WENT_BACK", Step.NEVER)}


def test_the_words_are_those_of_the_checker() -> None:
    """The real history: every finding of the checker between the released and the newest version, no other."""
    old = load_records(PROJECT)["0.1.0"].events
    frozen = frozen_contracts()
    new = {
        name: {"newest": versions[-1].version, "readable": [one.version for one in versions], "frozen": {}}
        for name, versions in frozen.items()
    }
    told = {
        (one.place, one.rule, one.path, one.what, one.direction)
        for one in schema_findings(old, new, frozen)
        if isinstance(one, SchemaFinding)
    }
    expected = set()
    for name, entry in old.items():
        first = next(one for one in frozen[name] if one.version == entry["newest"])
        for one in compare(first, frozen[name][-1]).findings:
            expected.add((name, one.rule.value, one.path, one.what, one.direction))
    assert told == expected
    assert {name for name, *_ in told} >= {"intake.alert.quarantined", "trading.execution.fill"}


def test_the_verb_shows_rules_and_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "at-core"
    shutil.copytree(PROJECT / "src", home / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy2(PROJECT / name, home / name)
    assert main(["release-check", "--project", str(home), "--all"]) == 0
    assert "MINOR FIELD_REQUIRED_ADDED (backward) intake.alert.quarantined 1.0 -> 2.0 at $.body_encoding" in (
        capsys.readouterr().out
    )
    assert main(["release-check", "--project", str(home), "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    (encoding,) = (one for one in findings if one.get("path") == "$.body_encoding")
    assert (encoding["rule"], encoding["step"], encoding["new"]) == ("FIELD_REQUIRED_ADDED", "MINOR", "2.0")

    # The same field demanded inside a major breaks somebody.
    place = home / "src" / "at_core" / "data" / "registry" / "intake.alert.quarantined"
    second = json.loads((place / "2.0" / "contract.json").read_bytes())
    (place / "1.1").mkdir()
    (place / "1.1" / "contract.json").write_text(json.dumps({**second, "version": "1.1"}))
    main(["release-check", "--project", str(home)])
    assert (
        "MAJOR FIELD_REQUIRED_ADDED (backward) intake.alert.quarantined 1.0 -> 1.1" in capsys.readouterr().out
    )


def test_a_damaged_contract_is_a_wrong_call(tmp_path: Path) -> None:
    assert frozen_of_project(tmp_path) == {}
    place = tmp_path / "src" / "at_core" / "data" / "registry" / TYPE / "1.0"
    place.mkdir(parents=True)
    (place / "contract.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="damaged"):
        frozen_of_project(tmp_path)
