"""The corpus: every frozen sample of the types one reads, and variations of it, as messages a handler can be given.

The frozen samples say what was really sent. The variations reach what they do not: each other value of each closed
vocabulary, each flag turned round, each optional field left out, and all of them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_samples, version_key
from at_core.errors import Undecodable
from at_core.events.codec import decode_body, encode
from at_core.events.envelope import Event
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Incoming

__all__ = ["Sample", "corpus", "placed"]

VARIED = "full"
"""The sample that is varied: the one in which every field is set."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One body. ``name`` says where it comes from: ``full``, or what was changed in it."""

    event_type: str
    version: str
    name: str
    body: bytes

    @classmethod
    def of(cls, event: Event, name: str = "story") -> Self:
        """Return an event of a builder as a sample: what no frozen sample says."""
        return cls(event.type, event.VERSION, name, encode(event))

    @property
    def event(self) -> Event:
        """The event in its newest form, decoded afresh."""
        return decode_body(self.event_type, version_key(self.version)[0], self.body)

    def incoming(self, sequence: int, stream: str, subject: str, stored_at: datetime) -> Incoming:
        """Return the sample as the bus delivers it."""
        headers = {"at-type": self.event_type}
        return Incoming(subject, self.body, headers, stream, sequence, sequence, 1, 0, stored_at)

    def __str__(self) -> str:
        return f"{self.event_type} {self.version} {self.name}"


def corpus(*event_types: str, varied: bool = True) -> tuple[Sample, ...]:
    """Return every frozen sample of every version of ``event_types``; with ``varied``, its variations too.

    Raises KeyError for a type that was never frozen. A variation that is no event (it may lack what the type must
    carry) is left out.
    """
    contracts = frozen_contracts()
    found: dict[tuple[str, bytes], Sample] = {}
    for event_type in event_types:
        for contract in contracts[event_type]:
            for sample in _samples(contract, varied):
                found.setdefault((sample.version, sample.body), sample)
    return tuple(found.values())


def placed(sample: Sample) -> str:
    """Return the subject the sample belongs on; raises Undecodable when it is no event."""
    return subject_of(sample.event, major=version_key(sample.version)[0])


def _samples(contract: FrozenContract, varied: bool) -> Iterator[Sample]:
    event_type, version = contract.event_type, contract.version
    frozen = frozen_samples(event_type, version)
    for name, body in frozen.items():
        yield Sample(event_type, version, name, body)
    if varied and VARIED in frozen:
        for name, document in _variations(json.loads(frozen[VARIED]), contract.writer):
            sample = Sample(event_type, version, name, json.dumps(document, separators=(",", ":")).encode())
            if _readable(sample):
                yield sample


def _readable(sample: Sample) -> bool:
    try:
        return sample.event.type == sample.event_type
    except Undecodable:
        return False


def _variations(document: dict[str, Any], schema: dict[str, Any] | Any) -> Iterator[tuple[str, Any]]:
    bare = copy.deepcopy(document)
    for steps, value, node, optional in list(_leaves(document, schema, schema.get("$defs", {}), ())):
        name = ".".join(map(str, steps))
        for other in (one for one in _others(node, value) if one != value):
            yield f"{name}={other}", _changed(document, steps, other)
        if optional:
            yield f"without {name}", _changed(document, steps, _ABSENT)
            bare = _changed(bare, steps, _ABSENT)
    yield "bare", bare


_ABSENT = object()


def _others(node: Any, value: Any) -> list[Any]:
    return [not value] if isinstance(value, bool) else list(node.get("enum", ()))


def _changed(document: dict[str, Any], steps: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in steps[:-1]:
        if isinstance(place, dict) and step not in place:
            return changed
        place = place[step]
    if value is _ABSENT:
        place.pop(steps[-1], None)
    else:
        place[steps[-1]] = value
    return changed


def _leaves(
    document: Any, schema: Any, parts: Any, steps: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, Any, bool]]:
    """Yield (path, value, schema node, optional) of every field that is set, outermost first."""
    node = _resolved(schema, parts)
    if isinstance(document, list):
        for index, item in enumerate(document):
            yield from _leaves(item, node.get("items", {}), parts, (*steps, index))
    elif isinstance(document, dict):
        for name, value in document.items():
            told = node.get("properties", {}).get(name, {})
            yield (*steps, name), value, _resolved(told, parts), name not in node.get("required", ())
            yield from _leaves(value, told, parts, (*steps, name))


def _resolved(node: Any, parts: Any) -> Any:
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = parts[node["$ref"].rsplit("/", 1)[1]]
        else:
            node = next((option for option in node["anyOf"] if option.get("type") != "null"), {})
    return node
