"""The frozen registry against an older commit: what was frozen there must be here, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from at_core.contracts.problem import FreezeProblem
from at_core.contracts.sample_rules import SUMS_FILE
from at_core.errors import ConfigurationError

__all__ = ["touched_since"]

_TIMEOUT_SECONDS: Final = 60.0


def touched_since(reference: str, registry: Path) -> Iterator[FreezeProblem]:
    """Yield FROZEN_TOUCHED for each file that ``reference`` has and that is gone or differs here.

    The list of digests may gain lines and lose none. Raises ConfigurationError when git does not know the reference.
    """
    if reference.startswith("-"):
        raise ConfigurationError(f"--against wants a commit, a branch or a tag, not {reference!r}")
    changed = _git(
        registry, "diff", "--name-status", "--no-renames", "--relative", "-z", reference, "--", "."
    )
    words = changed.decode().split("\0")[:-1]
    for status, name in zip(words[::2], words[1::2], strict=True):
        if status == "A":
            continue
        if status == "M" and name.endswith(f"/{SUMS_FILE}") and _only_grew(reference, registry, name):
            continue
        event_type, version, *rest = [*name.split("/"), "", ""]
        how = "is gone" if status == "D" else "differs"
        inner = "/".join(word for word in rest if word)
        yield FreezeProblem(
            "FROZEN_TOUCHED", event_type, version, f"{inner} {how}; {reference} has it: put it back"
        )


def _only_grew(reference: str, registry: Path, name: str) -> bool:
    before = _git(registry, "show", f"{reference}:./{name}").splitlines()
    return set(before) <= set((registry / name).read_bytes().splitlines())


def _git(folder: Path, *words: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise ConfigurationError("--against needs git, which is not on the path")
    try:
        done = subprocess.run(  # noqa: S603  # no shell; the words are ours and one reference
            [git, "-C", str(folder), *words], capture_output=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"git {words[0]} did not answer within {_TIMEOUT_SECONDS:.0f} s") from error
    if done.returncode != 0:
        raise ConfigurationError(f"git {words[0]} in {folder}: {done.stderr.decode().strip()[:300]}")
    return done.stdout
