"""History: the contracts of this build against every version ever frozen (FULL_TRANSITIVE)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from at_core.contracts.compat.comparison import compare, envelope_findings
from at_core.contracts.compat.lint import unwaived
from at_core.contracts.compat.rules import Direction, Finding, Rule
from at_core.contracts.frozen import FrozenContract, version_key

__all__ = ["Complaint", "history_complaints"]

History = Mapping[str, Sequence[FrozenContract]]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One finding about one contract; ``against`` is the older version it clashes with, where there is one."""

    event_type: str
    version: str
    against: str
    finding: Finding

    def as_json(self) -> dict[str, str]:
        """The complaint for machines."""
        return {
            "type": self.event_type,
            "version": self.version,
            "against": self.against,
            **self.finding.as_json(),
        }

    def __str__(self) -> str:
        place = f"{self.event_type} {self.version}" + (f" against {self.against}" if self.against else "")
        return f"{place}: {self.finding}\n    {self.finding.hint}"


def history_complaints(frozen: History, current: Mapping[str, FrozenContract]) -> Iterator[Complaint]:
    """Yield whatever forbids to release ``current`` after all that is ``frozen``.

    Policy for every current contract; the same envelope everywhere; the newest contract of each major against every
    frozen minor of that major, both ways.
    """
    for contract in current.values():
        for found in unwaived(contract):
            yield Complaint(contract.event_type, contract.version, "", found)
    first = next((versions[0] for versions in frozen.values() if versions), None)
    for contract in current.values():
        for found in envelope_findings(first, contract) if first else ():
            yield Complaint(contract.event_type, contract.version, "", found)
    for event_type, versions in frozen.items():
        yield from _type_complaints(versions, current.get(event_type))


def _type_complaints(
    versions: Sequence[FrozenContract], current: FrozenContract | None
) -> Iterator[Complaint]:
    last = versions[-1] if versions else None
    if current is not None and last is not None and version_key(current.version) < version_key(last.version):
        what = f"{last.version} was frozen before"
        found = Finding(Rule.VERSION_WENT_BACK, Direction.NEITHER, "version", what)
        yield Complaint(current.event_type, current.version, last.version, found)
        return
    for major in dict.fromkeys(contract.major for contract in versions):
        minors = [contract for contract in versions if contract.major == major]
        if current is not None and current.major == major:
            frozen = [one for one in minors if one.version == current.version]
            minors = [one for one in minors if one not in frozen] + [current]
            if frozen:  # the same number over another text: say what the change would do to others
                yield from _major_complaints([*frozen, current])
        yield from _major_complaints(minors)


def _major_complaints(minors: Sequence[FrozenContract]) -> Iterator[Complaint]:
    """The newest of a major against each before it; ``minors`` oldest first."""
    *before, newest = minors
    for older in before:
        result = compare(older, newest, neighbours=older is before[-1])
        for found in result.breaking:
            yield Complaint(newest.event_type, newest.version, older.version, found)
