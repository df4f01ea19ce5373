"""Surface: every public name of a package in one stable line of text each, read from its source.

From the source and not from the imported package: a wheel of an old release can be read without installing it, nothing
runs, and what the interpreter of the day adds to a class is not mistaken for something we promised.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import Any

from at_core.contracts.release.source import External, Home, Module, Sources

__all__ = ["LONG", "Surface", "surface_of"]

Surface = dict[str, dict[str, Any]]
"""Module to name to entry: a line of text, or for a class its form, bases and members."""

LONG = 120
"""Values longer than this are kept as a digest; they are tables, which are compared for being the same only."""

_PROMISED = frozenset(
    [
        "__init__",
        "__new__",
        "__call__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__iter__",
        "__aiter__",
        "__next__",
        "__anext__",
        "__len__",
        "__getitem__",
        "__contains__",
        "__await__",
    ]
)
"""Underscored members that callers use through the language."""
# Called by Pydantic, never by users, so it is no promise: `model_post_init`.
_WORDS = {
    "classmethod": "classmethod",
    "staticmethod": "staticmethod",
    "property": "property",
    "cached_property": "property",
    "contextmanager": "contextmanager",
    "asynccontextmanager": "contextmanager",
    "abstractmethod": "abstract",
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def surface_of(sources: Sources) -> Surface:
    """Describe every name that a public module lists in ``__all__``; names with an underscore are private."""
    return {
        module.name: {
            name: _entry(sources, module, name) for name in sorted(module.exports) if not name.startswith("_")
        }
        for module in sources.public()
    }


def _entry(sources: Sources, module: Module, name: str) -> Any:
    found = sources.find(module, name)
    if found is None:
        return f"module {module.name}.{name}"
    if isinstance(found, External):
        return f"external {found.path}"
    promised = {public.name for public in sources.public()}
    if found.module is not module and found.module.name in promised and found.name in found.module.exports:
        return f"same {found.module.name}.{found.name}"
    node = found.node
    if isinstance(node, ast.ClassDef):
        return _class(sources, found)
    if isinstance(node, _Function):
        return _callable(node, method=False)
    return _assigned(sources, found)


def _assigned(sources: Sources, home: Home) -> str:
    """Describe a constant, a table or a type alias (its bare type, and a digest of what values are checked for)."""
    node = home.node
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if value is not None and _is_type(value):
        bare = _bare(sources, home.module, value)
        checks = "" if ast.unparse(bare) == ast.unparse(value) else f" = {_digest(value)}"
        return f"alias: {ast.unparse(bare)}{checks}"
    return _slot("value", node.annotation if isinstance(node, ast.AnnAssign) else None, value)


def _bare(sources: Sources, module: Module, value: ast.expr) -> ast.expr:
    """``Annotated[str, Field(...)]`` to ``str``, also through other aliases of the package."""
    if (
        isinstance(value, ast.Subscript)
        and _last(value) == "Annotated"
        and isinstance(value.slice, ast.Tuple)
    ):
        return _bare(sources, module, value.slice.elts[0])
    found = sources.find(module, value.id) if isinstance(value, ast.Name) else None
    if isinstance(found, Home) and isinstance(found.node, ast.Assign) and _is_type(found.node.value):
        return _bare(sources, found.module, found.node.value)
    return value


def _is_type(value: ast.expr) -> bool:
    """Tell a type alias from a value: ``X[...]``, ``X | Y``, both of names that are written like classes."""
    if isinstance(value, ast.Subscript):
        return _is_type(value.value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return _is_type(value.left)
    builtin = {"tuple", "dict", "list", "set", "frozenset", "type", "str", "int", "bytes", "float", "bool"}
    return isinstance(value, ast.Name) and (
        value.id in builtin or (value.id[:1].isupper() and not value.id.isupper())
    )


def _slot(kind: str, annotation: ast.expr | None, value: ast.expr | None) -> str:
    text = kind if annotation is None else f"{kind}: {ast.unparse(annotation)}"
    if value is None:
        return text
    written = ast.unparse(value)
    if len(written) > LONG:
        written = _digest(value)
    return f"{text} = {written}"


def _digest(value: ast.expr) -> str:
    """Digest of a text that reads the same on every Python: no quotes, which one release chooses unlike another."""
    plain = ast.unparse(value).replace("'", '"').replace(" ", "")
    return f"sha256({hashlib.sha256(plain.encode()).hexdigest()[:16]!r})"


def _callable(node: _Function, *, method: bool) -> str:
    """``async def (a: int, *, b: str='x') -> None``, without the first parameter of a method."""
    marks = {_WORDS.get(_last(mark), "") for mark in node.decorator_list} - {""}
    arguments = node.args
    if method and "staticmethod" not in marks:
        first = [*arguments.posonlyargs, *arguments.args][:1]
        arguments = ast.arguments(
            posonlyargs=[one for one in arguments.posonlyargs if one not in first],
            args=[one for one in arguments.args if one not in first],
            vararg=arguments.vararg,
            kwonlyargs=arguments.kwonlyargs,
            kw_defaults=arguments.kw_defaults,
            kwarg=arguments.kwarg,
            defaults=arguments.defaults,
        )
    words = sorted(marks)
    if isinstance(node, ast.AsyncFunctionDef):
        words.append("async")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{' '.join([*words, 'def'])} ({ast.unparse(arguments)}){returns}"


def _last(node: ast.expr) -> str:
    """``functools.cached_property(...)`` to ``cached_property``."""
    if isinstance(node, ast.Call | ast.Subscript):
        return _last(node.func if isinstance(node, ast.Call) else node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _class(sources: Sources, home: Home) -> dict[str, Any]:
    bases = sorted(_ancestors(sources, home))
    return {
        "form": _form(home.node, bases),
        "bases": bases,
        "members": _members(sources, home),
    }


def _bases(sources: Sources, home: Home) -> Iterator[tuple[str, Home | None]]:
    assert isinstance(home.node, ast.ClassDef)  # noqa: S101 - only classes are asked
    for base in home.node.bases:
        found = sources.find(home.module, _last(base)) if not isinstance(base, ast.Attribute) else None
        inside = isinstance(found, Home) and isinstance(found.node, ast.ClassDef)
        yield _last(base), found if inside and isinstance(found, Home) else None


def _ancestors(sources: Sources, home: Home) -> set[str]:
    """Bare names of all bases, also those of bases; where a class is defined may change, what it is may not."""
    names: set[str] = set()
    for name, inside in _bases(sources, home):
        if not name.startswith("_"):
            names.add(name)
        if inside:
            names |= _ancestors(sources, inside)
    return names


def _form(node: ast.stmt, bases: list[str]) -> str:
    """Say how the class is constructed and what its annotated lines are."""
    assert isinstance(node, ast.ClassDef)  # noqa: S101 - only classes are asked
    for mark in node.decorator_list:
        if _last(mark) == "dataclass":
            return ast.unparse(mark) if isinstance(mark, ast.Call) else "dataclass()"
    if "NamedTuple" in bases:
        return "dataclass(tuple=True)"
    if {"BaseModel", "BaseSettings", "TypedDict"} & {*bases}:
        return "model"
    if any(base.endswith(("Enum", "Flag")) for base in bases):
        return "enum"
    return "protocol" if "Protocol" in map(_last, node.bases) else "class"


def _members(sources: Sources, home: Home) -> dict[str, str]:
    """Name to text, those of the package's own bases first, in the order of the constructor."""
    assert isinstance(home.node, ast.ClassDef)  # noqa: S101 - only classes are asked
    members: dict[str, str] = {}
    for _, inside in reversed(list(_bases(sources, home))):
        if inside:
            members |= _members(sources, inside)
    form = _form(home.node, sorted(_ancestors(sources, home)))
    for statement in home.node.body:
        for name, text in _lines(statement, form):
            if name in _PROMISED or not name.startswith(("_", "model_post_init")):
                members[name] = text
    return members


def _lines(statement: ast.stmt, form: str) -> Iterator[tuple[str, str]]:
    if isinstance(statement, _Function):
        yield statement.name, _callable(statement, method=True)
        if statement.name == "__init__":
            yield from _attributes(statement)
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        shared = "ClassVar" in ast.unparse(statement.annotation)
        fields = form.startswith(("dataclass", "model")) and not shared
        kind = "field" if fields else "constant" if shared or statement.value else "attribute"
        yield statement.target.id, _slot(kind, statement.annotation, statement.value)
    elif isinstance(statement, ast.Assign):
        kind = "member" if form == "enum" else "constant"
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, _slot(kind, None, statement.value)


def _attributes(constructor: _Function) -> Iterator[tuple[str, str]]:
    """Yield what ``__init__`` sets on the new object."""
    for node in ast.walk(constructor):
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if annotation else []  # type: ignore[attr-defined]  # an annotated assignment has one target
        for target in targets:
            if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                yield target.attr, _slot("attribute", annotation, None)
