"""Affected: which readers a change between two contracts concerns, and which of its fields their code names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from at_core.contracts.compat.comparison import BREAKING
from at_core.contracts.compat.rules import Finding
from at_core.contracts.consumers.model import Contract
from at_core.contracts.consumers.readers import who_reads

__all__ = ["Affected", "affected", "field_of"]

_ITEMS: Final = re.compile(r"\[(\*|\d+)\]")


@dataclass(frozen=True, slots=True)
class Affected:
    """One role that reads the changed type: it refuses the whole event where its build does not accept the form."""

    member: str
    role: str
    durables: tuple[str, ...]
    majors: tuple[int, ...]
    names: tuple[str, ...]
    """Its declared fields that the change touches: there its code has to change, too. Empty: only decoding is."""

    def as_json(self) -> dict[str, Any]:
        """The reader for machines."""
        return {
            "member": self.member,
            "role": self.role,
            "durables": list(self.durables),
            "majors": list(self.majors),
            "names": list(self.names),
        }

    def __str__(self) -> str:
        named = f", names {', '.join(self.names)}" if self.names else ""
        return f"{self.member}/{self.role} ({', '.join(self.durables)}{named})"


def affected(event_type: str, found: Finding, contracts: Sequence[Contract]) -> tuple[Affected, ...]:
    """Return every reader of the type when ``found`` breaks somebody, those that name the field first; else nobody.

    All readers, because an event is decoded as a whole: also who names other fields only cannot take what is refused.
    """
    if found.effect not in BREAKING:
        return ()
    field = field_of(found.path)
    touched = who_reads(event_type, field, contracts) if field is not None else ()
    names = {(one.member, one.role): one.fields for one in touched if one.how == "named"}
    readers = [
        Affected(one.member, one.role, one.durables, one.majors, names.get((one.member, one.role), ()))
        for one in who_reads(event_type, None, contracts)
    ]
    return tuple(sorted(readers, key=lambda one: (not one.names, one.member, one.role)))


def field_of(path: str) -> str | None:
    """Return the field that a path of the checker means in the words of consumer contracts.

    ``$.checks[*].code`` is ``checks[].code``; what lies in a map is the map. None: the event as a whole, or a fact of
    the catalogue such as its stream.
    """
    if not path.startswith("$."):
        return None
    return _ITEMS.sub("[]", path.removeprefix("$.")).partition(".*")[0]
