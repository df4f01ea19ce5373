"""The provisioner: makes the server's streams and consumers equal to the tables, field by field, and says what it did.

It speaks the raw API with explicit actions, because the client library's calls update silently, drop fields they do
not know, or reset those not mentioned. What the server refuses to change is reported, never forced.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from at_core.errors import BusUnavailable
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.desired import consumer_config, differences, stream_config
from at_core.topology.streams import STREAMS, Stream

__all__ = ["Call", "Change", "Outcome", "provision"]

Call = Callable[[str, bytes], Awaitable[bytes]]
"""Sends a request and returns the body of the answer; raises BusUnavailable."""

Outcome = Literal["created", "updated", "unchanged", "refused", "unknown"]
_NOT_FOUND = frozenset({10059, 10014})
_FILTER_NOTE = "messages that are older than this change and match only now will not be delivered"


@dataclass(frozen=True, slots=True)
class Change:
    """What was, or in check mode would be, done to one stream or consumer.

    ``unknown``: the server has it, the tables do not; it is left alone.
    """

    kind: Literal["stream", "consumer"]
    name: str
    outcome: Outcome
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(
            (f"{self.outcome:9} {self.kind:8} {self.name}", *(f"\n          {line}" for line in self.details))
        )


async def provision(
    call: Call,
    *,
    apply: bool,
    version: str,
    replicas: int = 1,
    streams: Iterable[Stream] = STREAMS,
    durables: Iterable[Durable] = DURABLES,
) -> list[Change]:
    """Compare the server with the tables and, with ``apply``, repair it; returns one Change per thing looked at.

    Running it again reports ``unchanged`` everywhere. Raises BusUnavailable when the server does not answer.
    """
    changes: list[Change] = []
    wanted = tuple(streams)
    for stream in wanted:
        changes.append(await _stream(call, stream_config(stream, replicas, version), apply))
    readers = tuple(durables)
    for durable in readers:
        changes.append(await _consumer(call, durable, consumer_config(durable, version), apply))
    changes.extend(await _unknown(call, wanted, readers))
    return changes


async def _stream(call: Call, config: Mapping[str, Any], apply: bool) -> Change:
    name = config["name"]
    found = await _ask(call, f"STREAM.INFO.{name}", {})
    if _code(found) in _NOT_FOUND:
        answer = await _ask(call, f"STREAM.CREATE.{name}", config) if apply else {}
        return _change("stream", name, "created", answer, ())
    details = differences(config, _config(found))
    if not details:
        return Change("stream", name, "unchanged")
    answer = await _ask(call, f"STREAM.UPDATE.{name}", config) if apply else {}
    return _change("stream", name, "updated", answer, details)


async def _consumer(call: Call, durable: Durable, config: Mapping[str, Any], apply: bool) -> Change:
    path = f"{durable.stream}.{durable.name}"
    found = await _ask(call, f"CONSUMER.INFO.{path}", {})
    if _code(found) in _NOT_FOUND:
        request = {"stream_name": durable.stream, "action": "create", "config": config}
        answer = await _ask(call, f"CONSUMER.CREATE.{path}", request) if apply else {}
        return _change("consumer", durable.name, "created", answer, ())
    details = differences(config, _config(found))
    if not details:
        return Change("consumer", durable.name, "unchanged")
    if durable.kind == "queue" and any(line.startswith("filter_subjects") for line in details):
        details = (*details, _FILTER_NOTE)
    request = {"stream_name": durable.stream, "action": "update", "config": config}
    answer = await _ask(call, f"CONSUMER.CREATE.{path}", request) if apply else {}
    return _change("consumer", durable.name, "updated", answer, details)


async def _unknown(call: Call, streams: Iterable[Stream], durables: Iterable[Durable]) -> list[Change]:
    names = {stream.name for stream in streams}
    readers = {(durable.stream, durable.name) for durable in durables}
    found: list[Change] = []
    for stream in await _names(call, "STREAM.NAMES", "streams"):
        if stream not in names:
            found.append(Change("stream", stream, "unknown"))
        for consumer in await _names(call, f"CONSUMER.NAMES.{stream}", "consumers"):
            if (stream, consumer) not in readers:
                found.append(Change("consumer", f"{stream}/{consumer}", "unknown"))
    return found


async def _names(call: Call, path: str, field: str) -> list[str]:
    names: list[str] = []
    while True:
        page = await _ask(call, path, {"offset": len(names)})
        names.extend(page.get(field) or [])
        if len(names) >= page.get("total", 0) or not page.get(field):
            return sorted(names)


async def _ask(call: Call, path: str, request: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(request).encode() if request else b""
    answer = json.loads(await call(f"$JS.API.{path}", body))
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


def _change(
    kind: Literal["stream", "consumer"],
    name: str,
    outcome: Outcome,
    answer: Mapping[str, Any],
    details: tuple[str, ...],
) -> Change:
    problem = answer.get("error")
    if problem is not None:
        return Change(
            kind, name, "refused", (*details, f"server: {problem.get('description')} ({_code(answer)})")
        )
    return Change(kind, name, outcome, details)
