"""Verification: do the contracts fit the frozen registry, and each other? Pure; every finding has a rule id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from at_core.contracts.consumers.model import ANY, Contract, Finding, Reading, Writing, bare
from at_core.contracts.consumers.shape import FieldShape, shape_of
from at_core.contracts.frozen import FrozenContract

__all__ = ["NOTES", "RULES", "verify"]

RULES: Mapping[str, str] = {
    "UNKNOWN_TYPE": "no version of this type was ever frozen",
    "UNKNOWN_MAJOR": "this major was never frozen",
    "MAJOR_NOT_READ": "a producer can write a major that this consumer does not read",
    "UNKNOWN_FIELD": "no version of the type has this field",
    "FIELD_GONE": "older versions have this field, the newest does not",
    "VALUE_UNKNOWN": "the vocabulary of this field has no such value",
    "VALUE_NOT_HANDLED": "the writer can send this value, the consumer does not handle it",
    "VALUES_MISSING": "the field has a closed vocabulary, and the contract does not say which values are handled",
    "NOT_PRODUCED": "nobody produces this type",
    "PRODUCER_NOT_SEEN": "the contract of the producing role is not here, so its majors and options are not compared",
    "PRODUCER_DIFFERS": "the registry gives this type to another role",
    "FILLS_REQUIRED": "this field is not optional, so it is always filled",
    "OPTIONAL_NEVER_FILLED": "no producer ever fills this optional field",
}
"""Every rule, with its sentence."""

NOTES = frozenset({"OPTIONAL_NEVER_FILLED", "PRODUCER_NOT_SEEN"})
"""Rules that end nothing: a reader of tomorrow's field breaks nothing, and a team may hold its own contract alone."""

Registry = Mapping[str, tuple[FrozenContract, ...]]
_Shape = dict[str, FieldShape]


@dataclass(frozen=True, slots=True)
class _Type:
    """What is known of one type: the newest shape of each major, and every path there ever was."""

    majors: frozenset[int]
    newest: _Shape
    ever: frozenset[str]
    producer: str


def verify(contracts: Sequence[Contract], registry: Registry) -> list[Finding]:
    """Return what does not fit, in the order of the contracts; an empty list means all does."""
    known = {name: _known(name, versions) for name, versions in registry.items() if versions}
    writers: dict[str, list[Writing]] = {}
    for contract in contracts:
        for writing in contract.writes:
            writers.setdefault(writing.event_type, []).append(writing)
    roles = frozenset(writing.role for contract in contracts for writing in contract.writes)
    found: list[Finding] = []
    for contract in contracts:
        for reading in contract.reads:
            found += _reads(reading, known, writers.get(reading.event_type, ()), roles)
        for writing in contract.writes:
            found += _writes(writing, known)
    return found


def _known(name: str, versions: tuple[FrozenContract, ...]) -> _Type:
    newest = versions[-1]
    return _Type(
        majors=frozenset(version.major for version in versions),
        newest=shape_of(newest.writer),
        ever=frozenset(path for version in versions for path in shape_of(version.writer)),
        producer=name.rsplit(".", 1)[1] if newest.producer == "role" else newest.producer,
    )


def _reads(
    reading: Reading, known: Mapping[str, _Type], writers: Sequence[Writing], roles: frozenset[str]
) -> Iterator[Finding]:
    def finding(rule: str, detail: str) -> Finding:
        where = reading.member, reading.role, reading.event_type
        return Finding(rule, *where, detail, "note" if rule in NOTES else "error")

    facts = known.get(reading.event_type)
    if facts is None:
        yield finding("UNKNOWN_TYPE", _near(reading.event_type, known))
        return
    for major in sorted(set(reading.majors) - facts.majors):
        yield finding("UNKNOWN_MAJOR", f"major {major}; frozen: {_listed(facts.majors)}")
    if not writers:
        rule = "NOT_PRODUCED" if facts.producer in roles else "PRODUCER_NOT_SEEN"
        yield finding(rule, f"{reading.event_type} of {facts.producer}: no produces.toml names it")
    for writing in writers:
        for major in sorted(set(writing.majors) - set(reading.majors)):
            yield finding("MAJOR_NOT_READ", f"{writing.member} ({writing.role}) can write major {major}")
    filled = {path for writing in writers for path in writing.fills}
    for path in reading.fields:
        plain = bare(path)
        shape = facts.newest.get(plain)
        if shape is None:
            gone = plain in facts.ever
            yield finding("FIELD_GONE" if gone else "UNKNOWN_FIELD", f"{path}; {_near(plain, facts.newest)}")
        elif plain != path and not shape.part:
            yield finding("UNKNOWN_FIELD", f"{path}: {plain} has no fields of its own; write {plain}")
        else:
            for rule, detail in _values(path, shape, reading.values.get(path)):
                yield finding(rule, detail)
            if writers and shape.optional and plain == path and not _is_filled(path, filled):
                yield finding("OPTIONAL_NEVER_FILLED", path)


def _values(path: str, shape: FieldShape, told: tuple[str, ...] | str | None) -> Iterator[tuple[str, str]]:
    if shape.values is None or path == "type":  # which types come is the contract's own heading
        if told is not None and told != ANY:
            yield "VALUE_UNKNOWN", f"{path} has no closed vocabulary; remove its values"
    elif told is None:
        yield "VALUES_MISSING", f'{path}; say which of {_listed(shape.values)}, or "{ANY}"'
    elif told != ANY:
        for value in sorted(set(told) - set(shape.values)):
            yield "VALUE_UNKNOWN", f"{path} = {value}; {_near(value, shape.values)}"
        for value in (one for one in shape.values if one not in told):
            yield "VALUE_NOT_HANDLED", f"{path} = {value}"


def _writes(writing: Writing, known: Mapping[str, _Type]) -> Iterator[Finding]:
    def finding(rule: str, detail: str) -> Finding:
        return Finding(rule, writing.member, writing.role, writing.event_type, detail)

    facts = known.get(writing.event_type)
    if facts is None:
        yield finding("UNKNOWN_TYPE", _near(writing.event_type, known))
        return
    if facts.producer != writing.role:
        yield finding("PRODUCER_DIFFERS", f"the registry gives it to {facts.producer}")
    for major in sorted(set(writing.majors) - facts.majors):
        yield finding("UNKNOWN_MAJOR", f"major {major}; frozen: {_listed(facts.majors)}")
    for path in writing.fills:
        shape = facts.newest.get(path)
        if shape is None:
            gone = path in facts.ever
            yield finding("FIELD_GONE" if gone else "UNKNOWN_FIELD", f"{path}; {_near(path, facts.newest)}")
        elif not shape.optional:
            yield finding("FILLS_REQUIRED", path)


def _is_filled(path: str, filled: set[str]) -> bool:
    """A nested field counts as filled when the part that holds it is, unless fields of that part are told apart."""
    return path in filled or any(path.startswith((f"{one}.", f"{one}[]")) for one in filled)


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"known: {_listed(names[:8])}"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in sorted(values, key=str))
