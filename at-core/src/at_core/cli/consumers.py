"""The verbs of consumer contracts: who reads a type or a field, and whether all contracts fit the registry."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from at_core.contracts.consumers.load import gather
from at_core.contracts.consumers.model import Contract
from at_core.contracts.consumers.readers import Reader, find_field, who_reads
from at_core.contracts.consumers.verify import verify
from at_core.contracts.frozen import frozen_contracts
from at_core.errors import ConfigurationError

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the verbs; each sets ``run`` to the function that carries it out."""
    reads = verbs.add_parser("who-reads", help="list who reads a type, or a field of it")
    reads.add_argument("question", metavar="<type>[.field]", help="trading.execution.fill, or ...fill.fee")
    reads.set_defaults(run=_who_reads)

    contracts = verbs.add_parser("contracts", help="what the members say they read and write")
    asked = contracts.add_subparsers(dest="asked", required=True)
    check = asked.add_parser("verify", help="hold every consumer contract against the frozen registry")
    check.set_defaults(run=_verify)

    for verb in (reads, check):
        verb.add_argument("--json", action="store_true", help="machine-readable output")
        verb.add_argument(
            "--contracts",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help="folder with consumes.toml and produces.toml, beside the installed members'; may be repeated",
        )


def _who_reads(chosen: argparse.Namespace) -> int:
    event_type, field = find_field(chosen.question, frozen_contracts())
    contracts = _gathered(chosen)
    readers = who_reads(event_type, field, contracts)
    if chosen.json:
        asked = {"type": event_type, "field": field, "members": [one.member for one in contracts]}
        print(json.dumps({**asked, "readers": [asdict(one) for one in readers]}, indent=1))
        return 0
    members = ", ".join(one.member for one in contracts)
    if not readers:
        print(f"nobody reads {chosen.question} (asked: {members})")
        return 0
    print(f"{chosen.question} is read by (asked: {members})")
    for one in readers:
        print(_line(one, field))
    return 0


def _line(one: Reader, field: str | None) -> str:
    how = (
        "keeps it with the whole body; misses it, does not break"
        if one.how == "whole"
        else "named by its code"
    )
    said = f"{len(one.fields)} fields named" if field is None and one.fields else how
    inside = f": {', '.join(one.fields)}" if field is not None and one.fields not in ((), (field,)) else ""
    majors = ", ".join(f"v{major}" for major in one.majors)
    return (
        f"  {one.member:12} {one.role:8} {one.mode:8} {', '.join(one.durables):20} {majors:6} {said}{inside}"
    )


def _verify(chosen: argparse.Namespace) -> int:
    contracts = _gathered(chosen)
    findings = verify(contracts, frozen_contracts())
    errors = [one for one in findings if one.severity == "error"]
    notes = [one for one in findings if one.severity == "note"]
    if chosen.json:
        print(json.dumps({"findings": [asdict(one) for one in findings]}, indent=1))
        return 1 if errors else 0
    for one in (*errors, *notes):
        print(f"{'note ' if one.severity == 'note' else 'ERROR'} {one}")
    reads, writes = sum(len(one.reads) for one in contracts), sum(len(one.writes) for one in contracts)
    members = ", ".join(one.member for one in contracts)
    print(f"{members}: {reads} readings, {writes} writings, {len(errors)} errors, {len(notes)} notes")
    return 1 if errors else 0


def _gathered(chosen: argparse.Namespace) -> tuple[Contract, ...]:
    contracts = gather(chosen.contracts)
    if not contracts:
        raise ConfigurationError("no member with a contract is installed; name a folder with --contracts DIR")
    return contracts
