"""docs/asyncapi.json is AsyncAPI 3: judged by the schema of the specification, and by what that schema cannot see."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft7Validator

from _lib.tree import ROOT
from tools import ASYNCAPI_SCHEMA

Document = dict[str, Any]
SIGNAL = "trading.signal.created"
SENT = f"{SIGNAL}.v1.sent"
SENDS = f"gateway.sends.{SIGNAL}.v1"
READS = f"agents-signals.receives.{SIGNAL}.v1"
ABSENT = "the schema of AsyncAPI is not here; get it with: python3 scripts/tools.py"

pytestmark = pytest.mark.skipif(not ASYNCAPI_SCHEMA.is_file(), reason=ABSENT)


@cache
def specification() -> Draft7Validator:
    return Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text()))


@pytest.fixture
def document() -> Document:
    read: Document = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
    return read


def problems(document: Document) -> list[str]:
    """Everything wrong with a document; the specification first, because the rest relies on it."""
    error = next(specification().iter_errors(document), None)
    if error is not None:
        return [f"{error.json_path}: {error.message[:200]}"]
    return [*dangling(document), *operations(document), *channels(document), *examples(document)]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for key, value in node.items():
            if key not in {"examples", "payload"} or "$ref" in str(value):
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def resolve(document: Document, reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def dangling(document: Document) -> Iterator[str]:
    for reference in set(references(document)):
        try:
            assert reference.startswith("#/")
            resolve(document, reference)
        except (AssertionError, KeyError):
            yield f"{reference} leads nowhere"


def operations(document: Document) -> Iterator[str]:
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        if not channel.startswith("#/channels/"):
            yield f"{name}: {channel} is no channel"
        for message in operation["messages"]:
            if not message["$ref"].startswith(f"{channel}/messages/"):
                yield f"{name}: {message['$ref']} is not a message of its channel"


def channels(document: Document) -> Iterator[str]:
    for name, channel in document["channels"].items():
        if set(re.findall(r"{(\w+)}", channel["address"])) != set(channel["parameters"]):
            yield f"{name}: parameters differ from those of its address"


def examples(document: Document) -> Iterator[str]:
    for name, message in document["components"]["messages"].items():
        if not message["examples"]:
            yield f"{name}: no example"
        for part in ("headers", "payload"):
            try:
                schema = {**resolve(document, message[part]["$ref"]), "components": document["components"]}
            except KeyError:
                continue  # told by dangling()
            judge = Draft7Validator(schema)
            for example in message["examples"]:
                if errors := [error.message[:200] for error in judge.iter_errors(example[part])]:
                    yield f"{name}: example {example['name']}, {part}: {errors[0]}"


def test_the_committed_document_is_valid(document: Document) -> None:
    assert problems(document) == []


def test_it_tells_the_whole_catalogue(document: Document) -> None:
    from at_core.events.registry import event_types, producer_of, stream_of
    from at_core.topology.consumers import DURABLES
    from at_core.topology.streams import stream

    told = document["operations"]
    sends = {
        (entry["x-at-role"], name.split(".sends.")[1]) for name, entry in told.items() if ".sends." in name
    }
    for event_type in event_types():
        assert any(
            kind.startswith(f"{event_type}.v") for role, kind in sends if role == producer_of(event_type)
        )
    kept = {stream_of(event_type) for event_type in event_types()}
    of_events = {known.name for known in DURABLES if kept & {known.stream, *stream(known.stream).sources}}
    assert {entry["x-at-durable"]["name"] for entry in told.values() if "x-at-durable" in entry} == of_events
    assert told[READS]["bindings"] == {"nats": {"queue": "agents-signals", "bindingVersion": "0.1.0"}}
    assert told[SENDS]["channel"]["$ref"].endswith(".sent")
    assert document["channels"][SENT]["address"] == f"{SIGNAL}.v1.{{account}}.{{symbol}}"


def put(path: str, value: object) -> Callable[[Document], None]:
    """A mistake: ``value`` at a path of keys joined by ``>``; None takes the key away."""

    def spoil(document: Document) -> None:
        *way, last = path.split(">")
        node: Any = document
        for key in way:
            node = node[int(key)] if isinstance(node, list) else node[key]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return spoil


MESSAGE = f"components>messages>{SIGNAL}.v1.writer"
WRONG = {
    "an action that is none": put(f"operations>{SENDS}>action", "publish"),
    "no action": put(f"operations>{SENDS}>action", None),
    "no channel": put(f"operations>{SENDS}>channel", None),
    "a channel that is not there": put(f"operations>{SENDS}>channel>$ref", "#/channels/nothing"),
    "a message of another channel": put(
        f"operations>{SENDS}>messages>0>$ref", "#/channels/market.raw.v1.sent/messages/market.raw"
    ),
    "a binding with an unknown field": put(f"operations>{READS}>bindings>nats>deliverGroup", "x"),
    "a binding of the wrong type": put(f"operations>{READS}>bindings>nats>queue", 7),
    "a binding version that does not exist": put(f"operations>{READS}>bindings>nats>bindingVersion", "9.9.9"),
    "no title": put("info>title", None),
    "no version": put("info>version", None),
    "another AsyncAPI": put("asyncapi", "2.6.0"),
    "an unknown part": put("topics", {}),
    "a server without a host": put("servers>bus>host", None),
    "a server without a protocol": put("servers>bus>protocol", None),
    "a correlation id that points nowhere": put(f"{MESSAGE}>correlationId>location", "at-correlation"),
    "a payload schema that is not there": put(f"{MESSAGE}>payload>$ref", "#/components/schemas/nothing"),
    "a type that is none": put(f"components>schemas>{SIGNAL}.v1.writer>properties>symbol>type", "text"),
    "an example that the payload refuses": put(f"{MESSAGE}>examples>0>payload>quantity", 0.5),
    "an example without a required field": put(f"{MESSAGE}>examples>0>payload>symbol", None),
    "an example with a broken header": put(f"{MESSAGE}>examples>0>headers>traceparent", "none"),
    "an address with a parameter nobody told": put(f"channels>{SENT}>address", f"{SIGNAL}.v1.{{nobody}}"),
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_document_is_refused(document: Document, spoil: Callable[[Document], None]) -> None:
    wrong = copy.deepcopy(document)
    spoil(wrong)
    assert problems(wrong)
