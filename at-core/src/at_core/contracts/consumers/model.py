"""What a consumer contract says, as values: readings, writings, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ANY", "Contract", "Finding", "Mode", "Reading", "Writing", "bare", "covers"]

Mode = Literal["react", "observe"]

ANY = "any"
"""Said instead of a list of values: the reader passes the value on and decides nothing by it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One role reads one type.

    Field paths: ``account`` (envelope and payload alike, the body is flat), ``plan.intent.side`` (nested),
    ``checks[].code`` (items of a list), ``plan.*`` (the part as a whole is kept or passed on).
    """

    member: str
    role: str
    event_type: str
    durables: tuple[str, ...]
    mode: Mode
    majors: tuple[int, ...]
    """Majors it can be given; inside, only the newest form exists, and ``fields`` speak of that one."""
    fields: tuple[str, ...]
    """Fields the code names: it stops working without them."""
    whole: bool = False
    """It also keeps or shows the body as it is: a field that goes is missed there, but breaks nothing."""
    values: Mapping[str, tuple[str, ...] | str] = field(default_factory=dict)
    """The values handled of each closed vocabulary among the fields, or ``any``."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One role writes one type. ``fills``: the optional fields it may set; required ones go without saying."""

    member: str
    role: str
    event_type: str
    majors: tuple[int, ...]
    fills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """What one member reads and writes."""

    member: str
    reads: tuple[Reading, ...] = ()
    writes: tuple[Writing, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction between the contracts and the registry. A *note* is worth knowing and breaks nothing."""

    rule: str
    member: str
    role: str
    event_type: str
    detail: str
    severity: Literal["error", "note"] = "error"

    def __str__(self) -> str:
        return f"{self.rule}: {self.member} ({self.role}) {self.event_type}: {self.detail}"


def bare(path: str) -> str:
    """Return the field that a path names: ``plan`` for ``plan.*``, ``checks`` for ``checks[].*``."""
    return path.removesuffix(".*").removesuffix("[]") if path.endswith(".*") else path


def covers(declared: str, path: str) -> bool:
    """Whether a declared path speaks of ``path``: the same, a part of it, or a whole that contains it."""
    if declared.endswith(".*"):
        part = declared.removesuffix(".*")
        return path in (part, declared) or _inside(path, part) or _inside(part, path)
    return declared == path or _inside(declared, path)


def _inside(path: str, part: str) -> bool:
    return path.startswith((f"{part}.", f"{part}[]"))
