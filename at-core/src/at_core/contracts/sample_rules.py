"""What every frozen sample must keep to, and the digests: files of a frozen version may be added, never changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_samples
from at_core.contracts.problem import FreezeProblem
from at_core.contracts.samples import UNKNOWN_FIELD, missing_fields, samples_of, without_each_field
from at_core.errors import Undecodable
from at_core.events.codec import decode_body, encode
from at_core.events.registry import newest_major
from at_core.events.versions import readable_majors

__all__ = ["SUMS_FILE", "check_samples", "complete_samples"]

SUMS_FILE: Final = "SHA256SUMS"
"""In each version's folder, in the form ``sha256sum -c`` reads. A line is written once; lines are only added."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_FREEZE: Final = "run scripts/freeze_events.py"

Problem = tuple[str, str]
"""A rule and what is wrong."""


def complete_samples(registry: Path) -> list[Path]:
    """Write the derived samples and digests that are missing; return the files written. All others stay untouched."""
    written: list[Path] = []
    for event_type, versions in frozen_contracts(registry).items():
        for contract in versions:
            folder = registry / event_type / contract.version
            if not (folder / "samples" / "full.json").is_file():
                continue  # nothing to derive from; the check says so
            full = frozen_samples(event_type, contract.version, registry)["full"]
            for name, body in samples_of(contract, full).items():
                path = folder / "samples" / f"{name}.json"
                if not path.exists():
                    path.write_bytes(body + b"\n")
                    written.append(path)
            written += _list_new_files(folder)
    return written


def check_samples(registry: Path) -> Iterator[FreezeProblem]:
    """Yield whatever a frozen sample or a digest does not keep to."""
    for folder in sorted(registry.glob("*/*/")):
        for rule, detail in _sums_problems(folder):
            yield FreezeProblem(rule, folder.parent.name, folder.name, detail)
    for event_type, versions in frozen_contracts(registry).items():
        for contract in versions:
            for rule, detail in _version_problems(contract, registry):
                yield FreezeProblem(rule, event_type, contract.version, detail)


def _version_problems(contract: FrozenContract, registry: Path) -> Iterator[Problem]:
    place = registry / contract.event_type / contract.version / "samples"
    found = frozen_samples(contract.event_type, contract.version, registry) if place.is_dir() else {}
    if "full" not in found:
        yield "NO_SAMPLE", f"full; {_FREEZE}"
        return
    try:
        derived = samples_of(contract, found["full"])
    except (ValueError, Undecodable) as error:
        yield "SAMPLE_NOT_DERIVED", str(error)
        return
    for name in derived.keys() - found.keys():
        yield "NO_SAMPLE", f"{name}; {_FREEZE}"
    if contract.major in readable_majors(contract.event_type):
        for name, body in found.items():
            yield from ((rule, f"{name}: {detail}") for rule, detail in _body_problems(contract, name, body))


def _body_problems(contract: FrozenContract, name: str, body: bytes) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        yield "SAMPLE_NAME", "letters, digits, dots, blanks as _ or -, at most 120"
    try:
        event = decode_body(contract.event_type, contract.major, body)
        once = encode(event)
        again = encode(decode_body(contract.event_type, event.major(), once))
    except Undecodable as error:
        yield "SAMPLE_UNREADABLE", str(error)
        return
    if again != once:
        yield "SAMPLE_UNSTABLE", "reading and writing twice gives other bytes than once"
    if UNKNOWN_FIELD.encode() in once:
        yield "SAMPLE_KEEPS_UNKNOWN", f"{UNKNOWN_FIELD} is still there after reading"
    judge = _JUDGES.get(name)
    if judge is not None:
        yield from judge(contract, json.loads(body))


def _judge_minimal(contract: FrozenContract, body: Mapping[str, Any]) -> Iterator[Problem]:
    if contract.major != newest_major(contract.event_type):
        return  # an upcaster may fill in what is missing: only the newest major's own reader refuses it
    for path, poorer in without_each_field(contract, body):
        try:
            decode_body(contract.event_type, contract.major, poorer)
        except Undecodable:
            continue
        yield "SAMPLE_NOT_MINIMAL", f"{path} is not needed"


def _judge_every_field(contract: FrozenContract, body: Mapping[str, Any]) -> Iterator[Problem]:
    for path in missing_fields(contract, body):
        yield "SAMPLE_NOT_FULL", f"{path} is missing"


_JUDGES: Final[Mapping[str, Callable[[FrozenContract, Mapping[str, Any]], Iterator[Problem]]]] = {
    "minimal": _judge_minimal,
    "every-field": _judge_every_field,
}


def _files(folder: Path) -> dict[str, Path]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS_FILE]
    return {path.relative_to(folder).as_posix(): path for path in sorted(found)}


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS_FILE
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = (line.split("  ", 1) for line in lines)
    return {name: digest for digest, name in pairs}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sums_problems(folder: Path) -> Iterator[Problem]:
    listed, there = _sums(folder), _files(folder)
    for name, digest in listed.items():
        if name not in there:
            yield "FILE_GONE", f"{name} was frozen; put it back"
        elif _digest(there[name]) != digest:
            yield (
                "FILE_CHANGED",
                f"{name} was frozen with other bytes; put them back and give the model a new version",
            )
    for name in there.keys() - listed.keys():
        yield "FILE_NOT_LISTED", f"{name} is not in {SUMS_FILE}; {_FREEZE}"


def _list_new_files(folder: Path) -> list[Path]:
    listed = _sums(folder)
    new = {name: _digest(path) for name, path in _files(folder).items() if name not in listed}
    if not new:
        return []
    lines = [f"{digest}  {name}\n" for name, digest in sorted({**listed, **new}.items())]
    path = folder / SUMS_FILE
    path.write_text("".join(lines), encoding="utf-8")
    return [path]
