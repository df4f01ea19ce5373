"""The schema verbs on the shipped registry."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from at_core.cli import main
from at_core.cli.git_registry import touched_since
from at_core.contracts.compat.rules import Rule
from at_core.contracts.frozen import frozen_folder


def test_diff_says_what_changed_for_people_and_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "diff", "trading.execution.fill@1.0", "trading.execution.fill@1.1"]) == 0
    text = capsys.readouterr().out
    assert "1.0 -> 1.1: minor" in text
    assert "FIELD_OPTIONAL_ADDED at $.broker" in text
    assert main(["schema", "diff", "trading.execution.fill@1.0", "trading.execution.fill@1.1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"] == "minor"
    assert result["lawful"]
    assert result["findings"][0]["path"] == "$.broker"


def test_diff_of_files_ends_1_when_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = Path(str(frozen_folder())) / "market.raw" / "1.0" / "contract.json"
    document = json.loads(old.read_text())
    document["reader"]["required"].append("interval")
    document["version"] = "1.1"
    new = tmp_path / "contract.json"
    new.write_text(json.dumps(document))
    assert main(["schema", "diff", str(old), str(new)]) == 1
    text = capsys.readouterr().out
    assert "FIELD_MADE_REQUIRED (backward) at $.interval" in text
    assert "too small" in text


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["market.raw@7.0", "market.raw@1.0"], "versions of 'market.raw': 1.0"),
        (["market.raw@1.0", "market.row@current"], "market.row@current is not known"),
        (["market.row@1.0", "market.raw@1.0"], "'market.row' is no event type"),
        (["market.raw@1.0", "trading.execution.fill@1.0"], "two types"),
        (["market.raw@1.0", "nowhere.json"], "is no contract"),
    ],
)
def test_a_wrong_call_ends_2_and_says_what_there_is(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "diff", *words]) == 2
    assert hint in capsys.readouterr().err


def test_rules_are_listed_with_sentence_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "rules"]) == 0
    text = capsys.readouterr().out
    assert all(rule in text for rule in Rule)
    assert main(["schema", "rules", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(Rule)


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, timeout=60)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """The shipped registry as the first commit of a repository."""
    place = tmp_path / "tree" / "registry"
    shutil.copytree(Path(str(frozen_folder())), place)
    git(tmp_path, "init", "--quiet", "tree")
    git(tmp_path / "tree", "add", ".")
    git(tmp_path / "tree", "commit", "--quiet", "-m", "frozen")
    return place


def test_check_passes_on_what_is_shipped(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "check", "--registry", str(registry), "--against", "HEAD"]) == 0
    assert "ok" in capsys.readouterr().out
    assert main(["schema", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}


def test_check_against_a_commit_notices_what_was_touched(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when model, file and digest were changed together, so that nothing but the older commit can tell."""
    place = registry / "market.raw" / "1.0"
    (place / "SHA256SUMS").write_text("".join((place / "SHA256SUMS").read_text().splitlines(True)[1:]))
    (place / "contract.json").write_text("{}")
    (registry / "trading.signal.created" / "1.0" / "samples" / "full.json").unlink()
    touched = [(one.version, one.detail.split(";")[0]) for one in touched_since("HEAD", registry)]
    assert touched == [
        ("1.0", "SHA256SUMS differs"),
        ("1.0", "contract.json differs"),
        ("1.0", "samples/full.json is gone"),
    ]
    assert capsys.readouterr().out == ""


def test_what_is_only_added_touches_nothing(registry: Path) -> None:
    place = registry / "market.raw" / "1.0"
    (place / "samples" / "new.json").write_text("{}\n")
    with (place / "SHA256SUMS").open("a") as sums:
        sums.write("0" * 64 + "  samples/new.json\n")
    assert list(touched_since("HEAD", registry)) == []


def test_check_names_rule_and_path_for_machines(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = registry / "trading.execution.fill" / "1.0" / "contract.json"
    document = json.loads(place.read_text())
    for side in ("reader", "writer"):
        document[side]["properties"]["fee"] = {"type": "integer"}
    place.write_text(json.dumps(document))
    words = ["schema", "check", "--registry", str(registry), "--against", "HEAD", "--json"]
    assert main(words) == 1
    result = json.loads(capsys.readouterr().out)
    assert not result["ok"]
    assert {"FROZEN_TOUCHED", "TYPE_CHANGED"} <= {problem["rule"] for problem in result["problems"]}
    [found] = [problem for problem in result["problems"] if problem["rule"] == "TYPE_CHANGED"]
    assert (found["against"], found["path"], found["direction"]) == ("1.0", "$.fee", "both")


@pytest.mark.parametrize("reference", ["no-such-branch", "--output=x"])
def test_check_against_an_unknown_commit_is_a_wrong_call(
    registry: Path, reference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "check", "--registry", str(registry), f"--against={reference}"]) == 2
    assert reference in capsys.readouterr().err


def test_freeze_writes_what_is_missing_and_refuses_what_breaks(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = registry / "trading.execution.fill" / "1.1"
    shutil.rmtree(newest)
    assert main(["schema", "freeze", "--registry", str(registry)]) == 0
    assert "froze trading.execution.fill/1.1/contract.json" in capsys.readouterr().out
    assert list(touched_since("HEAD", registry)) == []
    shutil.rmtree(newest)
    old = registry / "trading.execution.fill" / "1.0" / "contract.json"
    document = json.loads(old.read_text())
    document["reader"]["required"].append("broker")
    old.write_text(json.dumps(document))
    assert main(["schema", "freeze", "--registry", str(registry)]) == 1
    assert not newest.exists()
