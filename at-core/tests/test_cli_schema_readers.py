"""The schema verbs say whom a breaking change concerns, and say so when they cannot know."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from at_core.cli import main
from at_core.contracts.consumers import load
from at_core.contracts.frozen import frozen_folder

DESK = """
member = "at-desk"

[desk."market.raw"]
durables = ["desk-bars"]
mode = "observe"
majors = [1]
fields = ["symbol", "interval"]
"""


@pytest.fixture(autouse=True)
def _nobody_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which members lie beside at-core is no matter of these tests."""
    monkeypatch.setattr(load, "installed_contracts", tuple)


@pytest.fixture
def desk(tmp_path: Path) -> str:
    place = tmp_path / "desk"
    place.mkdir()
    (place / "consumes.toml").write_text(DESK)
    return str(place)


@pytest.fixture
def versions(tmp_path: Path) -> tuple[str, str]:
    """A version, and a next one that demands ``interval``."""
    old = Path(str(frozen_folder())) / "market.raw" / "1.0" / "contract.json"
    document = json.loads(old.read_text())
    document["reader"]["required"].append("interval")
    document["version"] = "1.1"
    new = tmp_path / "contract.json"
    new.write_text(json.dumps(document))
    return str(old), str(new)


def test_diff_names_the_readers_of_what_breaks(
    versions: tuple[str, str], desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "diff", *versions, "--contracts", desk]) == 1
    assert "read by at-desk/desk (desk-bars, names interval)" in capsys.readouterr().out
    assert main(["schema", "diff", *versions, "--contracts", desk, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["readers_asked"], result["readers_unknown"]) == (["at-desk"], "")
    (found,) = result["findings"]
    (reader,) = found["readers"]
    assert (reader["member"], reader["durables"], reader["names"]) == ("at-desk", ["desk-bars"], ["interval"])


def test_without_contracts_the_readers_are_not_known(
    versions: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "diff", *versions]) == 1
    text = capsys.readouterr().out
    assert "who reads it is not known: no member" in text
    assert "read by" not in text
    assert main(["schema", "diff", *versions, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["findings"][0]["readers"] is None
    assert "no member" in result["readers_unknown"]


def test_a_type_that_nobody_reads_is_told(
    versions: tuple[str, str], tmp_path: Path, desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(desk) / "consumes.toml"
    place.write_text(DESK.replace("market.raw", "trading.execution.fill"))
    assert main(["schema", "diff", *versions, "--contracts", desk]) == 1
    assert "read by nobody (asked: at-desk)" in capsys.readouterr().out


def test_damaged_contracts_hide_no_verdict(
    versions: tuple[str, str], desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(desk) / "consumes.toml").write_text("member = ")
    assert main(["schema", "diff", *versions, "--contracts", desk]) == 1
    text = capsys.readouterr().out
    assert "FIELD_MADE_REQUIRED" in text
    assert "is no TOML" in text
    assert main(["schema", "diff", *versions, "--contracts", f"{desk}/nowhere"]) == 2


def test_what_breaks_nobody_asks_no_reader(desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trading.execution.fill@1.0", "trading.execution.fill@1.1"]
    assert main(["schema", "diff", *words, "--contracts", desk]) == 0
    assert "read by" not in capsys.readouterr().out


def test_check_names_the_readers_of_what_clashes(
    tmp_path: Path, desk: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(desk) / "consumes.toml").write_text(DESK.replace("market.raw", "trading.execution.fill"))
    registry = tmp_path / "registry"
    shutil.copytree(Path(str(frozen_folder())), registry)
    place = registry / "trading.execution.fill" / "1.0" / "contract.json"
    document = json.loads(place.read_text())
    # As if 1.0 had sent a number where 1.1 reads the name of an instrument.
    document["writer"]["properties"]["symbol"] = {"type": "integer"}
    place.write_text(json.dumps(document))
    words = ["schema", "check", "--registry", str(registry), "--contracts", desk]
    assert main(words) == 1
    assert "    read by at-desk/desk (desk-bars, names symbol)" in capsys.readouterr().out
    assert main([*words, "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    (breaking,) = (one for one in problems if one.get("effect") == "major")
    assert (breaking["rule"], breaking["path"]) == ("TYPE_CHANGED", "$.symbol")
    assert [reader["names"] for reader in breaking["readers"]] == [["symbol"]]
