"""Schemas: what became of the event contracts since a release, in the judgment of ``contracts.compat`` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from at_core.contracts.compat.comparison import compare
from at_core.contracts.compat.history import history_complaints
from at_core.contracts.compat.rules import Direction, Effect
from at_core.contracts.compat.rules import Finding as Change
from at_core.contracts.compat.rules import Verdict as Asked
from at_core.contracts.frozen import FrozenContract, frozen_contracts, version_key
from at_core.contracts.release.rules import Finding, Step
from at_core.errors import ConfigurationError

__all__ = ["Frozen", "SchemaFinding", "frozen_of_project", "schema_findings"]

Frozen = Mapping[str, Sequence[FrozenContract]]
"""Type to every frozen contract of it, oldest first: also those that older releases wrote."""

_STEPS: Final = {Effect.MINOR: Step.MINOR, Effect.MAJOR: Step.MAJOR, Effect.NEVER: Step.NEVER}


@dataclass(frozen=True, slots=True, order=True)
class SchemaFinding(Finding):
    """One change between two contracts of a type (``place``): the rule and words of ``contracts.compat``.

    ``old`` and ``new`` are versions.
    """

    direction: Direction = Direction.NEITHER
    path: str = ""
    """Place in the document: ``$.plan.intent.side``."""
    what: str = ""
    advice: str = ""
    asked: Step = Step.MINOR

    @property
    def step(self) -> Step:
        """How far this moves the version of the package; a change that its new major covers moves it less."""
        return self.asked

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self.advice

    def as_json(self) -> dict[str, Any]:
        """The finding for machines."""
        return {
            "rule": self.rule,
            "step": self.step.name,
            "place": self.place,
            "old": self.old,
            "new": self.new,
            "hint": self.hint,
            "direction": self.direction.value,
            "path": self.path,
            "what": self.what,
        }

    def __str__(self) -> str:
        who = "" if self.direction is Direction.NEITHER else f" ({self.direction})"
        place = f"{self.place} {self.old} -> {self.new} at {self.path}"
        return f"{self.step.name} {self.rule}{who} {place}: {self.what}; {self.hint}"


def frozen_of_project(project: Path) -> Frozen:
    """Return the frozen contracts of the tree in ``project``; raises ConfigurationError for a damaged one."""
    folder = project / "src" / "at_core" / "data" / "registry"
    if not folder.is_dir():
        return {}
    try:
        return frozen_contracts(folder)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{folder}: a contract is damaged ({error!r}); restore it from git"
        ) from error


def schema_findings(
    old: Mapping[str, Any], new: Mapping[str, Any], frozen: Frozen
) -> Iterator[Finding | SchemaFinding]:
    """Yield what changed between the newest contracts of two builds, each change once.

    ``old`` and ``new`` are the ``events`` of their records. A change that asks for a new major and got one counts as
    an addition while the version before it stays readable. What breaks inside a major is told against every minor.
    """
    told: set[tuple[str, ...]] = set()
    for name in sorted(old.keys() & new.keys()):
        for found in _type_findings(name, old[name], new[name], frozen.get(name, ())):
            told.add((found.rule, found.place, found.old, found.new, getattr(found, "path", "")))
            yield found
    newest = {name: versions[-1] for name, versions in frozen.items() if versions and name in new}
    for complaint in history_complaints(frozen, newest):
        change, against = complaint.finding, complaint.against
        key = (change.rule.value, complaint.event_type, against, complaint.version, change.path)
        if key not in told:
            # A policy speaks of one contract alone: it may not be released like this, under no version.
            step = _STEPS.get(change.effect, Step.NEVER)
            yield _finding(complaint.event_type, against, complaint.version, change, step)


def _type_findings(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], versions: Sequence[FrozenContract]
) -> Iterator[Finding | SchemaFinding]:
    old, new = was["newest"], now["newest"]
    known = {contract.version: contract for contract in versions}
    if new not in known:
        yield Finding("EVENT_NOT_FROZEN", name, old, new, name)
    if old == new:
        return
    if version_key(new) < version_key(old):
        yield Finding("EVENT_VERSION_WENT_BACK", name, old, new, name)
        return
    same_major = version_key(old)[0] == version_key(new)[0]
    yield Finding("EVENT_MINOR_ADDED" if same_major else "EVENT_MAJOR_ADDED", name, old, new, name)
    if old not in known or new not in known:
        return
    order = list(known)
    result = compare(known[old], known[new], neighbours=order.index(new) - order.index(old) == 1)
    covered = result.step is Asked.MAJOR and old in now["readable"]
    for change in result.findings:
        step = _STEPS.get(change.effect, Step.NEVER)
        yield _finding(name, old, new, change, Step.MINOR if covered and step is Step.MAJOR else step)


def _finding(name: str, old: str, new: str, change: Change, step: Step) -> SchemaFinding:
    return SchemaFinding(
        rule=change.rule.value,
        place=name,
        old=old,
        new=new,
        name=name,
        direction=change.direction,
        path=change.path,
        what=change.what,
        advice=change.hint,
        asked=step,
    )
