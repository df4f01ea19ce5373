"""Encode and decode: exact bytes out, checked events in, refusal with a code for everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from at_core.errors import Undecodable
from at_core.events.envelope import Event
from at_core.events.registry import class_for
from at_core.events.subjects import message_id, subject_of, type_and_major
from at_core.events.upcasters import IDENTITY_FIELDS, UPCASTERS, Upcaster
from at_core.forms import first_problem

__all__ = ["BODY_BYTES_MAX", "decode", "decode_body", "encode", "headers_of"]

BODY_BYTES_MAX = 256 * 1024
"""Larger things belong into the object store, with a digest in the event."""

_REPLAYED_BY_SERVER = ("nats-subject", "nats-stream")
"""Headers only a direct get sets: a message that carries them was not published by a role (it could forge one)."""

_ORDINARY = frozenset(
    {
        "Nats-Msg-Id",
        "at-type",
        "at-schema",
        "at-correlation",
        "at-sig",
        "traceparent",
        "content-type",
        "Nats-Expected-Last-Subject-Sequence",
        "Nats-Stream-Source",
    }
)
"""What our own messages carry, as it is written there: none of it is a server's replay in another spelling."""


def encode(event: Event) -> bytes:
    """Return the body: flat JSON, absent options left out."""
    body = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"{event.type} body has {len(body)} bytes; the bound is {BODY_BYTES_MAX}")
    return body


def headers_of(event: Event) -> dict[str, str]:
    """Return the headers: copies of envelope fields for routing and tools; the body stays authoritative."""
    return {
        "Nats-Msg-Id": message_id(event),
        "at-type": event.type,
        "at-schema": event.schema_version,
        "at-correlation": str(event.correlation_id),
        "traceparent": f"00-{event.trace_id}-{event.event_id.hex[:16]}-01",
        "content-type": "application/json",
    }


def decode(subject: str, headers: Mapping[str, str] | None, body: bytes, prefix: str = "") -> Event:
    """Return the event, in its newest form; raise Undecodable with a code when it is none.

    Checked in this order: server-made headers, size, subject grammar, known type and major, body, agreement of
    subject, header and body.
    """
    claimed = _claimed_type(headers) if headers else None
    if len(body) > BODY_BYTES_MAX:
        raise Undecodable("TOO_LARGE", f"{len(body)} bytes, bound {BODY_BYTES_MAX}")
    try:
        event_type, major = type_and_major(subject, prefix)
    except ValueError as error:
        raise Undecodable("SUBJECT", str(error)) from error
    event = decode_body(event_type, major, body)
    if claimed is not None and claimed != event_type:
        raise Undecodable("HEADER_MISMATCH", f"header says {claimed}, body says {event_type}")
    belongs = subject_of(event, prefix, major)
    if belongs != subject:
        raise Undecodable("SUBJECT_MISMATCH", f"body belongs on {belongs}, came on {subject}")
    return event


def _claimed_type(headers: Mapping[str, str]) -> str | None:
    """Return the type the headers claim, if any; raise Undecodable when a server made them."""
    if _ORDINARY.issuperset(headers):
        return headers.get("at-type")
    lowered = {name.lower(): value for name, value in headers.items()}
    for name in _REPLAYED_BY_SERVER:
        if name in lowered:
            raise Undecodable("REPLAYED_BY_SERVER", f"carries the header {name} of a direct get")
    return lowered.get("at-type")


def decode_body(
    event_type: str,
    major: int,
    body: bytes,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    find: Callable[[str], type[Event] | None] = class_for,
) -> Event:
    """Return the event in ``body``, upcast from ``major``; raise Undecodable with a code."""
    cls = find(event_type)
    if cls is None:
        raise Undecodable("UNKNOWN_TYPE", f"{event_type} is not in this build's registry")
    newest = cls.major()
    if major > newest:
        raise Undecodable("NEWER_MAJOR", f"{event_type} v{major}; this build reads up to v{newest}")
    try:
        if major == newest:
            event: Event = cls.__pydantic_validator__.validate_json(body)
        else:
            event = cls.__pydantic_validator__.validate_json(
                _upcast(event_type, major, newest, body, upcasters)
            )
    except ValidationError as error:
        raise Undecodable("INVALID_BODY", first_problem(error)[:300]) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        # Also whatever an upcaster meets in a body that never was of its major.
        raise Undecodable("INVALID_BODY", str(error)[:300]) from error
    if event.type != event_type:
        raise Undecodable("TYPE_MISMATCH", f"subject says {event_type}, body says {event.type}")
    return event


def _upcast(
    event_type: str,
    major: int,
    newest: int,
    body: bytes,
    upcasters: Mapping[tuple[str, int], Upcaster],
) -> bytes:
    data = from_json(body)
    if not isinstance(data, dict):
        raise ValueError("the body is no object")
    if not str(data.get("schema_version")).startswith(f"{major}."):
        raise Undecodable("MAJOR_MISMATCH", f"came as v{major}, says {data.get('schema_version')!r:.40}")
    identity = {name: data.get(name) for name in IDENTITY_FIELDS}
    while major < newest:
        step = upcasters.get((event_type, major))
        if step is None:
            raise Undecodable("NO_UPCASTER", f"{event_type} v{major} has no step to v{major + 1}")
        data = step(dict(data))
        major += 1
    if identity != {name: data.get(name) for name in IDENTITY_FIELDS}:
        raise Undecodable("IDENTITY_TOUCHED", f"an upcaster of {event_type} changed the event's identity")
    return to_json({**data, "schema_version": f"{newest}.0"})
