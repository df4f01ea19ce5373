"""Freeze: what a type and version looks like is written once and compared for ever.

Two schemas per (type, version): the *reader* (what we accept) and the *writer* (what we send). A frozen file never
changes; a changed model needs a new minor, and a new major where old readers would misread it. A version's set of
samples may grow; no file in it changes or goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from at_core.contracts.frozen import CONTRACT_FILE, frozen_contracts
from at_core.contracts.golden import golden_events
from at_core.contracts.problem import FreezeProblem
from at_core.contracts.sample_rules import check_samples, complete_samples
from at_core.events.codec import encode
from at_core.events.envelope import Event
from at_core.events.registry import EVENT_CLASSES
from at_core.events.versions import readable_majors
from at_core.forms import first_problem

__all__ = ["FreezeProblem", "check", "freeze", "schemas_of"]


_FREEZE = "run scripts/freeze_events.py"


def schemas_of(cls: type[Event], event_type: str) -> bytes:
    """Return the canonical text of the reader and writer schemas of one type."""
    document = {
        "type": event_type,
        "version": cls.VERSION,
        "producer": cls.PRODUCER,
        "stream": cls.STREAM,
        "keys": list(cls.KEYS),
        "expires": cls.EXPIRES,
        "reader": _structure(cls.model_json_schema(mode="validation")),
        "writer": _structure(cls.model_json_schema(mode="serialization")),
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _structure(node: Any) -> Any:
    """Drop prose: a better sentence in a docstring changes no contract."""
    if isinstance(node, dict):
        kept = {
            key: value for key, value in node.items() if key != "description" or not isinstance(value, str)
        }
        return {key: _structure(value) for key, value in kept.items()}
    return [_structure(item) for item in node] if isinstance(node, list) else node


def check(registry: Path) -> list[FreezeProblem]:
    """Return every difference between the models and the frozen files; an empty list means none."""
    problems = [*_unreadable(registry), *check_samples(registry)]
    for cls, event_type in _types():
        path = registry / event_type / cls.VERSION / CONTRACT_FILE
        if not path.is_file():
            problems.append(FreezeProblem("NOT_FROZEN", event_type, cls.VERSION, _FREEZE))
        elif path.read_bytes() != schemas_of(cls, event_type):
            detail = "the model differs from its frozen schema; give it a new version instead"
            problems.append(FreezeProblem("FROZEN_CHANGED", event_type, cls.VERSION, detail))
    problems += _golden(registry)
    return problems


def _golden(registry: Path) -> Iterator[FreezeProblem]:
    """Compare the writer's bytes; a model that refuses its golden event is named, so that the other checks go on."""
    try:
        for event in golden_events():
            path = _full_sample(registry, event)
            if path.is_file() and path.read_bytes() != encode(event) + b"\n":
                detail = "the writer's bytes differ from the frozen sample"
                yield FreezeProblem("SAMPLE_CHANGED", event.type, event.VERSION, detail)
    except ValidationError as error:
        detail = f"refuses its golden event: {first_problem(error)}; what old writers sent is refused as well"
        yield FreezeProblem(
            "GOLDEN_REFUSED", error.title, "", f"{detail}, or adapt contracts/golden_payloads.py"
        )
    except KeyError as error:
        detail = "has a golden event and is no type of this build; registered types never go"
        yield FreezeProblem("TYPE_GONE", str(error.args[0]), "", detail)


def _unreadable(registry: Path) -> Iterator[FreezeProblem]:
    """Every major that was ever frozen stays readable, until it is taken out of the registry on purpose."""
    for event_type, versions in frozen_contracts(registry).items():
        for contract in versions:
            if contract.major not in readable_majors(event_type):
                detail = "this build has no upcaster that leads from it to the newest form"
                yield FreezeProblem("NO_UPCASTER", event_type, contract.version, detail)


def freeze(registry: Path) -> list[Path]:
    """Write what is not frozen yet and return the new files. Frozen files are never touched.

    Versions frozen before get the samples they lack; each file's digest is listed beside it, once.
    """
    written: list[Path] = []
    for cls, event_type in _types():
        path = registry / event_type / cls.VERSION / CONTRACT_FILE
        written += _write_once(path, schemas_of(cls, event_type))
    for event in golden_events():
        written += _write_once(_full_sample(registry, event), encode(event) + b"\n")
    return written + complete_samples(registry)


def _types() -> list[tuple[type[Event], str]]:
    return [(cls, event_type) for cls in EVENT_CLASSES for event_type in cls.types()]


def _full_sample(registry: Path, event: Event) -> Path:
    return registry / event.type / event.VERSION / "samples" / "full.json"


def _write_once(path: Path, content: bytes) -> list[Path]:
    if path.exists():
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return [path]
