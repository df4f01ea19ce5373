"""Lint: what a contract must keep to by itself, whatever came before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from at_core.contracts.compat.comparison import ENVELOPE
from at_core.contracts.compat.forms import FORMATS, lengths
from at_core.contracts.compat.nodes import Atom, Root, as_node, atoms, names_node, unsupported
from at_core.contracts.compat.patterns import ENDLESS
from at_core.contracts.compat.policy import CLOSED_FIELDS, CLOSED_WORDS, OPEN_WORDS, SECRET_NAMES, WAIVERS
from at_core.contracts.compat.rules import Direction, Finding, Rule
from at_core.contracts.compat.values import accepts
from at_core.contracts.frozen import FrozenContract
from at_core.events.envelope import TIME_PATTERN

__all__ = ["lint", "unwaived"]


@dataclass(frozen=True, slots=True)
class _Spot:
    """One value's place in a document."""

    path: str
    field: str
    """Name of the nearest field."""
    node: Mapping[str, Any]
    atoms: tuple[Atom, ...]


def unwaived(contract: FrozenContract) -> tuple[Finding, ...]:
    """Return what ``lint`` finds and no waiver excuses."""
    return tuple(
        found
        for found in lint(contract)
        if not {(found.rule, (name, found.path)) for name in ("*", contract.event_type)} & set(WAIVERS)
    )


def lint(contract: FrozenContract) -> tuple[Finding, ...]:
    """Return everything in which one contract does not keep to policy.

    That no payload field bears an envelope's name is not asked here: in a flat body it would *be* the envelope's
    field, so the registry of models refuses it at import, and a changed form is ENVELOPE_CHANGED.
    """
    odd = [*unsupported(contract.reader), *unsupported(contract.writer)]
    if odd:
        return tuple(_at(Rule.UNSUPPORTED_KEYWORD, path, what) for path, what in dict.fromkeys(odd))
    found = list(_keys(contract))
    for schema in (contract.reader, contract.writer):
        root = Root(schema)
        for spot in _spots(schema, root):
            found += _names(spot)
            found += _words(spot, contract.event_type)
            for atom in spot.atoms:
                found += _atom(atom, spot, root)
    for spot in _spots(contract.reader, Root(contract.reader)):
        found += (one for atom in spot.atoms for one in _reader(atom.node, spot, Root(contract.reader)))
    return tuple(dict.fromkeys(found))


def _at(rule: Rule, path: str, what: str) -> Finding:
    return Finding(rule, Direction.NEITHER, path, what)


def _spots(schema: Mapping[str, Any], root: Root) -> Iterator[_Spot]:
    """Every place once; a part that contains itself is entered once."""
    waiting: list[tuple[Any, str, str, frozenset[str]]] = [(schema, "$", "", frozenset())]
    while waiting:
        node, path, field, inside = waiting.pop()
        name, _ = root.target(as_node(node))
        if name is not None and name in inside:
            continue
        here = inside | {name} if name is not None else inside
        found = atoms(node, root)
        yield _Spot(path, field, as_node(node), found)
        for atom in found:
            if atom.name is not None and atom.name in inside:
                continue
            deeper = here | {atom.name} if atom.name is not None else here
            waiting += ((part, place, word or field, deeper) for part, place, word in _below(atom.node, path))


def _below(node: Mapping[str, Any], path: str) -> Iterator[tuple[Any, str, str]]:
    for key, part in node.get("properties", {}).items():
        yield part, f"{path}.{key}", key
    if "items" in node:
        yield node["items"], f"{path}[*]", ""
    for index, part in enumerate(node.get("prefixItems", ())):
        yield part, f"{path}[{index}]", ""
    if isinstance(node.get("additionalProperties"), Mapping):
        yield node["additionalProperties"], f"{path}.*", ""


def _atom(atom: Atom, spot: _Spot, root: Root) -> Iterator[Finding]:
    node, kind = atom.node, atom.node.get("type")
    if "const" in node or "enum" in node:
        return
    if kind is None:
        yield _at(Rule.TEXT_UNBOUNDED, spot.path, "anything may stand here")
    elif kind == "number":
        yield _at(Rule.NUMBER_IN_JSON, spot.path, "a JSON number with a fraction")
    elif kind == "string":
        yield from _text(node, spot.path)
    elif kind == "array" and "maxItems" not in node:
        yield _at(Rule.LIST_UNBOUNDED, spot.path, "no greatest number of items")
    elif kind == "object" and node.get("additionalProperties", "properties" not in node) is not False:
        names = names_node(node)
        finite = all("enum" in one.node or "const" in one.node for one in atoms(names, root))
        bounded = "maxProperties" in node and all(
            lengths(one.node)[1] != ENDLESS for one in atoms(names, root)
        )
        if not finite and not bounded:
            yield _at(Rule.MAP_UNBOUNDED, spot.path, "neither a greatest number of keys nor bounded keys")


def _text(node: Mapping[str, Any], path: str) -> Iterator[Finding]:
    if lengths(node)[1] == ENDLESS:
        yield _at(Rule.TEXT_UNBOUNDED, path, "no greatest length")
    form = node.get("format")
    if form is not None and form not in FORMATS:
        yield _at(Rule.FORM_UNKNOWN, path, f"format {form}")
    elif form == "date-time" and node.get("pattern") != TIME_PATTERN:
        yield _at(Rule.FORM_UNKNOWN, path, "a time that is not UTC with six digits")
    elif str(form).startswith("decimal") and node.get("pattern") != FORMATS[str(form)].pattern:
        yield _at(Rule.FORM_UNKNOWN, path, f"format {form} without its pattern")


def _names(spot: _Spot) -> Iterator[Finding]:
    words = spot.field.lower().split("_")
    pairs = {"".join(pair) for pair in pairwise(words)}
    if spot.path.endswith(f".{spot.field}") and SECRET_NAMES & ({*words} | pairs):
        yield _at(Rule.SECRET_NAMED, spot.path, f"{spot.field!r} sounds like a secret")


def _words(spot: _Spot, event_type: str) -> Iterator[Finding]:
    """Closed where money moves; open only where it is declared."""
    closed = [one for one in spot.atoms if "enum" in one.node or "const" in one.node]
    free = [
        one for one in spot.atoms if one not in closed and one.node.get("type") in ("string", "integer", None)
    ]
    known = CLOSED_WORDS & {one.name for one in closed if one.name}
    if free and (known or (spot.field in CLOSED_FIELDS and spot.path.endswith(f".{spot.field}"))):
        yield _at(Rule.WORDS_MUST_BE_CLOSED, spot.path, "words the reader does not know would pass")
    elif free and closed and not {(event_type, spot.path), ("*", spot.path)} & set(OPEN_WORDS):
        yield _at(Rule.OPEN_WORDS_UNDECLARED, spot.path, "known words beside free text")


def _reader(node: Mapping[str, Any], spot: _Spot, root: Root) -> Iterator[Finding]:
    """What only a reader can do wrong."""
    if node.get("additionalProperties") is False:
        yield _at(Rule.READER_FORBIDS_UNKNOWN, spot.path, "a field that a newer writer adds is refused")
    for name, part in node.get("properties", {}).items():
        place = f"{spot.path}.{name}"
        if name in node.get("required", ()):
            if accepts(None, part, root):
                yield _at(Rule.NULL_DEMANDED, place, "required and null at once")
        elif "default" not in as_node(part):
            yield _at(Rule.DEFAULT_HIDDEN, place, "what its absence means is not in the schema")


def _keys(contract: FrozenContract) -> Iterator[Finding]:
    _, top = Root(contract.writer).target(contract.writer)
    for key in contract.keys:
        sent = key in ENVELOPE or key in top.get("required", ())
        if key not in top.get("properties", {}) or not sent:
            yield _at(Rule.KEY_NOT_SENT, f"$.{key}", "a key of the subject that need not be in the body")
