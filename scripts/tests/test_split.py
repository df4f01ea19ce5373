"""Split: what a member's own repository holds, what is refused, and that nothing leads back into the workspace."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import split
from _lib.standalone import CHECK_STEPS, CHECKS, TOOLS, checks
from _lib.tree import ROOT, carried, manifest

MEMBERS: list[str] = manifest(ROOT)["workspace"]["members"]


def git(home: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=home, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="session", params=MEMBERS)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Split one member out, once for all tests of it."""
    return split.split(
        request.param, tmp_path_factory.mktemp("split") / request.param, name="Ann", email="a@b.invalid"
    )


def test_it_holds_everything_git_carries_of_the_member_and_what_it_needs_alone(home: Path) -> None:
    held = set(git(home, "ls-files").splitlines())
    assert {path.as_posix() for path in carried(ROOT / home.name)} <= held
    assert {".gitignore", ".ruff.toml", CHECKS, TOOLS, split.CONSTRAINTS} <= held
    assert git(home, "status", "--porcelain") == ""
    made = {
        ".gitignore",
        ".ruff.toml",
        CHECKS,
        TOOLS,
        split.CONSTRAINTS,
        "README.md",
        ".github/workflows/ci.yml",
    }
    for path in held - made:
        assert (home / path).read_bytes() == (ROOT / home.name / path).read_bytes()


def test_it_has_one_commit_of_the_author_that_was_named(home: Path) -> None:
    assert git(home, "log", "--format=%an %ae %cn %ce") == "Ann a@b.invalid Ann a@b.invalid"
    assert git(home, "branch", "--show-current") == "main"
    assert git(home, "remote") == ""


def test_nothing_of_the_workspace_is_named_inside(home: Path) -> None:
    for path in carried(home):
        text = (home / path).read_bytes()
        assert os.fsencode(ROOT) not in text, path
    made = "".join(
        (home / name).read_text() for name in (".gitignore", ".ruff.toml", CHECKS, ".github/workflows/ci.yml")
    )
    assert not re.search(r"workspace|scripts/|https?://", made)
    others = {member.replace("-", "_") for member in MEMBERS} - {"at_core", home.name.replace("-", "_")}
    assert not any(other in (home / CHECKS).read_text() for other in others)


def test_its_ci_asks_only_for_what_is_there(home: Path) -> None:
    workflow = (home / ".github" / "workflows" / "ci.yml").read_text()
    steps = re.findall(r"^      - run: (.+)$", workflow, re.MULTILINE)
    assert "pytest" in steps
    assert [" ".join(words) for words in CHECK_STEPS] == steps[-len(CHECK_STEPS) :]
    for name in re.findall(r"(?:--requirement|--config(?:-file)?) (\S+)", workflow):
        assert (home / name).is_file()
    ignored = (home / ".gitignore").read_text().splitlines()
    # The services' CI takes the at-core wheel from wheels/; at-core makes its own.
    assert ("/wheels/" in ignored) == (home.name == "at-core")


def test_the_ci_of_at_core_holds_a_proposal_against_its_base(home: Path) -> None:
    workflow = (home / ".github" / "workflows" / "ci.yml").read_text()
    assert ("schema check" in workflow) == (home.name == "at-core")
    if home.name == "at-core":
        # Without the whole history the base is not there; without a proposal there is no base.
        _, _, rest = workflow.partition("fetch-depth: 0")
        _, _, step = rest.partition("if: github.event_name == 'pull_request'")
        assert "BASE: origin/${{ github.base_ref }}" in step
        registry = re.search(r'at-core schema check --registry (\S+) --against "\$BASE"', step)
        assert registry is not None
        assert (home / registry[1]).is_dir()


def test_its_floors_are_those_of_the_workspace(home: Path) -> None:
    package = home.name.replace("-", "_")
    own = tomllib.loads((home / CHECKS).read_text())["tool"]
    whole = manifest(ROOT)["tool"]
    assert own["importlinter"]["root_packages"][0] == package
    floors = {one["id"]: one for one in whole["importlinter"]["contracts"]}
    kept = {one["id"]: one for one in own["importlinter"]["contracts"]}
    (mine,) = [one for one in floors.values() if one.get("containers") == [package]]
    assert kept[mine["id"]] == mine
    assert "bus-rooms" in kept
    changed = {"files", "mypy_path"}
    for key in whole["mypy"].keys() - changed:
        assert own["mypy"][key] == whole["mypy"][key]


def test_a_contract_that_asks_nothing_of_the_member_is_left_out() -> None:
    kept = [
        one["id"]
        for one in tomllib.loads(checks(manifest(ROOT), "at-obs"))["tool"]["importlinter"]["contracts"]
    ]
    assert kept == ["houses", "obs-floors", "bus-rooms"]


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(split.Refused, match="not an empty folder"):
        split.split("at-obs", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("member", "target", "said"),
    [("at-nothing", "x", "no such member"), ("at-obs", str(ROOT / "at-obs" / "own"), "inside the workspace")],
)
def test_a_wrong_call_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], member: str, target: str, said: str
) -> None:
    assert split.main([member, str(tmp_path / target)]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / target).exists()


def test_nobodys_own_git_settings_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Somebody\n[commit]\n\tgpgsign = true\n[core]\n\thooksPath = /nowhere\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    place = split.split("at-obs", tmp_path / "at-obs")
    assert git(place, "log", "--format=%an") == "at"


def test_a_file_that_names_the_workspaces_place_stops_the_split(
    copy: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (copy / "at-obs" / "README.md").write_text(f"see {ROOT}/docs\n")
    with pytest.raises(split.Refused, match=r"README\.md"):
        split.split("at-obs", tmp_path_factory.mktemp("out"), root=copy)
