"""Records and verdicts: what wheels offered, the least version that may follow, and what a tree says of itself."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from at_core.cli import main
from at_core.contracts.frozen import frozen_contracts
from at_core.contracts.release.record import Record, load_records, record_of_project, record_of_wheel, store
from at_core.contracts.release.rules import Step
from at_core.contracts.release.verdict import differences, judge, least_version
from at_core.errors import ConfigurationError

PROJECT = Path(__file__).parents[2]
WHEELS = PROJECT / "tests" / "interop" / "wheels"
EVENT: dict[str, Any] = {"newest": "1.1", "readable": ["1.0", "1.1"], "frozen": {"1.0": "aa", "1.1": "bb"}}
# Any frozen minors of one major that differ in nothing: what is judged of them stands in test_release_schemas.py.
FROZEN = {
    "trading.signal.created": tuple(
        replace(frozen_contracts()["trading.signal.created"][0], version=version)
        for version in ("1.0", "1.1", "1.2", "2.0")
    )
}
BASE = Record(
    "0.3.0",
    {"at_core.room": {"act": "def (a: int) -> None"}},
    {"trading.signal.created": EVENT},
    "e" * 64,
    {"at-core": "at_core.cli:main"},
)
SECTION = "# Changelog\n\n## [Unreleased]\n\n## [0.4.0]\n\n- {}\n\n## [0.3.0]\n"


def event(**changed: Any) -> dict[str, Any]:
    return {"trading.signal.created": {**EVENT, **changed}}


CHANGES: dict[str, tuple[dict[str, Any], str, Step]] = {
    "nothing": ({}, "", Step.PATCH),
    "a type came": ({"events": {**event(), "x.y": EVENT}}, "EVENT_TYPE_ADDED", Step.MINOR),
    "a type went": ({"events": {}}, "EVENT_TYPE_REMOVED", Step.MAJOR),
    "a minor came": (
        {"events": event(newest="1.2", readable=["1.0", "1.1", "1.2"])},
        "EVENT_MINOR_ADDED",
        Step.MINOR,
    ),
    "a major came, the old one is read": (
        {"events": event(newest="2.0", readable=["1.0", "1.1", "2.0"])},
        "EVENT_MAJOR_ADDED",
        Step.MINOR,
    ),
    "a major came, the old one is not read": (
        {"events": event(newest="2.0", readable=["2.0"])},
        "EVENT_MAJOR_ADDED EVENT_VERSION_UNREADABLE",
        Step.MAJOR,
    ),
    "a frozen contract changed": (
        {"events": event(frozen={"1.0": "aa", "1.1": "xx"})},
        "FROZEN_CONTRACT_CHANGED",
        Step.NEVER,
    ),
    "the envelope changed": ({"envelope": "f" * 64}, "ENVELOPE_CHANGED", Step.MAJOR),
    "a command came": ({"scripts": {**BASE.scripts, "at": "x:y"}}, "SCRIPT_ADDED", Step.MINOR),
    "a command went": ({"scripts": {}}, "SCRIPT_REMOVED", Step.MAJOR),
    "a command starts elsewhere": ({"scripts": {"at-core": "at_core.door:main"}}, "", Step.PATCH),
    "a module came": ({"names": {**BASE.names, "at_core.new": {}}}, "MODULE_ADDED", Step.MINOR),
    "a module went": ({"names": {}}, "MODULE_REMOVED", Step.MAJOR),
}


@pytest.mark.parametrize(("changed", "rules", "step"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_asks_for_its_step(changed: dict[str, Any], rules: str, step: Step) -> None:
    found = differences(BASE, replace(BASE, **changed), FROZEN)
    assert {one.rule for one in found} == {*rules.split()}
    assert max((one.step for one in found), default=Step.PATCH) is step


@pytest.mark.parametrize(
    ("old", "patch", "minor", "major"),
    [
        ("0.2.0", "0.2.1", "0.2.1", "0.3.0"),
        ("0.9.4", "0.9.5", "0.9.5", "0.10.0"),
        ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
    ],
)
def test_the_least_version_that_may_follow(old: str, patch: str, minor: str, major: str) -> None:
    assert [least_version(old, step) for step in (Step.PATCH, Step.MINOR, Step.MAJOR)] == [
        patch,
        minor,
        major,
    ]


def judged(version: str, changelog: str, **changed: Any) -> tuple[str, ...]:
    records = {"0.2.0": replace(BASE, version="0.2.0", names={}), "0.3.0": BASE}
    return judge(replace(BASE, version=version, **changed), records, FROZEN, changelog).problems


def test_a_version_that_is_too_low_is_named_with_the_one_it_must_have() -> None:
    (problem,) = judged(
        "0.3.1", SECTION.format("`act` went").replace("0.4.0", "0.3.1"), names={"at_core.room": {}}
    )
    assert "must be at least 0.4.0" in problem
    assert judged("0.4.0", SECTION.format("`act` went"), names={"at_core.room": {}}) == ()


def test_what_breaks_is_told_in_the_changelog_by_its_own_name() -> None:
    (problem,) = judged("0.4.0", SECTION.format("acts and reacts"), names={"at_core.room": {}})
    assert "does not mention `act`" in problem
    told = "trading.signal.created is read from major 2 on"
    assert judged("0.4.0", SECTION.format(told), events=event(newest="2.0", readable=["2.0"])) == ()
    waiting = SECTION.format("nothing").replace("[Unreleased]\n", "[Unreleased]\n\n- act went\n")
    assert judged("0.4.0", waiting, names={"at_core.room": {}}) == ()


def test_a_version_without_a_section_is_named() -> None:
    assert judged("0.3.1", SECTION) == ("CHANGELOG.md has no section [0.3.1]; write one",)


def test_a_released_version_does_not_change_afterwards() -> None:
    assert judged("0.3.0", SECTION) == ()
    (problem,) = judged(
        "0.3.0", SECTION, names={"at_core.room": {**BASE.names["at_core.room"], "more": "value = 1"}}
    )
    assert "0.3.0 is released" in problem
    assert "at least 0.3.1" in problem


def test_a_version_below_a_release_is_refused() -> None:
    assert any("0.3.0 is released already" in problem for problem in judged("0.2.1", SECTION))


def test_no_version_permits_another_text_of_a_frozen_contract() -> None:
    problems = judged("9.0.0", SECTION.replace("0.4.0", "9.0.0"), events=event(frozen={"1.0": "aa"}))
    assert any("FROZEN_CONTRACT_CHANGED" in problem for problem in problems)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_the_records_are_what_the_wheels_give(version: str) -> None:
    record = record_of_wheel(WHEELS / f"at_core-{version}-py3-none-any.whl")
    path = PROJECT / "src" / "at_core" / "data" / "releases" / f"{version}.json"
    assert record.as_bytes() == path.read_bytes()


def test_the_history_of_this_package_is_told_as_it_was() -> None:
    records = load_records(PROJECT)
    found = differences(records["0.1.0"], records["0.2.0"], frozen_contracts())
    told = {(one.rule, one.place) for one in found}
    assert ("EVENT_MINOR_ADDED", "trading.execution.fill") in told
    assert ("FIELD_OPTIONAL_ADDED", "trading.execution.fill") in told
    assert ("FIELD_OPTIONAL_ADDED", "at_core.events.fill.FillRecorded.broker") in told
    assert ("NAME_REMOVED", "at_core.contracts.golden.golden_bytes") in told
    assert least_version("0.1.0", max(one.step for one in found)) == "0.2.0"


def test_a_record_is_written_once(tmp_path: Path) -> None:
    assert store(BASE, tmp_path) is not None
    assert store(BASE, tmp_path) is None
    assert load_records(tmp_path) == {"0.3.0": BASE}
    with pytest.raises(ConfigurationError, match="never changes"):
        store(replace(BASE, envelope="f" * 64), tmp_path)


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"form": 1, "version": "0.4.0"}'])
def test_a_damaged_record_is_named(tmp_path: Path, damage: str) -> None:
    path = store(BASE, tmp_path)
    assert path is not None
    path.write_text(damage)
    with pytest.raises(ConfigurationError, match=r"0\.3\.0\.json"):
        load_records(tmp_path)


@pytest.mark.parametrize("text", ["0.3", "0.3.0rc1", "v1.2.3", "1.2.x"])
def test_another_form_of_version_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="three numbers"):
        least_version(text, Step.PATCH)


def test_the_verbs_answer_by_their_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "at-core"
    shutil.copytree(PROJECT / "src", home / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy2(PROJECT / name, home / name)
    assert main(["release-check", "--project", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["good"] is True

    clock = home / "src" / "at_core" / "clock.py"
    clock.write_text(clock.read_text().replace('"ManualClock", ', ""))
    assert main(["release-check", "--project", str(home)]) == 1
    assert "NAME_REMOVED at_core.clock.ManualClock" in capsys.readouterr().out

    wheel = WHEELS / "at_core-0.2.0-py3-none-any.whl"
    assert main(["release-record", "--project", str(home), "--wheel", str(wheel)]) == 0
    assert "recorded already" in capsys.readouterr().out
    shutil.rmtree(home / "src" / "at_core" / "data" / "releases")
    assert main(["release-check", "--project", str(home)]) == 2
    assert main(["release-check", "--project", str(tmp_path)]) == 2
    assert main(["release-record", "--project", str(home), "--wheel", str(home / "CHANGELOG.md")]) == 2


def test_models_that_cannot_be_imported_are_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "src" / "at_core").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "at-core"\nversion = "0.3.0"\n')
    with pytest.raises(ConfigurationError, match="cannot be imported"):
        record_of_project(tmp_path)
