"""Writes one member as a git repository of its own, with its checks and its CI, and one commit.

    python3 scripts/split.py MEMBER DIR [--author-name NAME] [--author-email EMAIL] [--prove]

`--prove` then does there what its CI does, with the at-core wheel beside it and nothing else (scripts/alone.py).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from _lib.standalone import CHECK_STEPS, CHECKS, TOOLS, checks, ci, ignored, lint, readme, tools
from _lib.tree import ROOT, carried, manifest
from bootstrap import LOCK, enter

CONSTRAINTS = "constraints.txt"
_WORKSPACE_PATH = re.compile(re.escape(str(ROOT)))


class Refused(Exception):
    """The folder or the member cannot be split; nothing was committed."""


def split(
    member: str, target: Path, *, name: str = "at", email: str = "at@example.invalid", root: Path = ROOT
) -> Path:
    """Write ``member`` into ``target``, which is absent or empty, and commit it once; return ``target``.

    Raises Refused for an unknown member, a folder that is not empty, one inside the workspace, and for a file that
    names the workspace's own place.
    """
    _require(member, target, root)
    target.mkdir(parents=True, exist_ok=True)
    for path in carried(root / member):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / member / path, target / path)
    workspace = manifest(root)
    for place, text in {
        ".gitignore": ignored(root / ".gitignore", member),
        ".ruff.toml": lint(root / ".ruff.toml"),
        CHECKS: checks(workspace, member),
        TOOLS: tools(workspace),
        CONSTRAINTS: LOCK.read_text(encoding="utf-8"),
        ".github/workflows/ci.yml": ci(target / ".github" / "workflows" / "ci.yml"),
        "README.md": readme(target / "README.md", member),
    }.items():
        (target / place).write_text(text, encoding="utf-8")
    leaking = [path for path in carried(target) if _WORKSPACE_PATH.search(_text(target / path))]
    if leaking:
        raise Refused(f"these name the workspace's own place: {', '.join(map(str, leaking))}")
    _commit(target, member, name, email)
    return target


def _require(member: str, target: Path, root: Path) -> None:
    known = manifest(root)["workspace"]["members"]
    if member not in known:
        raise Refused(f"no such member: {member}; there are {', '.join(known)}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is not an empty folder; name one that is empty or not there yet")
    if target.resolve().is_relative_to(root.resolve()):
        raise Refused(f"{target} lies inside the workspace; a repository of its own lies outside")


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _commit(target: Path, member: str, name: str, email: str) -> None:
    """Make the first commit. Nobody's own git settings are read or written: hooks, signing, names."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": email}
    for words in (
        ("init", "--quiet", "--initial-branch=main", "--template="),
        ("add", "--all"),
        ("commit", "--quiet", "--message", f"{member}: a repository of its own"),
    ):
        done = subprocess.run(
            ["git", *words], cwd=target, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Refused(f"git {words[0]}: {done.stderr.strip()}")


def main(arguments: list[str] | None = None) -> int:
    """Split one member, and prove it when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("member", help="which member of the workspace")
    parser.add_argument("folder", type=Path, help="empty, or not there yet")
    parser.add_argument("--author-name", default="at", help="who makes the first commit")
    parser.add_argument("--author-email", default="at@example.invalid", help="and under which address")
    parser.add_argument("--prove", action="store_true", help="build, install, test and check it there")
    chosen = parser.parse_args(arguments)
    try:
        home = split(chosen.member, chosen.folder, name=chosen.author_name, email=chosen.author_email)
    except Refused as refused:
        print(f"split: {refused}", file=sys.stderr)
        return 2
    print(
        f"{chosen.member} is a repository of its own in {home}; its CI runs {len(CHECK_STEPS)} checks and its tests"
    )
    if not chosen.prove:
        return 0
    import alone

    return alone.prove_all([chosen.member], jobs=1, homes={chosen.member: home})


if __name__ == "__main__":
    enter()
    sys.exit(main())
