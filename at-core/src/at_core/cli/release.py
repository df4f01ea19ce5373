"""The verbs of releases: the least version this tree may bear, and the record of a wheel that is released."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from at_core.contracts.release.record import (
    as_version,
    load_records,
    record_of_project,
    record_of_wheel,
    store,
)
from at_core.contracts.release.schemas import frozen_of_project
from at_core.contracts.release.verdict import Verdict, judge
from at_core.errors import ConfigurationError

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the verbs; each sets ``run`` to the function that carries it out."""
    check = verbs.add_parser(
        "release-check", help="ends 0 when version and changelog of the tree say what changed, else 1"
    )
    check.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    check.add_argument("--all", action="store_true", help="show also what does not break anybody")
    check.set_defaults(run=_check)
    record = verbs.add_parser("release-record", help="write what a released wheel offers into the tree")
    record.add_argument("--wheel", type=Path, required=True, help="the wheel as it is released")
    record.set_defaults(run=_record)
    for verb in (check, record):
        verb.add_argument(
            "--project", type=Path, default=Path(), help="folder of at-core's pyproject.toml (default: here)"
        )


def _check(chosen: argparse.Namespace) -> int:
    tree = record_of_project(chosen.project)
    records = load_records(chosen.project)
    if not any(as_version(version) < as_version(tree.version) for version in records):
        raise ConfigurationError(f"no release record below {tree.version}; write one with release-record")
    path = chosen.project / "CHANGELOG.md"
    changelog = path.read_text(encoding="utf-8") if path.is_file() else ""
    verdict = judge(tree, records, frozen_of_project(chosen.project), changelog)
    if chosen.json:
        print(json.dumps(verdict.as_json(), indent=2))
    else:
        _show(verdict, everything=chosen.all)
    return 1 if verdict.problems else 0


def _show(verdict: Verdict, *, everything: bool) -> None:
    for found in verdict.findings:
        if everything or found.breaking:
            print(found)
    counts = Counter(found.step.name for found in verdict.findings)
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing public changed"
    print(f"since {verdict.since}: {said}; the least version is {verdict.least}, this is {verdict.version}")
    for problem in verdict.problems:
        print(f"problem: {problem}")


def _record(chosen: argparse.Namespace) -> int:
    record = record_of_wheel(chosen.wheel)
    path = store(record, chosen.project)
    print(f"recorded {record.version}" if path else f"{record.version} is recorded already, the same")
    return 0
