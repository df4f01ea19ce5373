"""Subset: whether every document that the writer's schema can send is accepted by the reader's schema.

A writer is closed: it sends the properties its schema names and no others, unless the schema speaks of additional
ones. A reader is open: it ignores what it does not know, unless it says ``additionalProperties: false``. Where the
answer cannot be known it is no; the findings say what was missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from at_core.contracts.compat.nodes import Atom, Root, as_node, atoms, names_node, unsupported
from at_core.contracts.compat.ranges import range_findings
from at_core.contracts.compat.renames import renamed
from at_core.contracts.compat.rules import Direction, Finding, Rule
from at_core.contracts.compat.texts import text_findings
from at_core.contracts.compat.values import accepts, atom_accepts, kind_of

__all__ = ["DEPTH_MAX", "STEPS_MAX", "subset", "variant_of"]

STEPS_MAX: Final = 200_000
"""Pairs of nodes looked at before the checker gives up; a contract of this platform needs a few hundred."""

DEPTH_MAX: Final = 50
"""Named parts within named parts, before the checker gives up."""

Pairs = frozenset[tuple[str | None, ...]]
"""Pairs of named parts that are being looked at further up. They are taken as good: a recursive document that is
refused is refused at some finite depth, and there the pair is looked at itself."""


def subset(
    writer: Mapping[str, Any], reader: Mapping[str, Any], direction: Direction = Direction.BACKWARD
) -> tuple[Finding, ...]:
    """Return why a document of ``writer`` could be refused by ``reader``; empty when none can.

    ``direction`` only names the findings: BACKWARD when the writer is the old side, FORWARD when it is the new one.
    """
    odd = [(path, what) for schema in (writer, reader) for path, what in unsupported(schema)]
    if odd:
        return tuple(
            Finding(Rule.UNSUPPORTED_KEYWORD, direction, path, what) for path, what in dict.fromkeys(odd)
        )
    walk = _Walk(Root(writer), Root(reader), direction)
    return tuple(dict.fromkeys(walk.cover(writer, reader, "$", frozenset())))


class _Walk:
    """One comparison, top down."""

    def __init__(self, writer: Root, reader: Root, direction: Direction) -> None:
        self._writer = writer
        self._reader = reader
        self._direction = direction
        self._backward = direction is Direction.BACKWARD
        self._steps = 0

    def cover(self, writer: Any, reader: Any, path: str, assumed: Pairs) -> Iterator[Finding]:
        """Findings for one pair of nodes."""
        self._steps += 1
        if self._steps > STEPS_MAX or len(assumed) > DEPTH_MAX:
            yield Finding(Rule.UNSUPPORTED_KEYWORD, self._direction, path, "too large to be judged")
            return
        pair = (self._writer.target(as_node(writer))[0], self._reader.target(as_node(reader))[0])
        if pair in assumed:
            return
        if None not in pair:
            assumed = assumed | {pair}
        sent, taken = atoms(writer, self._writer), atoms(reader, self._reader)
        for atom in sent:
            yield from self._cover_atom(atom, sent, taken, path, assumed)

    def _cover_atom(
        self, atom: Atom, sent: Sequence[Atom], taken: Sequence[Atom], path: str, assumed: Pairs
    ) -> Iterator[Finding]:
        values = _values(atom)
        if values is not None:
            refused = [
                value for value in values if not any(atom_accepts(value, one, self._reader) for one in taken)
            ]
            if refused:
                yield from self._refused(refused, sent, taken, path)
            return
        kind = atom.node.get("type")
        if any(_anything(one) for one in taken):
            return
        same = [one for one in taken if _values(one) is None and _fits(kind, one.node.get("type"))]
        if not same:
            yield self._foreign(atom, sent, taken, path)
            return
        tries = [list(self._typed(atom, one, path, assumed)) for one in same]
        if all(tries):
            yield from self._nearest(atom, same, tries, sent, path)

    def _refused(
        self, values: Sequence[Any], sent: Sequence[Atom], taken: Sequence[Atom], path: str
    ) -> Iterator[Finding]:
        """Single values that nobody accepts: null, or words of a vocabulary."""
        if None in values and [_values(one) for one in sent] != [[None]]:
            yield self._say(Rule.NULLABLE_REMOVED, Rule.NULLABLE_ADDED, path, f"null is {self._gone}")
            values = [value for value in values if value is not None]
        if not values:
            return
        kinds = {kind_of(value) for value in values}
        if any(kind_of(word) in kinds for one in taken for word in _values(one) or ()) or any(
            one.node.get("type") in kinds for one in taken
        ):
            words = ", ".join(repr(value) for value in values)
            yield self._say(
                Rule.ENUM_VALUE_REMOVED, Rule.ENUM_VALUE_ADDED_CLOSED, path, f"{words} {self._gone_or_come}"
            )
        else:
            yield self._kinds(sent, taken, path)

    def _foreign(self, atom: Atom, sent: Sequence[Atom], taken: Sequence[Atom], path: str) -> Finding:
        """A kind of value for which the reader has no open alternative."""
        kind = atom.node.get("type")
        words = [word for one in taken for word in _values(one) or () if _fits(kind, kind_of(word))]
        if words:
            listed = ", ".join(repr(word) for word in words[:8])
            return self._say(Rule.ENUM_CLOSED, Rule.ENUM_OPENED, path, f"any {kind} against only {listed}")
        return self._kinds(sent, taken, path)

    def _kinds(self, sent: Sequence[Atom], taken: Sequence[Atom], path: str) -> Finding:
        """Kinds differ: a union that grew or shrank, or simply another type."""
        before, after = (sent, taken) if self._backward else (taken, sent)
        what = f"{_kinds_text(before)} became {_kinds_text(after)}"
        if any(len(_kinds_of(side) - {"null"}) > 1 for side in (sent, taken)):
            return self._say(Rule.UNION_NARROWED, Rule.UNION_WIDENED, path, what)
        return Finding(Rule.TYPE_CHANGED, self._direction, path, what)

    def _nearest(
        self,
        atom: Atom,
        same: Sequence[Atom],
        tries: Sequence[list[Finding]],
        sent: Sequence[Atom],
        path: str,
    ) -> Iterator[Finding]:
        """No alternative takes it: speak of the one that was meant, when that can be told."""
        meant = [found for one, found in zip(same, tries, strict=True) if variant_of(one) == variant_of(atom)]
        objects = len(same) > 1 or len([one for one in sent if one.node.get("type") == "object"]) > 1
        if atom.node.get("type") == "object" and objects and not meant:
            label = variant_of(atom) or "without a name"
            yield self._say(
                Rule.UNION_NARROWED, Rule.UNION_WIDENED, path, f"variant {label} {self._gone_or_come}"
            )
        else:
            yield from min(meant or tries, key=len)

    def _typed(self, writer: Atom, reader: Atom, path: str, assumed: Pairs) -> Iterator[Finding]:
        kind = reader.node["type"]
        if writer.name is not None and reader.name is not None:
            pair = (writer.name, writer.tag, reader.name, reader.tag)
            if pair in assumed:
                return
            assumed = assumed | {pair}
        if kind == "string":
            yield from text_findings(writer.node, reader.node, path, self._direction)
        elif kind in ("integer", "number"):
            yield from range_findings(writer.node, reader.node, path, self._direction)
        elif kind == "array":
            yield from range_findings(writer.node, reader.node, path, self._direction)
            yield from self._list(writer.node, reader.node, path, assumed)
        elif kind == "object":
            yield from range_findings(writer.node, reader.node, path, self._direction)
            yield from self._required(writer, reader, path)
            yield from self._properties(writer.node, reader.node, path, assumed)

    def _list(
        self, writer: Mapping[str, Any], reader: Mapping[str, Any], path: str, assumed: Pairs
    ) -> Iterator[Finding]:
        sent, taken = writer.get("prefixItems", []), reader.get("prefixItems", [])
        fixed = max(len(sent), len(taken))
        most = writer.get("maxItems", fixed + 1)
        for index in range(min(fixed, most)):
            left = sent[index] if index < len(sent) else writer.get("items", True)
            right = taken[index] if index < len(taken) else reader.get("items", True)
            yield from self.cover(left, right, f"{path}[{index}]", assumed)
        if most > fixed:
            yield from self.cover(writer.get("items", True), reader.get("items", True), f"{path}[*]", assumed)

    def _required(self, writer: Atom, reader: Atom, path: str) -> Iterator[Finding]:
        sent = {*writer.node.get("required", ()), *filter(None, [writer.tag])}
        wanted = {*reader.node.get("required", ()), *filter(None, [reader.tag])}
        names = renamed(writer.node, self._writer, reader.node, self._reader)
        for name in sorted(wanted - sent):
            place = f"{path}.{name}"
            if name in writer.node.get("properties", {}):
                what = "must now be there" if self._backward else "may now be absent"
                yield self._say(Rule.FIELD_MADE_REQUIRED, Rule.FIELD_MADE_OPTIONAL, place, what)
            elif name in names.values():
                there = next(sent for sent, taken in names.items() if taken == name)
                yield self._renamed(path, there, name)
            else:
                what = "must now be there" if self._backward else "is no longer sent"
                yield self._say(Rule.FIELD_REQUIRED_ADDED, Rule.FIELD_REQUIRED_REMOVED, place, what)

    def _renamed(self, path: str, sent: str, taken: str) -> Finding:
        old, new = (sent, taken) if self._backward else (taken, sent)
        return Finding(Rule.FIELD_RENAMED, self._direction, f"{path}.{old}", f"{old!r} became {new!r}")

    def _properties(
        self, writer: Mapping[str, Any], reader: Mapping[str, Any], path: str, assumed: Pairs
    ) -> Iterator[Finding]:
        sent, taken = writer.get("properties", {}), reader.get("properties", {})
        others = reader.get("additionalProperties", True)
        for name, part in sent.items():
            if name in taken:
                yield from self.cover(part, taken[name], f"{path}.{name}", assumed)
            else:
                yield from self._unknown(part, others, f"{path}.{name}", assumed)
        free = writer.get("additionalProperties", "properties" not in writer)
        if free is not False:
            for name in taken.keys() - sent.keys():
                yield from self.cover(free, taken[name], f"{path}.{name}", assumed)
            yield from self._unknown(free, others, f"{path}.*", assumed)
        if "propertyNames" in reader:
            if free is not False:
                yield from self.cover(names_node(writer), names_node(reader), f"{path}.{{key}}", assumed)
            for name in sorted(name for name in sent if not accepts(name, names_node(reader), self._reader)):
                what = f"the key {name!r} {self._gone_or_come}"
                yield self._say(
                    Rule.ENUM_VALUE_REMOVED, Rule.ENUM_VALUE_ADDED_CLOSED, f"{path}.{{key}}", what
                )

    def _unknown(self, sent: Any, others: Any, path: str, assumed: Pairs) -> Iterator[Finding]:
        """A field that the reader does not name."""
        if others is False:
            side = "new" if self._backward else "old"
            yield Finding(Rule.READER_FORBIDS_UNKNOWN, self._direction, path, f"the {side} reader refuses it")
        else:
            yield from self.cover(sent, others, path, assumed)

    def _say(self, backward: Rule, forward: Rule, path: str, what: str) -> Finding:
        return Finding(backward if self._backward else forward, self._direction, path, what)

    @property
    def _gone(self) -> str:
        return "no longer accepted" if self._backward else "now sent"

    @property
    def _gone_or_come(self) -> str:
        return "went" if self._backward else "came"


def _values(atom: Atom) -> list[Any] | None:
    """The values of an alternative that is nothing but a few values; None when it is open."""
    node = atom.node
    if "const" in node:
        return [node["const"]]
    if "enum" in node:
        return list(node["enum"])
    return [None] if node.get("type") == "null" else [False, True] if node.get("type") == "boolean" else None


def _anything(atom: Atom) -> bool:
    return _values(atom) is None and "type" not in atom.node


def _fits(sent: object, taken: object) -> bool:
    return sent is not None and (sent == taken or (sent == "integer" and taken == "number"))


def variant_of(atom: Atom) -> str | None:
    """By what a variant of a union is known: the value of its tag, else its name."""
    if atom.tag is None:
        return atom.name
    node = atom.node.get("properties", {}).get(atom.tag, {})
    return str(node.get("const", node.get("enum")))


def _kinds_of(side: Sequence[Atom]) -> set[str]:
    return {str(one.node.get("type", _first_kind(one))) for one in side}


def _kinds_text(side: Sequence[Atom]) -> str:
    return " or ".join(sorted(_kinds_of(side), key=lambda kind: (kind == "null", kind)))


def _first_kind(atom: Atom) -> str:
    values = _values(atom)
    return kind_of(values[0]) if values else "anything"
