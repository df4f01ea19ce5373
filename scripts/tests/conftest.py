"""A copy of the workspace to plant violations in, and a small synthetic one that is tidy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from _lib.tree import ROOT, carried, manifest
from bootstrap import VENV

Run = Callable[[tuple[str, ...]], "subprocess.CompletedProcess[str]"]
Plant = Callable[[str, str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The carried files of the workspace, in a folder of their own."""
    for path in carried(ROOT):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    return tmp_path


@pytest.fixture
def plant(copy: Path) -> Plant:
    """Write a file into the copy, with the packages its path needs."""

    def write(name: str, text: str) -> Path:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        package = target.parent / "__init__.py"
        if target.suffix == ".py" and not package.exists():
            package.write_text('"""A planted room for one test."""\n')
        target.write_text(text)
        return target

    return write


@pytest.fixture
def run(copy: Path) -> Run:
    """Run one step of check.py in the copy, with the copy's packages instead of the installed ones."""
    folders = [str(copy / member / "src") for member in manifest(copy)["workspace"]["members"]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "COLUMNS": "200"}

    def step(words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        command = [str(VENV / "bin" / words[0]), *words[1:]]
        return subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return step


@pytest.fixture
def tidy_tree(tmp_path: Path) -> Path:
    """The smallest tree that tidy has nothing to say about."""
    (tmp_path / "workspace.toml").write_text(
        "[limits]\nfile_lines = 20\nfunction_lines = 5\npath_depth = 3\n"
    )
    room = tmp_path / "at-x" / "src" / "at_x"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text('"""A package that is tidy."""\n')
    (room / "cli.py").write_text('"""A command line that is tidy."""\n\nfrom at_x import rules\n')
    (room / "rules.py").write_text('"""Rules that are tidy."""\n')
    return tmp_path
