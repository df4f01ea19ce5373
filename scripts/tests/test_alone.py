"""Alone means alone: what a member gets beside it, what its wheel carries, and how long it may take."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

import alone

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "at-x"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["src/at_x"]
"""


@pytest.fixture
def member(tmp_path: Path) -> Path:
    """Make a small member, outside of any repository."""
    home = tmp_path / "at-x"
    package = home / "src" / "at_x"
    package.mkdir(parents=True)
    (home / "pyproject.toml").write_text(PROJECT)
    (package / "__init__.py").touch()
    (package / "rows.sql").write_text("SELECT 1;")
    return home


def test_nothing_that_leads_back_into_the_workspace_is_handed_on(tmp_path: Path) -> None:
    shell = {
        "PATH": os.pathsep.join([str(alone.ROOT / ".venv" / "bin"), "/bin"]),
        "PYTHONPATH": "at-core/src",
        "PYTEST_ADDOPTS": "-k nothing",
        "VIRTUAL_ENV": str(alone.ROOT / ".venv"),
        "AT_GATEWAY_PORT": "1",
        "HOME": "/somewhere",
    }
    handed = alone.clean(shell, tmp_path)
    assert handed == {
        "PATH": os.pathsep.join([str(tmp_path / "bin"), "/bin"]),
        "VIRTUAL_ENV": str(tmp_path),
        "HOME": "/somewhere",
    }


def test_a_wheel_carries_every_file_of_its_package(member: Path, tmp_path: Path) -> None:
    with ZipFile(alone.build(member, tmp_path / "wheels")) as packed:
        assert {"at_x/__init__.py", "at_x/rows.sql"} <= set(packed.namelist())


def test_a_member_is_named_by_its_project_not_by_its_folder(member: Path, tmp_path: Path) -> None:
    home = member.rename(tmp_path / "somewhere")
    assert alone.build(home, tmp_path / "wheels").name.startswith("at_x-1-")


def test_a_wheel_that_leaves_data_behind_is_refused(member: Path, tmp_path: Path) -> None:
    project = member / "pyproject.toml"
    project.write_text(PROJECT + 'exclude = ["*.sql"]\n')
    with pytest.raises(alone.Broken) as broken:
        alone.build(member, tmp_path / "wheels")
    assert "at_x/rows.sql" in broken.value.output


def test_a_step_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    held = tmp_path / "held"
    holder = f"import fcntl, time; file = open({str(held)!r}, 'w'); fcntl.flock(file, 2); time.sleep(60)"
    starter = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {holder!r}])"
    started = time.monotonic()
    with pytest.raises(alone.Broken) as broken:
        alone.run("pytest", [sys.executable, "-c", starter], tmp_path, os.environ, 1.5)
    assert broken.value.output == "not done after 1.5 s"
    with held.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # free as soon as its holder has ended
    assert time.monotonic() - started < 30


def test_a_member_that_fails_is_told_with_its_last_words_and_the_next_is_still_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prove(name: str, core_wheel: Path, folder: Path, home: Path | None) -> alone.Outcome:
        good = name != "at-gateway"
        return alone.Outcome(
            name, good, 1.0, "3 passed in 0.10s" if good else "1 failed in 0.10s", "the story"
        )

    monkeypatch.setattr(alone, "split", lambda name, folder: folder.mkdir(parents=True))
    monkeypatch.setattr(alone, "build", lambda home, wheels: wheels)
    monkeypatch.setattr(alone, "prove", prove)
    monkeypatch.setattr("sys.argv", ["alone.py", "at-gateway", "at-obs"])
    assert alone.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "the story",
        "at-gateway   FAILED     1.0 s  1 failed in 0.10s",
        "at-obs       ok         1.0 s  3 passed in 0.10s",
    ]
    assert lines[3].startswith("1 passed, 1 failed in ")


def test_an_unknown_member_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["alone.py", "at-nothing"])
    with pytest.raises(SystemExit, match="at-nothing"):
        alone.main()
