"""The manifest, the pyprojects, the lock and the tree cannot drift apart unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_workspace

DRIFTS = {
    "two processes share a port": ("workspace.toml", "port = 8611", "port = 8621", "share port 8621"),
    "a process on the bus port": ("workspace.toml", "port = 8611", "port = 4622", "share port 4622"),
    "a role listed twice": (
        "workspace.toml",
        'role = "engine"',
        'role = "gate"',
        "role gate is listed twice",
    ),
    "a member nobody listed": ("workspace.toml", ', "at-obs"]', "]", "at-obs: not a member"),
    "a process of no member": ("workspace.toml", 'member = "at-obs"', 'member = "at-x"', "at-x is no member"),
    "a pin the lock does not have": ("workspace.toml", 'pydantic = "', 'pydantic = "9', "pin pydantic 9"),
    "an address in the lock": ("scripts/requirements.lock", "pydantic==", "pydantic @ ", "not of the form"),
    "a service that needs a service": (
        "at-obs/pyproject.toml",
        '"at-core>=0.3,<0.4",',
        '"at-core>=0.3,<0.4", "at-agents>=0.1",',
        "services depend on at-core alone",
    ),
    "a dependency without a pin": (
        "at-obs/pyproject.toml",
        '"at-core>=0.3,<0.4",',
        '"at-core>=0.3,<0.4", "leftpad>=1",',
        "leftpad has no pin",
    ),
    "a range that excludes the pin": (
        "at-core/pyproject.toml",
        '"pydantic>=2.9,<3"',
        '"pydantic>=1,<2"',
        "pydantic>=1,<2 excludes",
    ),
    "a service that excludes this core": (
        "at-obs/pyproject.toml",
        '"at-core>=0.3,<0.4",',
        '"at-core>=0.7,<0.8",',
        "excludes at-core 0.3.0",
    ),
    "a version the changelog does not know": (
        "at-obs/pyproject.toml",
        'version = "0.1.0"',
        'version = "0.1.7"',
        "no section for version 0.1.7",
    ),
    "warnings that are no errors": (
        "at-obs/pyproject.toml",
        'filterwarnings = ["error"]',
        "filterwarnings = []",
        "pytest option filterwarnings",
    ),
}


@pytest.mark.parametrize(("place", "old", "new", "said"), DRIFTS.values(), ids=DRIFTS.keys())
def test_a_drift_is_named(
    copy: Path, capsys: pytest.CaptureFixture[str], place: str, old: str, new: str, said: str
) -> None:
    text = (copy / place).read_text()
    assert old in text
    (copy / place).write_text(text.replace(old, new, 1))
    assert check_workspace.main(copy) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("name", check_workspace.EACH_HAS)
def test_a_missing_file_is_named(copy: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (copy / "at-obs" / name).unlink()
    assert check_workspace.main(copy) == 1
    assert f"at-obs/{name}: missing" in capsys.readouterr().out
