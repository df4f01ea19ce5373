"""Who reads: the question before every change, answered from the contracts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from at_core.contracts.consumers.model import Contract, Mode, bare, covers
from at_core.contracts.consumers.shape import FieldShape, shape_of
from at_core.contracts.frozen import FrozenContract
from at_core.errors import ConfigurationError

__all__ = ["Reader", "breaks", "find_field", "who_reads"]


@dataclass(frozen=True, slots=True)
class Reader:
    """One role that reads a type or one of its fields.

    ``how``: *named* by its code (it breaks), or only kept as a *whole* (it misses the field, nothing breaks).
    """

    member: str
    role: str
    event_type: str
    durables: tuple[str, ...]
    mode: Mode
    majors: tuple[int, ...]
    how: Literal["named", "whole"]
    fields: tuple[str, ...]
    """Which of its declared fields the question touches; all of them when it was about the type."""


def who_reads(event_type: str, field: str | None, contracts: Iterable[Contract]) -> tuple[Reader, ...]:
    """Return every reader of a type, or of one field of it; those whose code names it first."""
    found = []
    for reading in (one for contract in contracts for one in contract.reads if one.event_type == event_type):
        fields = tuple(path for path in reading.fields if field is None or covers(path, field))
        if fields or reading.whole:
            found.append(
                Reader(
                    reading.member,
                    reading.role,
                    event_type,
                    reading.durables,
                    reading.mode,
                    reading.majors,
                    "named" if fields else "whole",
                    fields,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.how, one.member, one.role)))


def breaks(changed: Iterable[tuple[str, str]], contracts: Sequence[Contract]) -> tuple[Reader, ...]:
    """Return the readers whose code names one of the changed (type, field path), each role and type once."""
    fields: dict[tuple[str, str, str], set[str]] = {}
    readers: dict[tuple[str, str, str], Reader] = {}
    for event_type, path in changed:
        for reader in who_reads(event_type, path, contracts):
            if reader.how == "named":
                key = reader.member, reader.role, event_type
                readers[key] = reader
                fields.setdefault(key, set()).update(reader.fields)
    return tuple(
        Reader(
            one.member,
            one.role,
            one.event_type,
            one.durables,
            one.mode,
            one.majors,
            one.how,
            tuple(sorted(fields[key])),
        )
        for key, one in sorted(readers.items())
    )


def find_field(question: str, registry: Mapping[str, tuple[FrozenContract, ...]]) -> tuple[str, str | None]:
    """Split ``<type>[.field]``; raises ConfigurationError with the nearest names when either is unknown.

    A field of any version ever frozen counts: what is about to go may be gone from the newest already.
    """
    known = [name for name in registry if question == name or question.startswith(f"{name}.")]
    if not known:
        raise ConfigurationError(f"unknown type {question!r}; {_hint(question, registry)}")
    event_type = max(known, key=len)
    path = question[len(event_type) + 1 :]
    if not path:
        return event_type, None
    shape: dict[str, FieldShape] = {}
    for version in registry[event_type]:
        shape.update(shape_of(version.writer))
    plain = bare(path)
    if plain not in shape or (plain != path and not shape[plain].part):
        raise ConfigurationError(f"{event_type} has no field {path!r}; {_hint(path, shape)}")
    return event_type, path


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(names[:8])} ..."
