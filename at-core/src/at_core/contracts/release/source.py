"""Source: a package's modules as syntax trees, and where each of their names comes from. Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["External", "Home", "Module", "Sources", "read_sources"]

Definition = ast.stmt | ast.alias


@dataclass(frozen=True, slots=True)
class Module:
    """One file: what it promises in ``__all__`` and what stands at its top level."""

    name: str
    exports: tuple[str, ...]
    names: Mapping[str, ast.stmt]
    imports: Mapping[str, tuple[str, str]]
    """Local name to (module, name there); the second is empty when a whole module was imported."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a name is defined inside the package, and its statement."""

    module: Module
    name: str
    node: ast.stmt


@dataclass(frozen=True, slots=True)
class External:
    """A name of another package."""

    path: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Every module of one package."""

    package: str
    modules: Mapping[str, Module]

    def public(self) -> Iterator[Module]:
        """Modules without an underscore. Of the command line only its entry: its promise is its verbs."""
        for name in sorted(self.modules):
            inside = name.split(".")[1:]
            if not any(part.startswith("_") for part in inside) and (
                inside[:1] != ["cli"] or len(inside) == 1
            ):
                yield self.modules[name]

    def find(self, module: Module, name: str) -> Home | External | None:
        """Follow a name through the package's imports to its definition; None when it is a builtin or unknown."""
        seen: set[tuple[str, str]] = set()
        while (module.name, name) not in seen:
            seen.add((module.name, name))
            if name in module.names:
                return Home(module, name, module.names[name])
            if name not in module.imports:
                return None
            origin, there = module.imports[name]
            if origin not in self.modules or not there:
                return External(f"{origin}.{there}".rstrip("."))
            module, name = self.modules[origin], there
        return None


def read_sources(package: Path) -> Sources:
    """Parse every file below ``package``, the folder of the top-level package.

    Raises SyntaxError for a file that is not Python and OSError for one that cannot be read.
    """
    modules: dict[str, Module] = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = _module(name, ast.parse(path.read_text(encoding="utf-8"), filename=name))
    return Sources(package.name, modules)


def _module(name: str, tree: ast.Module) -> Module:
    names: dict[str, ast.stmt] = {}
    imports: dict[str, tuple[str, str]] = {}
    for statement in _flat(tree.body):
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                imports[alias.asname or alias.name] = (statement.module or "", alias.name)
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                imports[alias.asname or alias.name] = (alias.name, "")
        else:
            names.update(dict.fromkeys(_defined(statement), statement))
    return Module(name, _exports(names.get("__all__")), names, imports)


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those under a condition included."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            yield from _flat([*statement.body, *statement.orelse])
        else:
            yield statement


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _exports(statement: ast.stmt | None) -> tuple[str, ...]:
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return ()
    return tuple(ast.literal_eval(statement.value))
