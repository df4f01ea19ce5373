"""Schema nodes: the part of JSON Schema that Pydantic emits, resolved and taken apart into plain alternatives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ANYTHING", "Atom", "Root", "atoms", "canonical", "names_node", "same_value", "unsupported"]

Node = Mapping[str, Any]
ANYTHING: Final[Node] = {}
"""A node without a word about the value: everything is accepted."""

NOTES: Final = frozenset(
    {"title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly", "$defs"}
)
"""Keywords that no document can break."""

_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset(
        {"properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}
    ),
}
"""What may be said of a value of each type. Anything else is unsupported, also where JSON Schema would ignore it."""

_HEADS: Final = ("$ref", "allOf", "anyOf", "oneOf", "const", "enum")


@dataclass(frozen=True, slots=True)
class Atom:
    """One alternative of a node: no reference and no union left in it."""

    node: Node
    name: str | None = None
    """Its name among the definitions, when it has one."""
    tag: str | None = None
    """The property that tells the variants of a union apart; every variant carries it."""


class Root:
    """One schema document and its definitions."""

    def __init__(self, document: Node) -> None:
        self.document = document
        self._definitions: Node = document.get("$defs", {})

    def target(self, node: Node) -> tuple[str | None, Node]:
        """Follow references and single ``allOf``; return the last name met and the node there."""
        name = None
        for _ in range(len(self._definitions) + 2):
            if "$ref" in node:
                name = str(node["$ref"]).removeprefix("#/$defs/")
                node = self._definitions[name]
            elif "allOf" in node:
                node = node["allOf"][0]
            else:
                return name, as_map(node)
        raise RecursionError(f"definition {name} refers to itself")

    def knows(self, reference: object) -> bool:
        """Whether ``reference`` leads to a definition of this document."""
        text = str(reference)
        return text.startswith("#/$defs/") and text.removeprefix("#/$defs/") in self._definitions


def as_node(node: Any) -> Node:
    """``true`` in a schema's place says as much as an empty node."""
    return ANYTHING if node is True else node


def as_map(node: Node) -> Node:
    """Write a map whose keys have a pattern as what its model means: keys of that form only, and one form of value.

    Pydantic says it with ``patternProperties``, which would let every other key pass; its reader does not.
    """
    patterns = node.get("patternProperties", {})
    names = node.get("propertyNames", {})
    if len(patterns) != 1 or "pattern" in names or {"properties", "additionalProperties"} & set(node):
        return node
    (pattern, values), *_ = patterns.items()
    rest = {word: said for word, said in node.items() if word != "patternProperties"}
    keys = {"type": "string", **names, "pattern": pattern}
    return {**rest, "additionalProperties": values, "propertyNames": keys}


def atoms(node: Any, root: Root, tag: str | None = None) -> tuple[Atom, ...]:
    """Return the alternatives of a node, unions flattened."""
    name, plain = root.target(as_node(node))
    options = plain.get("anyOf", plain.get("oneOf"))
    if options is None:
        return (Atom(plain, name, tag),)
    inner = plain.get("discriminator", {}).get("propertyName", tag)
    return tuple(atom for option in options for atom in atoms(option, root, inner))


def names_node(node: Node) -> Node:
    """The schema of a map's keys, completed: a key is always a text."""
    names = as_node(node.get("propertyNames", ANYTHING))
    said = any(word in names for word in (*_HEADS, "type"))
    return names if said else {**names, "type": "string"}


def same_value(left: Any, right: Any) -> bool:
    """Equality of JSON values: ``true`` is not 1, 1 is 1.0."""
    return canonical_value(left) == canonical_value(right)


def canonical_value(value: Any) -> str:
    """One text per JSON value."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def canonical(node: Any, root: Root, inside: tuple[str, ...] = ()) -> Any:
    """Return the node with references written out, notes dropped and orders that mean nothing sorted.

    Two nodes with equal canonical form accept the same documents. Inside a recursion the depth stands for the part.
    """
    name, plain = root.target(as_node(node))
    if name is not None:
        if name in inside:
            return {"recursion": len(inside) - inside.index(name)}
        inside = (*inside, name)
    form: dict[str, Any] = {}
    for word, value in plain.items():
        if word in NOTES:
            continue
        if word == "properties":
            form[word] = {key: canonical(part, root, inside) for key, part in sorted(value.items())}
        elif word in ("items", "propertyNames") or (
            word == "additionalProperties" and isinstance(value, Mapping)
        ):
            form[word] = canonical(value, root, inside)
        elif word == "prefixItems":
            form[word] = [canonical(part, root, inside) for part in value]
        elif word in ("anyOf", "oneOf"):
            form["anyOf"] = sorted((canonical(part, root, inside) for part in value), key=canonical_value)
        elif word == "discriminator":
            form[word] = value.get("propertyName")
        elif word in ("enum", "const"):
            form["enum"] = sorted(canonical_value(item) for item in (value if word == "enum" else [value]))
        else:
            form[word] = sorted(value) if word == "required" else value
    return form


def unsupported(document: Node) -> list[tuple[str, str]]:
    """Return (path, what) of everything in a schema that the checker does not understand; empty is good."""
    return list(_Survey(Root(document)).visit(document, "$"))


class _Survey:
    """One walk over all reachable nodes of a document."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._seen: set[str] = set()

    def visit(self, node: Any, path: str) -> Iterator[tuple[str, str]]:
        if node is True:
            return
        if not isinstance(node, Mapping):
            yield path, f"a schema cannot be {node!r} here"
            return
        node = as_map(node)
        head = next((word for word in _HEADS if word in node), None)
        allowed = NOTES | ({head, "discriminator"} if head in ("anyOf", "oneOf") else {head})
        if head in ("const", "enum"):
            allowed |= {"type"}
        if head is None:
            kind = node.get("type")
            if "type" in node and (not isinstance(kind, str) or kind not in _OF_TYPE):
                yield path, f"type {kind!r}"
                return
            allowed = NOTES | {"type"} | _OF_TYPE.get(str(kind), frozenset())
        for word in sorted(set(node) - allowed):
            yield path, f"keyword {word!r} beside {head or node.get('type', 'no type')!r}"
        yield from self._parts(node, head, path)

    def _parts(self, node: Node, head: str | None, path: str) -> Iterator[tuple[str, str]]:
        if head == "$ref":
            reference = str(node["$ref"])
            if not self._root.knows(reference):
                yield path, f"reference {reference!r}"
            elif reference not in self._seen:
                self._seen.add(reference)
                yield from self.visit(self._root.target({"$ref": reference})[1], path)
        elif head in ("allOf", "anyOf", "oneOf"):
            options = node[head]
            if not isinstance(options, list) or not options or (head == "allOf" and len(options) != 1):
                yield path, f"{head} with {len(options)} parts"
                return
            for option in options:
                yield from self.visit(option, path)
        elif head is None:
            yield from self._inner(node, path)

    def _inner(self, node: Node, path: str) -> Iterator[tuple[str, str]]:
        for key, part in node.get("properties", {}).items():
            yield from self.visit(part, f"{path}.{key}")
        if "items" in node:
            yield from self.visit(node["items"], f"{path}[*]")
        for index, part in enumerate(node.get("prefixItems", ())):
            yield from self.visit(part, f"{path}[{index}]")
        if isinstance(node.get("additionalProperties"), Mapping):
            yield from self.visit(node["additionalProperties"], f"{path}.*")
        if "propertyNames" in node:
            yield from self.visit(names_node(node), f"{path}.{{key}}")
