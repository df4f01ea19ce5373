"""The tree as the checks see it: the manifest, the members and the files that git would carry."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Finding", "carried", "manifest", "member_project", "module_name", "report"]

ROOT = Path(__file__).resolve().parents[2]
_NEVER_CARRIED = {".git", ".venv", ".at", "__pycache__", "build", "dist", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One violation, at a place a person can click on."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"


def manifest(root: Path) -> dict[str, Any]:
    """Read the workspace manifest."""
    return tomllib.loads((root / "workspace.toml").read_text(encoding="utf-8"))


def member_project(root: Path, member: str) -> dict[str, Any]:
    """Read a member's pyproject."""
    return tomllib.loads((root / member / "pyproject.toml").read_text(encoding="utf-8"))


def carried(root: Path) -> tuple[Path, ...]:
    """Return the files git carries or would carry, relative to ``root``; a plain walk outside of git."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, check=False)
    # A synthetic tree inside another repository's ignored folder lists nothing: walk it instead.
    if listing.returncode == 0 and listing.stdout:
        listed = {Path(os.fsdecode(name)) for name in listing.stdout.split(b"\0") if name}
        return tuple(sorted(path for path in listed if (root / path).is_file()))
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NEVER_CARRIED]
        found.extend((Path(folder) / name).relative_to(root) for name in names)
    return tuple(sorted(found))


def module_name(path: Path) -> str | None:
    """Return the dotted module of ``at-x/src/at_x/room/file.py``, or None for any other path."""
    if path.suffix != ".py" or len(path.parts) < 4 or path.parts[1] != "src":
        return None
    parts = [*path.parts[2:-1], path.stem]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def report(title: str, findings: Iterable[Finding]) -> int:
    """Print the findings, sorted, and return the exit code of the check."""
    found = sorted(set(findings))
    for finding in found:
        print(finding)
    print(f"{title}: {len(found)} finding(s)" if found else f"{title}: ok")
    return 1 if found else 0
