"""The AsyncAPI 3 document: servers, channels, messages and operations, from the frozen registry and the deliveries.

A subject has two channels of the same address: what travels on it was written by the *writer* schema, and is to be
read by the *reader* schema. AsyncAPI lets a message match only one form per channel, so each direction has its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources.abc import Traversable
from typing import Any

from at_core.contracts.deliveries import Deliveries, Delivery
from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_samples
from at_core.contracts.summaries import summary_of
from at_core.events.registry import class_for, event_types
from at_core.events.subjects import encode_key
from at_core.events.versions import writable_majors

__all__ = ["DEFAULT_HOST", "asyncapi_document", "asyncapi_text", "example_headers"]

DEFAULT_HOST = "127.0.0.1:4622"
"""The bus of a platform that runs on one machine."""

_EXAMPLES = ("minimal", "full")
_CONTENT = "application/json"
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HEADERS: dict[str, dict[str, Any]] = {
    "Nats-Msg-Id": {
        "pattern": rf"^{_UUID}\.v[0-9]+$",
        "description": "Event id and major: drops duplicates.",
    },
    "at-type": {"description": "The event type; the body is authoritative."},
    "at-schema": {"pattern": r"^[0-9]+\.[0-9]+$", "description": "Version of the body."},
    "at-correlation": {"pattern": f"^{_UUID}$", "description": "The root of the flow."},
    "traceparent": {
        "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "W3C trace context.",
    },
    "content-type": {"const": _CONTENT},
}
_SIGNATURE = {"type": "string", "description": "ed25519 over the exact body; the gate signs its rulings."}
Node = dict[str, Any]


def asyncapi_text(document: Node) -> str:
    """Return the document as it is committed."""
    return json.dumps(document, indent=1) + "\n"


def asyncapi_document(
    deliveries: Deliveries, version: str, *, host: str = DEFAULT_HOST, registry: Traversable | None = None
) -> Node:
    """Return the document of every frozen (type, major); ``version`` is that of at-core."""
    newest = list(_newest_minors(registry))
    streams = sorted({contract.stream for contract in newest})
    channels: Node = {}
    operations: Node = {}
    messages: Node = {}
    schemas: Node = {"headers": _headers()}
    for contract in newest:
        for view in ("writer", "reader"):
            schemas[f"{_name(contract)}.{view}"] = _component(contract, view)
            messages[f"{_name(contract)}.{view}"] = _message(contract, view, registry)
            channels[_channel(contract, view)] = _channel_node(contract, view)
        operations |= _operations(contract, deliveries.get(contract.event_type, ()))
    return {
        "asyncapi": "3.0.0",
        "id": "urn:at:events",
        "info": {
            "title": "AT events",
            "version": version,
            "description": "Generated from the frozen contracts and the topology; do not edit by hand.",
            "tags": [{"name": name, "description": f"kept in the stream {name}"} for name in streams],
        },
        "defaultContentType": _CONTENT,
        "servers": {"bus": _server(host)},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "nkey": {
                    "type": "asymmetricEncryption",
                    "description": "One ed25519 nkey per role; the server knows the public halves only.",
                }
            },
        },
    }


def example_headers(body: Node, major: int) -> dict[str, str]:
    """Return the headers a body of ``major`` is published with (the signature aside)."""
    span = body["event_id"].replace("-", "")[:16]
    return {
        "Nats-Msg-Id": f"{body['event_id']}.v{major}",
        "at-type": body["type"],
        "at-schema": body["schema_version"],
        "at-correlation": body["correlation_id"],
        "traceparent": f"00-{body['trace_id']}-{span}-01",
        "content-type": _CONTENT,
    }


def _newest_minors(registry: Traversable | None) -> Iterator[FrozenContract]:
    """Each major in its newest frozen minor, types in the order of the flow, retired ones last."""
    frozen = frozen_contracts(registry)
    for event_type in dict.fromkeys((*event_types(), *frozen)):
        majors = {contract.major: contract for contract in frozen.get(event_type, ())}
        yield from majors.values()


def _name(contract: FrozenContract) -> str:
    return f"{contract.event_type}.v{contract.major}"


def _channel(contract: FrozenContract, view: str) -> str:
    return f"{_name(contract)}.{'sent' if view == 'writer' else 'received'}"


def _server(host: str) -> Node:
    return {
        "host": host,
        "protocol": "nats",
        "description": "NATS JetStream with the accounts and permissions that at-core renders.",
        "security": [{"$ref": "#/components/securitySchemes/nkey"}],
        "bindings": {"nats": {}},
    }


def _channel_node(contract: FrozenContract, view: str) -> Node:
    keys = ".".join(f"{{{key}}}" for key in contract.keys)
    return {
        "address": f"{_name(contract)}.{keys}",
        "title": f"{contract.event_type} v{contract.major}, as {'sent' if view == 'writer' else 'received'}",
        "summary": summary_of(contract.event_type),
        "messages": {contract.event_type: {"$ref": f"#/components/messages/{_name(contract)}.{view}"}},
        "parameters": {key: _parameter(key) for key in contract.keys},
        "servers": [{"$ref": "#/servers/bus"}],
        "tags": [{"name": contract.stream}],
        "bindings": {"nats": {}},
        "x-at-stream": contract.stream,
    }


def _parameter(key: str) -> Node:
    shown = encode_key("BTC/USDT")
    text = f"The field `{key}` as one token: bytes other than letters, digits, _ and - as =HH ({shown}); = when absent."
    return {"description": text, "location": f"$message.payload#/{key}"}


def _message(contract: FrozenContract, view: str, registry: Traversable | None) -> Node:
    known = class_for(contract.event_type)
    samples = frozen_samples(contract.event_type, contract.version, registry)
    examples = []
    for name in _EXAMPLES:
        if name in samples:
            body = json.loads(samples[name])
            examples.append({"name": name, "headers": example_headers(body, contract.major), "payload": body})
    return {
        "name": contract.event_type,
        "title": f"{contract.event_type} {contract.version}",
        "summary": summary_of(contract.event_type),
        "contentType": _CONTENT,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"$ref": f"#/components/schemas/{_name(contract)}.{view}"},
        "correlationId": {"location": "$message.header#/at-correlation"},
        "tags": [{"name": contract.stream}],
        "deprecated": known is None or known.major() > contract.major,
        "bindings": {"nats": {}},
        "examples": examples,
    }


def _headers() -> Node:
    properties = {name: {"type": "string", **facts} for name, facts in _HEADERS.items()}
    return {"type": "object", "required": list(_HEADERS), "properties": {**properties, "at-sig": _SIGNATURE}}


def _component(contract: FrozenContract, view: str) -> Node:
    """A schema inside the document: its definitions move under it, and its references follow them."""
    place = f"#/components/schemas/{_name(contract)}.{view}/definitions/"

    def moved(node: Any) -> Any:
        if isinstance(node, list):
            return [moved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if isinstance(target := node.get("$ref"), str):
            return {**node, "$ref": place + target.removeprefix("#/$defs/")}
        return {key: moved(value) for key, value in node.items()}

    schema = moved(dict(contract.writer if view == "writer" else contract.reader))
    definitions = schema.pop("$defs", {})
    return {**schema, **({"definitions": definitions} if definitions else {})}


def _operations(contract: FrozenContract, deliveries: Sequence[Delivery]) -> Node:
    """One send by the producer, if this build writes the major, and one receive per durable."""
    found: Node = {}
    if contract.major in writable_majors(contract.event_type):
        role = contract.event_type.rsplit(".", 1)[1] if contract.producer == "role" else contract.producer
        found[f"{role}.sends.{_name(contract)}"] = {
            **_operation("send", contract, "writer"),
            "summary": f"{role} publishes {contract.event_type}",
            "x-at-role": role,
        }
    for delivery in deliveries:
        queue = {"queue": delivery.durable, "bindingVersion": "0.1.0"} if delivery.kind == "queue" else {}
        found[f"{delivery.durable}.receives.{_name(contract)}"] = {
            **_operation("receive", contract, "reader"),
            "summary": f"{delivery.role} reads {contract.event_type} through {delivery.durable}",
            "bindings": {"nats": queue},
            "x-at-role": delivery.role,
            "x-at-durable": {"name": delivery.durable, "kind": delivery.kind, "stream": delivery.stream},
        }
    return found


def _operation(action: str, contract: FrozenContract, view: str) -> Node:
    channel = f"#/channels/{_channel(contract, view)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{contract.event_type}"}],
        "tags": [{"name": contract.stream}],
    }
