"""Who imports whom, read from the source text without running it; and who is imported by nobody."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from _lib.tree import Finding, module_name

__all__ = ["dead_modules", "imported_names"]

_DOTTED = re.compile(r"\bat_[a-z_]+(?:\.[a-z_][a-z0-9_]*)+")
# Started by name, not imported: Python itself, console scripts and the flow check look these up.
_STARTED = {"__init__", "__main__", "cli", "wiring"}


def imported_names(tree: ast.Module) -> frozenset[str]:
    """Return every dotted name a module may load: ``from a.b import c`` counts as ``a.b`` and ``a.b.c``."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module named as data ("at_x.room.file:name"); prose that mentions one keeps nothing alive.
            named = node.value.partition(":")[0]
            names.update((named,) if _DOTTED.fullmatch(named) else ())
    return frozenset(names)


def dead_modules(trees: Mapping[Path, ast.Module], declarations: Iterable[str]) -> list[Finding]:
    """Return the modules of src that nothing reaches.

    ``declarations`` are texts that may name a module (pyproject entry points, catalogues). Tests keep nothing alive,
    except the rooms called ``testing``, which exist for them.
    """
    alive = {name for text in declarations for name in _DOTTED.findall(text)}
    by_tests: set[str] = set()
    for path, tree in trees.items():
        own = module_name(path)
        target = by_tests if "tests" in path.parts else alive
        target.update(name for name in imported_names(tree) if name != own)
    found = []
    for path in trees:
        name = module_name(path)
        if name is None or path.stem in _STARTED:
            continue
        reached = name in alive or (".testing." in f"{name}." and name in by_tests)
        if not reached:
            found.append(Finding(path.as_posix(), 0, "dead module: nothing imports it"))
    return found
