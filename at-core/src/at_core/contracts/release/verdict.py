"""The verdict: which version the tree must at least bear, and whether pyproject.toml and CHANGELOG.md agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from at_core.contracts.release.names import compare_names
from at_core.contracts.release.record import Record, as_version
from at_core.contracts.release.rules import Finding, Step
from at_core.contracts.release.schemas import Frozen, schema_findings

__all__ = ["Verdict", "differences", "judge", "least_version"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tree asks for, and what is wrong about the version it bears."""

    version: str
    """What pyproject.toml says."""
    since: str
    """The release it is compared with."""
    step: Step
    least: str
    """The least version this tree may be released as."""
    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    """Empty when all agrees; each says what to do."""

    def as_json(self) -> dict[str, Any]:
        """The verdict for machines."""
        return {
            "version": self.version,
            "since": self.since,
            "step": self.step.name,
            "least_version": self.least,
            "good": not self.problems,
            "problems": list(self.problems),
            "findings": [found.as_json() for found in self.findings],
        }


def least_version(old: str, step: Step) -> str:
    """Return the least version that may follow ``old``. While the first number is 0, the second says "may break"."""
    major, minor, patch = as_version(old)
    if step >= Step.MAJOR:
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    if step is Step.MINOR and major:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def differences(old: Record, new: Record, frozen: Frozen) -> tuple[Finding, ...]:
    """Return everything that changed between two builds, what breaks most first.

    ``frozen``: the contracts in the registry of the newer one, which holds those of the older one too.
    """
    found = [*compare_names(old.names, new.names), *_events(old.events, new.events), *_scripts(old, new)]
    found += schema_findings(old.events, new.events, frozen)
    if old.envelope != new.envelope:
        found.append(
            Finding("ENVELOPE_CHANGED", "envelope", old.envelope[:12], new.envelope[:12], "envelope")
        )
    return tuple(sorted(found, key=_order))


def _order(found: Finding) -> tuple[Any, ...]:
    return -found.step, found.rule, found.place, found.old, found.new, str(found)


def judge(tree: Record, records: Mapping[str, Record], frozen: Frozen, changelog: str) -> Verdict:
    """Compare the tree with the newest release below its version. ``records`` must hold at least one such."""
    mine = as_version(tree.version)
    since = max((version for version in records if as_version(version) < mine), key=as_version)
    findings = differences(records[since], tree, frozen)
    step = max((found.step for found in findings), default=Step.PATCH)
    least = least_version(since, step)
    problems = list(_version_problems(tree, records, frozen, findings, least))
    problems += _changelog_problems(tree.version, findings, changelog, released=tree.version in records)
    return Verdict(tree.version, since, step, least, findings, tuple(problems))


def _version_problems(
    tree: Record,
    records: Mapping[str, Record],
    frozen: Frozen,
    findings: tuple[Finding, ...],
    least: str,
) -> Iterator[str]:
    for found in findings:
        if found.step is Step.NEVER:
            yield str(found)
    if as_version(tree.version) < as_version(least):
        yield f"pyproject.toml says {tree.version}, but this tree must be at least {least}; raise the version"
    released = records.get(tree.version)
    if released is not None and replace(released, version="") != replace(tree, version=""):
        asked = max((one.step for one in differences(released, tree, frozen)), default=Step.PATCH)
        yield (
            f"{tree.version} is released and this tree offers something else; raise the version to at least "
            f"{least_version(tree.version, asked)}"
        )
    if later := [version for version in records if as_version(version) > as_version(tree.version)]:
        yield f"pyproject.toml says {tree.version}, but {', '.join(later)} is released already; raise the version"


def _changelog_problems(
    version: str, findings: tuple[Finding, ...], changelog: str, *, released: bool
) -> Iterator[str]:
    sections = _sections(changelog)
    if version not in sections:
        yield f"CHANGELOG.md has no section [{version}]; write one"
    # Until the release, lines may wait under [Unreleased]; the released section has to say it by itself.
    text = sections.get(version, "") + ("" if released else sections.get("Unreleased", ""))
    silent: dict[str, Finding] = {}
    for found in findings:
        if found.breaking and not re.search(rf"(?<![\w-]){re.escape(found.name)}(?![\w-])", text):
            silent.setdefault(found.name, found)
    for name, found in silent.items():
        yield f"CHANGELOG.md does not mention `{name}` ({found.rule} {found.place}); tell its users what to do"


def _sections(changelog: str) -> dict[str, str]:
    """``## [0.3.0] - date`` and what stands below it."""
    found: dict[str, str] = {}
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n")
        if match := re.match(r"\[([^\]]+)\]", head):
            found[match[1]] = text
    return found


def _events(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(old.keys() - new.keys()):
        yield Finding("EVENT_TYPE_REMOVED", name, old[name]["newest"], "", name)
    for name in sorted(new.keys() - old.keys()):
        yield Finding("EVENT_TYPE_ADDED", name, "", new[name]["newest"], name)
    for name in sorted(old.keys() & new.keys()):
        was, now = old[name], new[name]
        for version in was["readable"]:
            if version not in now["readable"]:
                yield Finding(
                    "EVENT_VERSION_UNREADABLE", name, version, f"reads {', '.join(now['readable'])}", name
                )
        for version, digest in was["frozen"].items():
            if now["frozen"].get(version) != digest:
                found = "another text" if version in now["frozen"] else "gone"
                yield Finding("FROZEN_CONTRACT_CHANGED", f"{name} {version}", digest[:12], found, name)


def _scripts(old: Record, new: Record) -> Iterator[Finding]:
    for name in sorted(old.scripts.keys() - new.scripts.keys()):
        yield Finding("SCRIPT_REMOVED", name, old.scripts[name], "", name)
    for name in sorted(new.scripts.keys() - old.scripts.keys()):
        yield Finding("SCRIPT_ADDED", name, "", new.scripts[name], name)
