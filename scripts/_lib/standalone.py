"""What a member needs to stand alone, rendered from the workspace's own files, so that both ask for the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["CHECKS", "CHECK_STEPS", "TOOLS", "checks", "ci", "ignored", "lint", "readme", "tools"]

CHECKS = "checks.toml"
TOOLS = "requirements-checks.txt"
CHECK_STEPS: tuple[tuple[str, ...], ...] = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy", "--config-file", CHECKS),
    ("lint-imports", "--config", CHECKS),
)
"""What the member's CI runs besides its tests."""

_CORE = "at_core"
_MODULES = ("source_modules", "protected_modules", "containers")


def ignored(workspace: Path, member: str) -> str:
    """Return the member's .gitignore. A service keeps the at-core wheel in wheels/, where its CI looks for it."""
    text = workspace.read_text(encoding="utf-8")
    return text.replace("at-*/wheels/\n", "/wheels/\n" if member == "at-core" else "")


def lint(workspace: Path) -> str:
    """Return the rules of style without the lines that speak of the workspace's scripts."""
    text = re.sub(r"^src = .*$", 'src = ["src"]', workspace.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = text.replace(" in workspace.toml,", f" in {CHECKS},")
    # The language of the house is imported like the member itself, also where it is an installed wheel.
    text = text.replace(
        "[lint.pycodestyle]", '[lint.isort]\nknown-first-party = ["at_core"]\n\n[lint.pycodestyle]'
    )
    head, mark, rest = text.partition("# Scripts are command lines")
    kept = [line for line in rest.splitlines() if not line.startswith(("#", '"scripts/'))]
    # The first line is the rest of the comment that was cut off.
    return head + "\n".join(kept[1:]).lstrip("\n") if mark else text


def tools(workspace: Mapping[str, Any]) -> str:
    """Return the pinned tools of the checks."""
    return "".join(f"{name}=={workspace['pins-dev'][name]}\n" for name in ("import-linter", "mypy", "ruff"))


def checks(workspace: Mapping[str, Any], member: str) -> str:
    """Return types and floors for this member alone."""
    package = member.replace("-", "_")
    tool = workspace["tool"]
    mypy = {**tool["mypy"], "files": ["src"], "mypy_path": "src"}
    overrides = mypy.pop("overrides", [])
    roots = [package] if package == _CORE else [package, _CORE]
    lines = ["# Types: mypy --config-file checks.toml. Floors: lint-imports --config checks.toml.", ""]
    lines += ["[tool.mypy]", *_pairs(mypy), ""]
    for override in overrides:
        lines += ["[[tool.mypy.overrides]]", *_pairs(override), ""]
    lines += ["[tool.pydantic-mypy]", *_pairs(tool["pydantic-mypy"]), ""]
    linter = {**tool["importlinter"], "root_packages": roots}
    contracts = linter.pop("contracts")
    lines += ["[tool.importlinter]", *_pairs(linter), ""]
    for contract in contracts:
        if own := _own(contract, package):
            lines += ["[[tool.importlinter.contracts]]", *_pairs(own), ""]
    return "\n".join(lines[:-1]) + "\n"


def _own(contract: Mapping[str, Any], package: str) -> dict[str, Any] | None:
    """Return what a contract asks of this package; None when it asks nothing of it."""
    own = dict(contract)
    if contract["id"] == "houses":
        own["name"] = "at-core imports no service"
        own["layers"] = [package, _CORE]
        return None if package == _CORE else own
    for key in _MODULES:
        if key in own:
            own[key] = [name for name in own[key] if _inside(name, package)]
            if not own[key]:
                return None
    if "ignore_imports" in own:
        own["ignore_imports"] = [
            line for line in own["ignore_imports"] if _inside(line.split(" ")[0], package)
        ]
    return own


def _inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        # A JSON text of these (words, numbers, true, false, lists) is a TOML text too.
        yield f"{key} = {json.dumps(value, ensure_ascii=False)}"


def ci(workflow: Path) -> str:
    """Return the member's workflow with the checks behind its tests, for the root of a repository."""
    text = workflow.read_text(encoding="utf-8")
    # The comment above the name speaks of the workspace.
    _, mark, text = text.partition("name: ci\n")
    if not mark:
        raise ValueError(f"{workflow.name} has no line `name: ci`")
    steps = [f"pip install --requirement {TOOLS}", *(" ".join(words) for words in CHECK_STEPS)]
    return "name: ci\n" + text.rstrip("\n") + "\n" + "".join(f"      - run: {step}\n" for step in steps)


def readme(page: Path, member: str) -> str:
    """Return the member's page with a section on how this repository is built."""
    core = "" if member == "at-core" else "wheels/at_core-*.whl "
    wheel = "pip wheel --no-deps --wheel-dir dist ."
    lines = [
        "## This repository",
        "",
        "Python 3.11 or later. The versions it was last built with stand in `constraints.txt`.",
        *([] if not core else ["Put the at-core wheel into `wheels/`; no package index has it."]),
        "",
        "```sh",
        f"pip install --constraint constraints.txt {core}'.[testing]' --requirement {TOOLS}",
        "pytest",
        *(" ".join(words) for words in CHECK_STEPS),
        wheel,
        "```",
    ]
    return page.read_text(encoding="utf-8").rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"
