"""Classes: what a change of form, bases, fields and members does to those who make, read and implement them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from at_core.contracts.release.rules import Finding
from at_core.contracts.release.signatures import (
    Parameter,
    compare_parameters,
    compare_signatures,
    same_text,
    split_kind,
)

__all__ = ["compare_classes", "compare_lines"]

_OF_FIELDS: Final = {
    "PARAMETER_REMOVED": "FIELD_REMOVED",
    "PARAMETER_REQUIRED_ADDED": "FIELD_REQUIRED_ADDED",
    "PARAMETER_OPTIONAL_ADDED": "FIELD_OPTIONAL_ADDED",
    "PARAMETER_MADE_REQUIRED": "FIELD_MADE_REQUIRED",
    "PARAMETER_MADE_OPTIONAL": "FIELD_MADE_OPTIONAL",
    "PARAMETER_DEFAULT_CHANGED": "FIELD_DEFAULT_CHANGED",
    "PARAMETER_ORDER_CHANGED": "FIELD_ORDER_CHANGED",
    # A field is given and read: a wider type surprises the readers, a narrower one the makers.
    "PARAMETER_TYPE_WIDENED": "FIELD_TYPE_CHANGED",
    "PARAMETER_TYPE_CHANGED": "FIELD_TYPE_CHANGED",
}
_CALLABLE: Final = ("def", "async", "classmethod", "staticmethod", "property", "contextmanager", "abstract")


def compare_classes(
    place: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what changed between two entries of a class; ``name`` is the public name it belongs to."""
    yield from _forms(place, name, old["form"], new["form"])
    for base in sorted({*old["bases"]} - {*new["bases"]}):
        yield Finding("BASE_REMOVED", place, base, "", name)
    for base in sorted({*new["bases"]} - {*old["bases"]}):
        yield Finding("BASE_ADDED", place, "", base, name)
    was, now = old["members"], new["members"]
    before = {member: text for member, text in was.items() if not _is_field(text)}
    after = {member: text for member, text in now.items() if not _is_field(text)}
    before_fields, after_fields = _fields(old), _fields(new)
    for rule, field, was_text, now_text in compare_parameters(before_fields, after_fields):
        # What was a field and is a property now (or the other way round) is told once, as a change of kind.
        if field not in before and field not in after:
            yield Finding(_OF_FIELDS.get(rule, rule), f"{place}.{field}", was_text, now_text, name)
    for member in before.keys() - now.keys():
        rule = "ENUM_MEMBER_REMOVED" if _is_enum(before[member]) else "MEMBER_REMOVED"
        yield Finding(rule, f"{place}.{member}", before[member], "", name)
    for member in after.keys() - was.keys():
        yield Finding(_added(after[member], new["form"]), f"{place}.{member}", "", after[member], name)
    for member in was.keys() & now.keys():
        # The version of an event class is told with the event versions.
        if member == "VERSION" and "Event" in new["bases"]:
            continue
        if not (_is_field(was[member]) and _is_field(now[member])):
            yield from compare_lines(f"{place}.{member}", name, was[member], now[member])


def compare_lines(place: str, name: str, old: str, new: str) -> Iterator[Finding]:
    """Yield what changed between two lines of text that describe the same name."""
    if old == new:
        return
    if old.split(" ", maxsplit=1)[0] in _CALLABLE and new.split(" ", maxsplit=1)[0] in _CALLABLE:
        yield from _callables(place, name, old, new)
        return
    before, after = _slot(old), _slot(new)
    if before[0] != after[0]:
        yield Finding("KIND_CHANGED", place, old, new, name)
    elif not same_text(before[1], after[1]):
        rule = "TYPE_CHANGED" if before[1] is not None else "ANNOTATION_ADDED"
        yield Finding(rule, place, old, new, name)
    elif before[2] != after[2]:
        yield Finding(_value_rule(place, before, after), place, old, new, name)


def _callables(place: str, name: str, old: str, new: str) -> Iterator[Finding]:
    (old_kind, old_signature), (new_kind, new_signature) = split_kind(old), split_kind(new)
    if old_kind.removeprefix("abstract ") != new_kind.removeprefix("abstract "):
        yield Finding("KIND_CHANGED", place, old, new, name)
        return
    if new_kind != old_kind:
        rule = "MEMBER_TO_IMPLEMENT_ADDED" if new_kind.startswith("abstract") else "FORM_CHANGED"
        yield Finding(rule, place, old_kind, new_kind, name)
    for rule, parameter, was, now in compare_signatures(old_signature, new_signature):
        yield Finding(rule, f"{place}({parameter})" if parameter else place, was, now, name)


def _forms(place: str, name: str, old: str, new: str) -> Iterator[Finding]:
    if old == new:
        return
    if old.partition("(")[0] != new.partition("(")[0]:
        yield Finding("KIND_CHANGED", place, old, new, name)
        return
    # Refusing what was allowed (assignment, comparison, passing by place) breaks; allowing more does not.
    was, now = _flags(old), _flags(new)
    narrowed = any(now.get(flag) and not was.get(flag) for flag in ("frozen", "kw_only"))
    narrowed |= any(
        was.get(flag, flag == "eq") and not now.get(flag, flag == "eq") for flag in ("eq", "order", "tuple")
    )
    yield Finding("FORM_NARROWED" if narrowed else "FORM_CHANGED", place, old, new, name)


def _flags(form: str) -> dict[str, bool]:
    call = ast.parse(form if "(" in form else "None", mode="eval").body
    words = call.keywords if isinstance(call, ast.Call) else []
    return {word.arg or "": bool(getattr(word.value, "value", False)) for word in words}


def _fields(entry: Mapping[str, Any]) -> list[Parameter]:
    """Return the constructor's parameters: in their order for a dataclass, by name for a model."""
    by_name = entry["form"] == "model" or _flags(entry["form"]).get("kw_only", False)
    found = []
    for member, text in entry["members"].items():
        if _is_field(text):
            _, annotation, value = _slot(text)
            default = _default(value)
            own_name = by_name or "kw_only=True" in (value or "")
            found.append(Parameter(member, "by name" if own_name else "any way", annotation, default))
    return found


def _default(value: str | None) -> str | None:
    """Return what stands in when the field is not given: the value itself, or what ``field``/``Field`` says."""
    if value is None:
        return None
    node = ast.parse(value, mode="eval").body
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in {"field", "Field"}:
        return value
    words = {word.arg: ast.unparse(word.value) for word in node.keywords}
    given = next((words[word] for word in ("default", "default_factory") if word in words), None)
    if given is None and node.args:
        given = ast.unparse(node.args[0])
    if given is None and words.get("init") == "False":
        given = "set by the class itself"
    return None if given == "..." else given


def _slot(text: str) -> tuple[str, str | None, str | None]:
    """``field: int = 3`` to its kind, type and value."""
    word = text.split(" ", 1)[0].rstrip(":")
    if word in {"same", "external", "module"} or word in _CALLABLE:
        return ("callable" if word in _CALLABLE else word), None, text
    node = ast.parse(text).body[0]
    annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else None
    value = node.value if isinstance(node, ast.AnnAssign | ast.Assign) else None
    return word, annotation, ast.unparse(value) if value is not None else None


def _value_rule(
    place: str, old: tuple[str, str | None, str | None], new: tuple[str, str | None, str | None]
) -> str:
    """A text or number is what others compare with and store; a table is for looking up."""
    if old[0] == "member":
        return "ENUM_VALUE_CHANGED"
    if old[0] == "alias":
        return "ALIAS_BOUNDS_CHANGED"
    if place.endswith(".model_config"):
        return "MODEL_CONFIG_CHANGED"
    return "CONSTANT_CHANGED" if _literal(old[2]) or _literal(new[2]) else "TABLE_CHANGED"


def _literal(value: str | None) -> bool:
    if value is None:
        return False
    node = ast.parse(value, mode="eval").body
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def _added(text: str, form: str) -> str:
    if _is_enum(text):
        return "ENUM_MEMBER_ADDED"
    return (
        "MEMBER_TO_IMPLEMENT_ADDED" if form == "protocol" or text.startswith("abstract") else "MEMBER_ADDED"
    )


def _is_field(text: str) -> bool:
    return text.startswith("field")


def _is_enum(text: str) -> bool:
    return text.startswith("member")
