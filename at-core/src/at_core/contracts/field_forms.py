"""Forms of fields in words: what a schema allows, with its bounds, one line per field, nested ones with their path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FieldForm", "field_forms"]

_BOUNDS = (
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("minimum", "not below {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "not above {}"),
    ("exclusiveMaximum", "below {}"),
)
_NAMED = {"minLength", "maxLength", "pattern"}
"""Said by the name of a format already."""


@dataclass(frozen=True, slots=True)
class FieldForm:
    """One field: its path (``checks[].code``), whether it must be there, and its form in words."""

    path: str
    required: bool
    form: str


def field_forms(schema: Mapping[str, Any]) -> list[FieldForm]:
    """Return every field of a Pydantic schema, nested ones right behind the one they stand in."""
    return list(_fields(schema, schema.get("$defs", {}), "", ()))


def _fields(
    node: Mapping[str, Any], definitions: Mapping[str, Any], path: str, inside: tuple[str, ...]
) -> Iterator[FieldForm]:
    required = set(node.get("required", ()))
    for name, value in node.get("properties", {}).items():
        place = f"{path}{name}"
        yield FieldForm(place, name in required, _form(value, definitions))
        for suffix, title in _objects(value):
            # A shape inside itself is told once.
            if title not in inside:
                yield from _fields(
                    definitions.get(title, {}), definitions, f"{place}{suffix}.", (*inside, title)
                )


def _objects(node: Mapping[str, Any], suffix: str = "") -> Iterator[tuple[str, str]]:
    if "$ref" in node:
        yield suffix, str(node["$ref"]).rsplit("/", 1)[1]
    for option in node.get("anyOf", ()):
        yield from _objects(option, suffix)
    if isinstance(items := node.get("items"), dict):
        yield from _objects(items, f"{suffix}[]")


def _form(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in node:
        title = str(node["$ref"]).rsplit("/", 1)[1]
        target = definitions.get(title, {})
        return title if "properties" in target else f"{title}: {_form(target, definitions)}"
    if "anyOf" in node:
        options = [_form(option, definitions) for option in node["anyOf"] if option.get("type") != "null"]
        return " or ".join(options)
    if "const" in node or "enum" in node:
        return ", ".join(str(value) for value in node.get("enum", [node.get("const")]))
    form = str(node.get("format") or node.get("type") or "any")
    if node.get("type") == "array":
        form = f"list of ({_form(node.get('items', {}), definitions)})"
    bounds = [text.format(node[key]) for key, text in _BOUNDS if _telling(node, key)]
    if "pattern" in node and "format" not in node:
        bounds.append(f"`{node['pattern']}`")
    return ", ".join((form, *bounds))


def _telling(node: Mapping[str, Any], key: str) -> bool:
    return key in node and not ("format" in node and key in _NAMED)
