"""Signatures: what a change of parameters and of the answer does to the callers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Parameter", "compare_parameters", "compare_signatures", "same_text", "split_kind"]

_FREE: Final = "any way"
_BY_NAME: Final = "by name"
_BY_PLACE: Final = "by place"

Change = tuple[str, str, str, str]
"""Rule, parameter (empty: the answer), old, new."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a constructor or a function; ``default`` None means that it has to be given."""

    name: str
    passing: str = _FREE
    annotation: str | None = None
    default: str | None = None

    @property
    def gathers(self) -> bool:
        """Whether it is ``*rest`` or ``**rest``, which nobody has to give."""
        return self.name.startswith("*")

    @property
    def placed(self) -> bool:
        """Whether its place among the others matters."""
        return self.passing != _BY_NAME and not self.gathers

    def __str__(self) -> str:
        text = self.name if self.annotation is None else f"{self.name}: {self.annotation}"
        return text if self.default is None else f"{text} = {self.default}"


def split_kind(text: str) -> tuple[str, str]:
    """``async def (a) -> int`` to ``async def`` and ``(a) -> int``."""
    kind, _, rest = text.partition(" (")
    return kind, f"({rest}"


def same_text(old: str | None, new: str | None) -> bool:
    """Tell whether two annotations say the same; the order of a union says nothing."""
    return old == new or (old is not None and new is not None and _union(old) == _union(new))


def _union(annotation: str) -> frozenset[str]:
    """Return the alternatives of ``A | B | None``."""
    found: set[str] = set()
    waiting = [ast.parse(annotation, mode="eval").body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            waiting += [node.left, node.right]
        else:
            found.add(ast.unparse(node))
    return frozenset(found)


def compare_signatures(old: str, new: str) -> Iterator[Change]:
    """Yield what changed between ``(a: int) -> str`` and another."""
    before, after = _parse(old), _parse(new)
    yield from compare_parameters(_parameters(before.args), _parameters(after.args))
    was = ast.unparse(before.returns) if before.returns else None
    now = ast.unparse(after.returns) if after.returns else None
    if same_text(was, now):
        return
    if was is None:
        yield "ANNOTATION_ADDED", "", "", now or ""
    elif now is not None and _union(now) < _union(was):
        yield "RETURN_TYPE_NARROWED", "", was, now
    else:
        yield "RETURN_TYPE_CHANGED", "", was, now or ""


def compare_parameters(old: list[Parameter], new: list[Parameter]) -> Iterator[Change]:
    """Yield what changed between two lists of parameters, seen by somebody who calls."""
    before = {one.name: one for one in old}
    after = {one.name: one for one in new}
    for name, one in before.items():
        if name not in after:
            yield "PARAMETER_REMOVED", name, str(one), ""
        else:
            yield from _compare_one(one, after[name])
    for name, one in after.items():
        if name not in before:
            free = one.default is not None or one.gathers
            yield f"PARAMETER_{'OPTIONAL' if free else 'REQUIRED'}_ADDED", name, "", str(one)
    yield from _order(old, new)


def _order(old: list[Parameter], new: list[Parameter]) -> Iterator[Change]:
    """Whoever calls by place finds the same parameter there: old places are a beginning of the new ones."""
    was = [one.name for one in old if one.placed]
    now = [one.name for one in new if one.placed]
    kept = [name for name in was if name in now]
    # Removed or narrowed parameters are told already; what stays must stand where it stood.
    if kept != now[: len(kept)]:
        yield "PARAMETER_ORDER_CHANGED", kept[0], ", ".join(was), ", ".join(now)


def _compare_one(old: Parameter, new: Parameter) -> Iterator[Change]:
    if old.passing != new.passing:
        rule = "PARAMETER_KIND_WIDENED" if new.passing == _FREE else "PARAMETER_KIND_NARROWED"
        yield rule, old.name, f"passed {old.passing}", f"passed {new.passing}"
    if old.default is None and new.default is not None:
        yield "PARAMETER_MADE_OPTIONAL", old.name, str(old), str(new)
    elif old.default is not None and new.default is None:
        yield "PARAMETER_MADE_REQUIRED", old.name, str(old), str(new)
    elif old.default != new.default:
        yield "PARAMETER_DEFAULT_CHANGED", old.name, str(old), str(new)
    if same_text(old.annotation, new.annotation):
        return
    if old.annotation is None:
        yield "ANNOTATION_ADDED", old.name, str(old), str(new)
    elif new.annotation is None or _union(old.annotation) < _union(new.annotation):
        yield "PARAMETER_TYPE_WIDENED", old.name, str(old), str(new)
    else:
        yield "PARAMETER_TYPE_CHANGED", old.name, str(old), str(new)


def _parse(signature: str) -> ast.FunctionDef:
    node = ast.parse(f"def _{signature}: ...").body[0]
    if not isinstance(node, ast.FunctionDef):
        raise ValueError(f"no signature: {signature}")
    return node


def _parameters(arguments: ast.arguments) -> list[Parameter]:
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [
        *[None] * (len(placed) - len(arguments.defaults)),
        *arguments.defaults,
    ]
    found = [
        _parameter(one, _BY_PLACE if one in arguments.posonlyargs else _FREE, default)
        for one, default in zip(placed, defaults, strict=True)
    ]
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, _BY_PLACE, None, "*"))
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(_parameter(one, _BY_NAME, default))
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, _BY_NAME, None, "**"))
    return found


def _parameter(one: ast.arg, passing: str, default: ast.expr | None, stars: str = "") -> Parameter:
    return Parameter(
        name=stars + one.arg,
        passing=passing,
        annotation=ast.unparse(one.annotation) if one.annotation else None,
        default=ast.unparse(default) if default else None,
    )
