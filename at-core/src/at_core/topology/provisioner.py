"""The provisioner: makes the server's streams and consumers equal to the tables, field by field, and says what it did.

It speaks the raw API with explicit actions, because the client library's calls update silently, drop fields they do
not know, or reset those not mentioned. What the server refuses to change, and what would delete messages, is reported
and left as it is; the other fields are repaired all the same.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from at_core.errors import BusUnavailable
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.desired import Difference, consumer_config, drift, stream_config
from at_core.topology.repair import deletions, fixed, update_request
from at_core.topology.streams import STREAMS, Stream

__all__ = ["Call", "Change", "Outcome", "provision"]

Call = Callable[[str, bytes], Awaitable[bytes]]
"""Sends a request and returns the body of the answer; raises BusUnavailable."""

Outcome = Literal["created", "updated", "unchanged", "refused", "unknown"]
Kind = Literal["stream", "consumer"]
_NOT_FOUND = frozenset({10059, 10014})
_FILTER_NOTE = "messages that are older than this change and match only now will not be delivered"
_ATTEMPTS_NOTE = "messages given up meanwhile are not delivered again; the stream ADVISORY names them"


@dataclass(frozen=True, slots=True)
class Change:
    """What was, or in check mode would be, done to one stream or consumer.

    ``refused``: some of its fields cannot be repaired; the others are. ``unknown``: the server has it, the tables do
    not; it is left alone.
    """

    kind: Kind
    name: str
    outcome: Outcome
    drift: tuple[Difference, ...] = ()
    refused: tuple[str, ...] = ()
    """One line per field that stays as it is: why, and what a person can do."""
    notes: tuple[str, ...] = ()
    """What the change means for messages and acknowledgements."""

    @property
    def details(self) -> tuple[str, ...]:
        """Everything there is to say, as lines."""
        return (
            *(str(field) for field in self.drift),
            *(f"refused: {line}" for line in self.refused),
            *(f"note: {line}" for line in self.notes),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        lines = (f"\n          {line}" for line in self.details)
        return "".join((f"{self.outcome:9} {self.kind:8} {self.name}", *lines))


async def provision(
    call: Call,
    *,
    apply: bool,
    version: str,
    replicas: int = 1,
    streams: Iterable[Stream] = STREAMS,
    durables: Iterable[Durable] = DURABLES,
    allow_deletion: bool = False,
) -> list[Change]:
    """Compare the server with the tables and, with ``apply``, repair it; returns one Change per thing looked at.

    Running it again reports ``unchanged`` everywhere. A bound is narrowed only where that deletes nothing, or with
    ``allow_deletion``. Raises BusUnavailable when the server does not answer.
    """
    wanted, readers = tuple(streams), tuple(durables)
    run = _Run(call, apply, version, replicas, allow_deletion, wanted)
    changes = [await run.stream(stream) for stream in wanted]
    changes += [await run.consumer(durable) for durable in readers]
    changes.extend(await run.unknown(readers))
    return changes


@dataclass(frozen=True, slots=True)
class _Run:
    """One pass over the server."""

    call: Call
    apply: bool
    version: str
    replicas: int
    allow_deletion: bool
    streams: tuple[Stream, ...]

    async def stream(self, stream: Stream) -> Change:
        name, config = stream.name, stream_config(stream, self.replicas, self.version)
        found = await self._ask(f"STREAM.INFO.{name}")
        if _code(found) in _NOT_FOUND:
            return await self._new_stream(name, config)
        drifted = drift(config, _config(found))
        if not drifted:
            return Change("stream", name, "unchanged")
        held = {} if self.allow_deletion else await self._deletions(name, drifted, found)
        left = fixed("stream", drifted) | held
        problem = await self._update("stream", f"STREAM.UPDATE.{name}", config, _config(found), drifted, left)
        return _updated("stream", name, drifted, (*left.values(), *problem), ())

    async def consumer(self, durable: Durable) -> Change:
        path = f"{durable.stream}.{durable.name}"
        config = consumer_config(durable, self.version)
        found = await self._ask(f"CONSUMER.INFO.{path}")
        if _code(found) in _NOT_FOUND:
            return await self._new_consumer(durable, config)
        drifted = drift(config, _config(found))
        if not drifted:
            return Change("consumer", durable.name, "unchanged")
        left = fixed("consumer", drifted)
        problem = await self._update(
            "consumer", f"CONSUMER.CREATE.{path}", config, _config(found), drifted, left
        )
        names = {difference.field for difference in drifted}
        if self.apply and "pause_until" in names:  # an update leaves a pause as it is
            problem += _problem(await self._ask(f"CONSUMER.PAUSE.{path}"))
        notes: tuple[str, ...] = ()
        if durable.kind == "queue":
            notes += (_FILTER_NOTE,) * bool(names & {"filter_subject", "filter_subjects"})
            notes += (_ATTEMPTS_NOTE,) * ("max_deliver" in names)
        return _updated("consumer", durable.name, drifted, (*left.values(), *problem), notes)

    async def unknown(self, durables: Iterable[Durable]) -> list[Change]:
        names = {stream.name for stream in self.streams}
        readers = {(durable.stream, durable.name) for durable in durables}
        found: list[Change] = []
        for stream in await self._names("STREAM.NAMES", "streams"):
            if stream not in names:
                found.append(Change("stream", stream, "unknown"))
            for consumer in await self._names(f"CONSUMER.NAMES.{stream}", "consumers"):
                if (stream, consumer) not in readers:
                    found.append(Change("consumer", f"{stream}/{consumer}", "unknown"))
        return found

    async def _new_stream(self, name: str, config: Mapping[str, Any]) -> Change:
        """Make a stream; one that was there before goes on counting where its readers' copies end."""
        copied = await self._copied_up_to(name)
        notes: tuple[str, ...] = ()
        if copied:
            notes = (
                f"it was there before: what it held is gone, its first {copied} messages lie as copies in the streams"
                f" that source it; it goes on at sequence {copied + 1}, or those would take its messages for old ones",
            )
        if not self.apply:
            return Change("stream", name, "created", notes=notes)
        start = {"first_seq": copied + 1} if copied else {}
        problem = _problem(await self._ask(f"STREAM.CREATE.{name}", {**config, **start}))
        if copied and not problem:  # the start is kept in the state; in the configuration it would be drift
            problem = _problem(await self._ask(f"STREAM.UPDATE.{name}", config))
        return Change("stream", name, "refused" if problem else "created", refused=problem, notes=notes)

    async def _new_consumer(self, durable: Durable, config: Mapping[str, Any]) -> Change:
        state = (await self._ask(f"STREAM.INFO.{durable.stream}")).get("state") or {}
        notes: tuple[str, ...] = ()
        if state.get("messages") and durable.kind == "queue":
            notes = (
                f"it has no acknowledgements: all that {durable.stream} holds for it is delivered again; outputs "
                "have derived ids, so repeated ones are dropped within the duplicate window",
            )
        request = {"stream_name": durable.stream, "action": "create", "config": config}
        path = f"CONSUMER.CREATE.{durable.stream}.{durable.name}"
        problem = _problem(await self._ask(path, request)) if self.apply else ()
        return Change(
            "consumer", durable.name, "refused" if problem else "created", refused=problem, notes=notes
        )

    async def _update(
        self,
        kind: Kind,
        path: str,
        config: Mapping[str, Any],
        found: Mapping[str, Any],
        drifted: Iterable[Difference],
        left: Mapping[str, str],
    ) -> tuple[str, ...]:
        """Send the update unless there is nothing it could change; returns what the server says against it."""
        if not self.apply or all(difference.field in left for difference in drifted):
            return ()
        request: Mapping[str, Any] = update_request(config, found, left)
        if kind == "consumer":
            stream = path.split(".")[2]
            request = {"stream_name": stream, "action": "update", "config": request}
        return _problem(await self._ask(path, request))

    async def _deletions(
        self, name: str, drifted: tuple[Difference, ...], found: Mapping[str, Any]
    ) -> dict[str, str]:
        fullest = 0
        if any(difference.field == "max_msgs_per_subject" for difference in drifted):
            seen = 0
            while page := (
                (await self._ask(f"STREAM.INFO.{name}", {"subjects_filter": ">", "offset": seen}))[
                    "state"
                ].get("subjects")
            ):
                fullest, seen = max(fullest, *page.values()), seen + len(page)
        return deletions(drifted, found.get("state") or {}, found["ts"], fullest)

    async def _copied_up_to(self, name: str) -> int:
        """Return up to which sequence of the stream called ``name`` others have copied; 0 when none has."""
        highest = 0
        for other in self.streams:
            if name in other.sources:
                info = await self._ask(f"STREAM.INFO.{other.name}")
                sequences = [
                    source.get("seq", 0) for source in info.get("sources") or [] if source["name"] == name
                ]
                highest = max(highest, *sequences, 0)
        return highest

    async def _names(self, path: str, field: str) -> list[str]:
        names: list[str] = []
        while True:
            page = await self._ask(path, {"offset": len(names)})
            names.extend(page.get(field) or [])
            if len(names) >= page.get("total", 0) or not page.get(field):
                return sorted(names)

    async def _ask(self, path: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps(request).encode() if request else b""
        answer = json.loads(await self.call(f"$JS.API.{path}", body))
        if not isinstance(answer, dict):
            raise BusUnavailable(f"$JS.API.{path}: the answer is no object")
        return answer


def _code(answer: Mapping[str, Any]) -> int:
    return int((answer.get("error") or {}).get("err_code", 0))


def _config(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if "config" not in answer:
        raise BusUnavailable(f"the server answered: {(answer.get('error') or {}).get('description', answer)}")
    config: Mapping[str, Any] = answer["config"]
    return config


def _problem(answer: Mapping[str, Any]) -> tuple[str, ...]:
    problem = answer.get("error")
    return () if problem is None else (f"server: {problem.get('description')} ({_code(answer)})",)


def _updated(
    kind: Kind, name: str, drifted: tuple[Difference, ...], refused: tuple[str, ...], notes: tuple[str, ...]
) -> Change:
    return Change(kind, name, "refused" if refused else "updated", drifted, refused, notes)
