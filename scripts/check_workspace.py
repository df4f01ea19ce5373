"""Proves that workspace.toml, the pyprojects, the lock and the tree tell one story.

python3 scripts/check_workspace.py
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from _lib.tree import ROOT, Finding, manifest, member_project, report
from bootstrap import enter

MANIFEST = "workspace.toml"
LOCK = "scripts/requirements.lock"
EACH_HAS = (
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
    "Dockerfile",
    ".env.example",
    ".github/workflows/ci.yml",
    "docs/CONTRACTS.md",
    "docs/TEST_STRATEGY.md",
    "docs/RUNBOOK.md",
)
PYTEST = {"filterwarnings": ["error"], "asyncio_mode": "auto", "xfail_strict": True}


def main(root: Path = ROOT) -> int:
    """Run every comparison."""
    book = manifest(root)
    members: list[str] = book["workspace"]["members"]
    present = [member for member in members if (root / member / "pyproject.toml").is_file()]
    findings = [*folders(root, members), *processes(book), *pins(root, book, present)]
    for member in present:
        findings += project(root, member)
    return report("workspace", findings)


def folders(root: Path, members: list[str]) -> Iterator[Finding]:
    """Each member is a repository in waiting, and no member is unlisted."""
    for folder in sorted(path.name for path in root.glob("at-*") if path.is_dir()):
        if folder not in members:
            yield Finding(folder, 0, f"not a member in {MANIFEST}")
    for member in members:
        for name in EACH_HAS:
            if not (root / member / name).is_file():
                yield Finding(f"{member}/{name}", 0, "missing")
        if not any((root / member / "tests").rglob("test_*.py")):
            yield Finding(f"{member}/tests", 0, "no test")


def processes(book: dict[str, Any]) -> Iterator[Finding]:
    """One process per role, on a port of its own, started by the console script of a member."""
    ports = {book["bus"]["port"]: "bus", book["bus"]["monitor_port"]: "bus monitor"}
    roles: set[str] = set()
    for process in book["process"]:
        role, port = process["role"], process["port"]
        if port in ports:
            yield Finding(MANIFEST, 0, f"{role} and {ports[port]} share port {port}")
        ports[port] = role
        if role in roles:
            yield Finding(MANIFEST, 0, f"role {role} is listed twice")
        roles.add(role)
        if process["member"] not in book["workspace"]["members"]:
            yield Finding(MANIFEST, 0, f"{role}: {process['member']} is no member")
        if process["command"][0] != process["member"]:
            yield Finding(MANIFEST, 0, f"{role}: {process['command'][0]} is not its member's console script")


def project(root: Path, member: str) -> Iterator[Finding]:
    """A member's pyproject follows the common form, and its changelog knows its version."""
    where = f"{member}/pyproject.toml"
    body = member_project(root, member)
    facts = body["project"]
    package = member.replace("-", "_")
    if facts["name"] != member:
        yield Finding(where, 0, f"is called {facts['name']}")
    if facts.get("scripts") != {member: f"{package}.cli:main"}:
        yield Finding(where, 0, f"its one console script is {member} = {package}.cli:main")
    inside = {name for name in map(_name, facts["dependencies"]) if name.startswith("at-")}
    if inside != (set() if member == "at-core" else {"at-core"}):
        yield Finding(where, 0, f"depends on {sorted(inside)}; services depend on at-core alone")
    for name in ("__init__.py", "py.typed"):
        if not (root / member / "src" / package / name).is_file():
            yield Finding(f"{member}/src/{package}/{name}", 0, "missing")
    options = body.get("tool", {}).get("pytest", {}).get("ini_options", {})
    for key, value in PYTEST.items():
        if options.get(key) != value:
            yield Finding(where, 0, f"pytest option {key} must be {value!r}")
    log = root / member / "CHANGELOG.md"
    if log.is_file() and f"## [{facts['version']}]" not in log.read_text(encoding="utf-8"):
        yield Finding(f"{member}/CHANGELOG.md", 0, f"no section for version {facts['version']}")


def pins(root: Path, book: dict[str, Any], members: list[str]) -> Iterator[Finding]:
    """Every direct dependency is pinned once, inside its members' ranges, and the lock says the same."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned = {
        canonicalize_name(name): version for name, version in {**book["pins"], **book["pins-dev"]}.items()
    }
    locked = yield from lock(root / LOCK)
    for name, version in pinned.items():
        if locked.get(name) != version:
            yield Finding(MANIFEST, 0, f"pin {name} {version}, but the lock has {locked.get(name)}")
    for member in members:
        facts = member_project(root, member)["project"]
        extras = [text for group in facts.get("optional-dependencies", {}).values() for text in group]
        for text in (*facts["dependencies"], *extras):
            wanted = Requirement(text)
            name = canonicalize_name(wanted.name)
            version = _version(root, name) if name in members else pinned.get(name)
            if version is None:
                yield Finding(f"{member}/pyproject.toml", 0, f"{name} has no pin in {MANIFEST}")
            elif not wanted.specifier.contains(version, prereleases=True):
                yield Finding(f"{member}/pyproject.toml", 0, f"{text} excludes {name} {version}")


def lock(path: Path) -> Generator[Finding, None, dict[str, str]]:
    """Yield what is malformed; return name -> version."""
    locked: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"([a-z0-9-]+)==([A-Za-z0-9.+!-]+)", line)
        if match:
            locked[match[1]] = match[2]
        else:
            yield Finding(LOCK, number, "not of the form name==version")
    return locked


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def _version(root: Path, member: str) -> str:
    return str(member_project(root, member)["project"]["version"])


if __name__ == "__main__":
    enter()
    sys.exit(main())
