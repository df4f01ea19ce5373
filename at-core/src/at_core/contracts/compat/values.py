"""Values: whether one JSON value is accepted by a schema. For closed vocabularies, map keys and witnesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from at_core.contracts.compat.forms import has_format
from at_core.contracts.compat.nodes import Atom, Root, atoms, canonical_value, names_node, same_value
from at_core.contracts.compat.patterns import matches

__all__ = ["accepts", "atom_accepts", "kind_of", "within"]


def kind_of(value: Any) -> str:
    """The JSON type of a value; a number without a fraction is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def accepts(value: Any, node: Any, root: Root) -> bool:
    """Whether ``value`` is valid for ``node``."""
    return any(atom_accepts(value, atom, root) for atom in atoms(node, root))


def atom_accepts(value: Any, atom: Atom, root: Root) -> bool:
    """Whether ``value`` is valid for one alternative."""
    node = atom.node
    if "const" in node or "enum" in node:
        return any(same_value(value, one) for one in node.get("enum", [node.get("const")]))
    kind = node.get("type")
    if kind is None:
        return True
    if kind_of(value) != kind and not (kind == "number" and kind_of(value) == "integer"):
        return False
    check = _CHECKS.get(kind)
    return check is None or check(value, atom, root)


def within(value: Any, node: Mapping[str, Any]) -> bool:
    """Whether a number keeps the limits and the step of a node."""
    exact = Fraction(str(value))
    limits: tuple[tuple[str, Callable[[Fraction], bool]], ...] = (
        ("minimum", lambda limit: exact >= limit),
        ("maximum", lambda limit: exact <= limit),
        ("exclusiveMinimum", lambda limit: exact > limit),
        ("exclusiveMaximum", lambda limit: exact < limit),
        ("multipleOf", lambda step: exact % step == 0),
    )
    return all(word not in node or keeps(Fraction(str(node[word]))) for word, keeps in limits)


def _number(value: Any, atom: Atom, root: Root) -> bool:
    del root
    return within(value, atom.node)


def _text(value: str, atom: Atom, root: Root) -> bool:
    del root
    node = atom.node
    if not node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value)):
        return False
    if "pattern" in node and not matches(node["pattern"], value):
        return False
    return "format" not in node or has_format(value, node["format"])


def _list(value: list[Any], atom: Atom, root: Root) -> bool:
    node = atom.node
    if not node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)):
        return False
    if node.get("uniqueItems") and len({canonical_value(item) for item in value}) < len(value):
        return False
    first = node.get("prefixItems", [])
    rest = node.get("items", True)
    places = (first[index] if index < len(first) else rest for index in range(len(value)))
    return all(accepts(item, place, root) for item, place in zip(value, places, strict=True))


def _map(value: Mapping[str, Any], atom: Atom, root: Root) -> bool:
    node = atom.node
    if not node.get("minProperties", 0) <= len(value) <= node.get("maxProperties", len(value)):
        return False
    if not {*node.get("required", ()), *filter(None, [atom.tag])} <= set(value):
        return False
    if "propertyNames" in node and not all(accepts(key, names_node(node), root) for key in value):
        return False
    named = node.get("properties", {})
    others = node.get("additionalProperties", True)
    return all(
        accepts(item, named[key], root)
        if key in named
        else others is not False and accepts(item, others, root)
        for key, item in value.items()
    )


_CHECKS: Final[Mapping[str, Callable[[Any, Atom, Root], bool]]] = {
    "integer": _number,
    "number": _number,
    "string": _text,
    "array": _list,
    "object": _map,
}
