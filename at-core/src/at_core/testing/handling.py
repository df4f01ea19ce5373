"""Handling: a handler is run over every sample, and its consumer contract is held against what it really touched.

Five lines for a team that reads our events and has no other part of the platform::

    from at_core.testing.corpus import corpus
    from at_core.testing.handling import assert_handles

    def test_we_handle_every_fill_ever_sent() -> None:
        assert_handles(our_handler, corpus("trading.execution.fill"), contract="src/our_package/contracts")
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from at_core.contracts.consumers.load import load_contract
from at_core.contracts.consumers.model import Reading, Writing
from at_core.contracts.consumers.shape import shape_of
from at_core.contracts.frozen import frozen_contracts
from at_core.errors import ContractBroken
from at_core.events.codec import decode, encode
from at_core.events.emit import Emit, derive
from at_core.events.envelope import Event
from at_core.events.registry import stream_of
from at_core.events.versions import writable_majors
from at_core.runtime.body import Body
from at_core.runtime.delivery import Delivery
from at_core.testing.corpus import Sample, placed
from at_core.testing.field_record import FieldRecord
from at_core.topology.wiring import Wiring

__all__ = [
    "assert_handles",
    "differences",
    "production_differences",
    "run_body",
    "unnoticed_changes",
    "wiring_differences",
]

Handler = Callable[[Event], Any]
Untouched = Mapping[tuple[str, str], str]
"""(type, path) to the reason why no sample can reach this declared field."""


def assert_handles(
    handler: Handler,
    samples: Iterable[Sample],
    *,
    contract: str | Path | None = None,
    role: str | None = None,
    untouched: Untouched | None = None,
) -> FieldRecord:
    """Run ``handler(event)`` (plain or async) over all samples; compare with the contract when a folder is given.

    The handler must take every sample; ContractBroken counts as taken, it is an answer. ``role`` chooses one role of
    the contract, else all of them together are compared. Raises AssertionError that names the sample or every
    difference; returns the record.
    """
    taken = tuple(samples)
    assert taken, "the corpus is empty: nothing would be proved"
    with FieldRecord() as record:
        asyncio.run(_handle_all(handler, taken))
    if contract is not None:
        types = {sample.event_type for sample in taken}
        readings = [one for one in load_contract(Path(contract)).reads if one.event_type in types]
        chosen = [one for one in readings if role in (None, one.role)]
        found = differences(record, chosen, untouched or {}, types)
        assert not found, "\n".join(found)
    return record


async def run_body(
    body: Body,
    wiring: Wiring,
    samples: Iterable[Sample],
    now: datetime,
    told: Callable[[Event], None] | None = None,
) -> None:
    """Give a body every sample the way the shell does: observed types first, ``recover``, then the triggers.

    What it emits is derived, folded by ``emitted``, encoded as for the bus, and given to ``told``. A trigger that is
    answered with ContractBroken would be a dead letter, which is an answer.
    """
    observed = {name for entry in wiring.observes for name in entry.types}
    reacted = {name for entry in wiring.reacts for name in entry.types}
    body.reset()
    deliveries = [_delivery(sample, number, now) for number, sample in enumerate(samples, start=1)]
    for delivery in (one for one in deliveries if _type(one) in observed):
        body.observe(delivery)
    await body.recover()
    for delivery in (one for one in deliveries if _type(one) in reacted):
        try:
            emits: Sequence[Emit] = await body.react(delivery, now)
        except ContractBroken:
            continue
        for emit in emits:
            event = derive(emit, delivery.event, role=wiring.role, source=f"at/{wiring.role}-1", now=now)
            body.emitted(event)
            encode(event)
            if told is not None:
                told(event)


def differences(
    record: FieldRecord,
    readings: Iterable[Reading],
    untouched: Untouched | None = None,
    types: Iterable[str] = (),
) -> list[str]:
    """Return where the declared consumption and the touched fields differ, one sentence each."""
    excused = untouched or {}
    declared: dict[str, list[Reading]] = {name: [] for name in types}
    for reading in readings:
        declared.setdefault(reading.event_type, []).append(reading)
    found = []
    for event_type, stated in sorted(declared.items()):
        said = {path for reading in stated for path in reading.fields}
        seen = record.of(event_type).settled()
        found += [f"{event_type}: {path} is read and not declared" for path in _lacking(seen, said)]
        for path in _lacking(said, seen):
            if (event_type, path) not in excused:
                found.append(f"{event_type}: {path} is declared and never read")
        whole = any(reading.whole for reading in stated)
        if record.of(event_type).whole and not whole:
            found.append(f"{event_type}: the whole body is taken and whole = true is not declared")
        if whole and not record.of(event_type).whole and (event_type, "*") not in excused:
            found.append(f"{event_type}: whole = true is declared and nothing takes the whole body")
    stale = [(name, path) for name, path in excused if path in record.of(name).settled()]
    return [*found, *(f"{name}: {path} is excused as untouched, but it is read" for name, path in stale)]


def unnoticed_changes(
    record: FieldRecord, readings: Iterable[Reading], untouched: Untouched | None = None
) -> list[str]:
    """Return which wrong contracts would pass: each declared field left out, and one made up, must be noticed.

    The negative control of ``differences``; an empty list means that nothing can be left out or made up.
    """
    stated = tuple(readings)
    found = []
    for reading in stated:
        others = [one for one in stated if one is not reading and one.event_type == reading.event_type]
        wrong = {path: tuple(one for one in reading.fields if one != path) for path in reading.fields}
        wrong["made_up"] = (*reading.fields, "made_up")
        for path, fields in wrong.items():
            excused = path in reading.fields and (reading.event_type, path) in (untouched or {})
            if not excused and not differences(record, [*others, replace(reading, fields=fields)], untouched):
                found.append(f"{reading.event_type}: {path}")
    return found


def wiring_differences(readings: Iterable[Reading], wiring: Wiring) -> list[str]:
    """Return where a role's consumption differs from its wiring: types, durables, react or observe."""
    wired = {
        *((entry.durable, name, "react") for entry in wiring.reacts for name in entry.types),
        *((entry.durable, name, "observe") for entry in wiring.observes for name in entry.types),
    }
    own = [reading for reading in readings if reading.role == wiring.role]
    said = {(durable, one.event_type, one.mode) for one in own for durable in one.durables}
    missing = [f"wired and not declared: {' '.join(one)}" for one in sorted(wired - said)]
    return [*missing, *(f"declared and not wired: {' '.join(one)}" for one in sorted(said - wired))]


def _lacking(paths: Iterable[str], among: Iterable[str]) -> list[str]:
    return sorted(set(paths) - set(among))


async def _handle_all(handler: Handler, samples: Sequence[Sample]) -> None:
    for sample in samples:
        try:
            answer: Awaitable[object] | object = handler(sample.event)
            if inspect.isawaitable(answer):
                await answer
        except ContractBroken:
            continue
        except Exception as error:
            raise AssertionError(
                f"{sample}: the handler failed with {type(error).__name__}: {error}"
            ) from error


def _delivery(sample: Sample, number: int, now: datetime) -> Delivery:
    message = sample.incoming(number, stream_of(sample.event_type), placed(sample), now)
    return Delivery(decode(message.subject, message.headers, message.body), message)


def _type(delivery: Delivery) -> str:
    return delivery.message.headers["at-type"]


def production_differences(
    writings: Iterable[Writing],
    wiring: Wiring,
    made: Iterable[Event],
    *,
    unseen: Iterable[str] = (),
    excused: Untouched | None = None,
) -> list[str]:
    """Return where a role's production differs from its wiring and from the events it really made.

    The shell adds the role's heartbeat. ``unseen``: types that ``made`` cannot hold; their ``fills`` are not compared.
    ``excused``: (type, path) that nothing in ``made`` fills, to the reason why.
    """
    own = {writing.event_type: writing for writing in writings if writing.role == wiring.role}
    wired = wiring.emits | {f"heartbeat.{wiring.role}"}
    found = [f"wired and not declared: {name}" for name in sorted(wired - own.keys())]
    found += [f"declared and not wired: {name}" for name in sorted(own.keys() - wired)]
    found += [
        f"{name}: declares majors {one.majors}, this build writes {writable_majors(name)}"
        for name, one in own.items()
        if one.majors != writable_majors(name)
    ]
    filled: dict[str, set[str]] = {}
    for event in made:
        filled.setdefault(event.type, set()).update(_filled(event))
    for name in sorted(own.keys() - {*unseen, f"heartbeat.{wiring.role}"}):
        said, done = set(own[name].fills), filled.get(name, set())
        found += [f"{name}: {path} is filled and not declared" for path in sorted(done - said)]
        found += [
            f"{name}: {path} is declared and never filled"
            for path in sorted(said - done)
            if (name, path) not in (excused or {})
        ]
    return found


def _filled(event: Event) -> set[str]:
    """The optional fields that an event carries on the wire, nested ones included."""
    contract = frozen_contracts()[event.type][-1]
    shape = shape_of(contract.writer)
    return {path for path in _paths(json.loads(encode(event)), "") if path in shape and shape[path].optional}


def _paths(document: object, prefix: str) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield f"{prefix}{name}"
            yield from _paths(value, f"{prefix}{name}.")
    elif isinstance(document, list):
        for item in document:
            yield from _paths(item, f"{prefix.removesuffix('.')}[].")
