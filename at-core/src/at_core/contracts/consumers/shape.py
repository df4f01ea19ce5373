"""The shape of a version: every field path of a frozen schema, whether it may be absent, and its closed values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FieldShape", "shape_of"]


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field. ``part``: it has fields of its own; ``values``: its closed vocabulary, None when it has none."""

    optional: bool
    part: bool
    values: tuple[str, ...] | None = None


def shape_of(schema: Mapping[str, Any]) -> dict[str, FieldShape]:
    """Return every path of an event's schema, ``plan.intent.side`` and ``checks[].code`` included."""
    return dict(_walk(schema, schema.get("$defs", {}), ""))


def _walk(node: Mapping[str, Any], parts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, FieldShape]]:
    required = node.get("required", ())
    for name, told in node.get("properties", {}).items():
        path = f"{prefix}{name}"
        optional = name not in required
        inner, many = _resolve(told, parts)
        part = "properties" in inner
        yield path, FieldShape(optional, part, None if many else _values(inner))
        if many and not part and _values(inner):
            yield f"{path}[]", FieldShape(optional, part=False, values=_values(inner))
        if part:
            yield from _walk(inner, parts, f"{path}[]." if many else f"{path}.")


def _resolve(node: Mapping[str, Any], parts: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Follow references, options that are not null, and list items; say whether a list lay on the way."""
    many = False
    for _ in range(16):
        if "$ref" in node:
            node = parts[str(node["$ref"]).rsplit("/", 1)[1]]
        elif len(node.get("allOf", ())) == 1:
            node = node["allOf"][0]
        elif "anyOf" in node:
            options = [option for option in node["anyOf"] if option.get("type") != "null"]
            if len(options) != 1:
                return node, many
            node = options[0]
        elif node.get("type") == "array" and isinstance(node.get("items"), Mapping):
            node, many = node["items"], True
        else:
            break
    return node, many


def _values(node: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "const" in node:
        return (str(node["const"]),)
    return tuple(map(str, node["enum"])) if "enum" in node else None
