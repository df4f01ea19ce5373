"""Who reads a type or a field, what breaks when it goes, and how the command line says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from at_core.cli import main
from at_core.contracts.consumers import load
from at_core.contracts.consumers.model import Contract, Reading, covers
from at_core.contracts.consumers.readers import breaks, find_field, who_reads
from at_core.contracts.frozen import frozen_contracts
from at_core.errors import ConfigurationError

PROPOSAL = "trading.proposal.created"
REGISTRY = frozen_contracts()


def reading(member: str, *fields: str, whole: bool = False, event_type: str = PROPOSAL) -> Reading:
    return Reading(
        member, member.removeprefix("at-"), event_type, (f"{member}-queue",), "react", (1,), fields, whole
    )


CONTRACTS = tuple(
    Contract(one.member, (one,))
    for one in (
        reading("at-gate", "plan.*", "plan.intent.side", "account"),
        reading("at-desk", "plan.intent.side", "account"),
        reading("at-audit", "account", whole=True),
        reading("at-other", "account", event_type="market.raw"),
    )
)


def names(field: str | None) -> list[tuple[str, str]]:
    return [(one.member, one.how) for one in who_reads(PROPOSAL, field, CONTRACTS)]


def test_a_type_is_read_by_all_who_declare_it() -> None:
    assert names(None) == [("at-audit", "named"), ("at-desk", "named"), ("at-gate", "named")]


def test_a_field_is_read_by_those_who_name_it_and_missed_by_those_who_keep_the_whole() -> None:
    assert names("account") == [("at-audit", "named"), ("at-desk", "named"), ("at-gate", "named")]
    assert names("plan.intent.side") == [("at-desk", "named"), ("at-gate", "named"), ("at-audit", "whole")]
    assert names("plan.quantity") == [("at-gate", "named"), ("at-audit", "whole")]
    assert names("plan") == [("at-desk", "named"), ("at-gate", "named"), ("at-audit", "whole")]
    assert names("rationale") == [("at-audit", "whole")]


@pytest.mark.parametrize(
    ("declared", "path", "does"),
    [
        ("plan.*", "plan", True),
        ("plan.*", "plan.intent.side", True),
        ("plan.intent.*", "plan", True),
        ("plan.*", "plan_id", False),
        ("checks[].code", "checks", True),
        ("checks[].*", "checks[].code", True),
        ("side", "side", True),
        ("plan.intent", "plan.intent_other", False),
    ],
)
def test_a_declared_path_covers_what_it_speaks_of(declared: str, path: str, does: bool) -> None:
    assert covers(declared, path) is does


def test_what_breaks_is_who_names_a_changed_field_and_by_which_of_its_own() -> None:
    found = breaks(
        [(PROPOSAL, "plan.intent.side"), (PROPOSAL, "account"), (PROPOSAL, "rationale")], CONTRACTS
    )
    assert [(one.member, one.fields) for one in found] == [
        ("at-audit", ("account",)),
        ("at-desk", ("account", "plan.intent.side")),
        ("at-gate", ("account", "plan.*", "plan.intent.side")),
    ]
    assert breaks([(PROPOSAL, "rationale")], CONTRACTS) == ()


def test_a_question_is_split_at_the_longest_known_type() -> None:
    assert find_field(PROPOSAL, REGISTRY) == (PROPOSAL, None)
    assert find_field(f"{PROPOSAL}.plan.intent.side", REGISTRY) == (PROPOSAL, "plan.intent.side")
    assert find_field("trading.risk.held.checks[].code", REGISTRY) == ("trading.risk.held", "checks[].code")


@pytest.mark.parametrize(
    ("question", "near"),
    [("trading.proposal.creatd", PROPOSAL), (f"{PROPOSAL}.plan.intent.sid", "plan.intent.side")],
)
def test_an_unknown_name_is_answered_with_the_nearest(question: str, near: str) -> None:
    with pytest.raises(ConfigurationError, match=near):
        find_field(question, REGISTRY)


READS = f"""
member = "at-desk"
[desk."{PROPOSAL}"]
durables = ["desk-proposals"]
mode = "react"
majors = [1]
fields = ["account", "plan.intent.side"]
values = {{ "plan.intent.side" = ["BUY", "SELL"] }}
"""
WRITES = f"""
member = "at-desk"
[agents."{PROPOSAL}"]
majors = [1]
fills = ["account"]
"""


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One contract in a folder, and none installed."""
    monkeypatch.setattr(load, "installed_contracts", lambda: ())
    (tmp_path / "consumes.toml").write_text(READS, encoding="utf-8")
    (tmp_path / "produces.toml").write_text(WRITES, encoding="utf-8")
    return tmp_path


def test_the_command_says_who_reads_a_field(contracts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["who-reads", f"{PROPOSAL}.plan.intent.side", "--contracts", str(contracts)]) == 0
    shown = capsys.readouterr().out
    assert "at-desk" in shown
    assert "desk-proposals" in shown
    assert main(["who-reads", f"{PROPOSAL}.rationale", "--contracts", str(contracts)]) == 0
    assert capsys.readouterr().out == f"nobody reads {PROPOSAL}.rationale (asked: at-desk)\n"


def test_the_command_says_it_to_machines(contracts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["who-reads", PROPOSAL, "--json", "--contracts", str(contracts)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["type"], told["field"], told["members"]) == (PROPOSAL, None, ["at-desk"])
    assert [(one["role"], one["durables"]) for one in told["readers"]] == [("desk", ["desk-proposals"])]


def test_a_wrong_question_ends_two(contracts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["who-reads", "trading.proposal.creatd", "--contracts", str(contracts)]) == 2
    assert PROPOSAL in capsys.readouterr().err
    assert main(["who-reads", PROPOSAL]) == 2
    assert "--contracts DIR" in capsys.readouterr().err


def test_the_command_verifies(contracts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["contracts", "verify", "--contracts", str(contracts)]
    assert main(asked) == 0
    assert "at-desk: 1 readings, 1 writings, 0 errors, 0 notes" in capsys.readouterr().out
    (contracts / "consumes.toml").write_text(READS.replace('"SELL"', '"SEL"'), encoding="utf-8")
    assert main(asked) == 1
    shown = capsys.readouterr().out
    assert "ERROR VALUE_UNKNOWN: at-desk (desk)" in shown
    assert "ERROR VALUE_NOT_HANDLED: at-desk (desk)" in shown
    assert main([*asked, "--json"]) == 1
    rules = [one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]]
    assert rules == ["VALUE_UNKNOWN", "VALUE_NOT_HANDLED"]


def test_a_broken_contract_is_a_wrong_call(contracts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (contracts / "consumes.toml").write_text(READS.replace("majors", "major"), encoding="utf-8")
    assert main(["contracts", "verify", "--contracts", str(contracts)]) == 2
    assert "consumes.toml" in capsys.readouterr().err
