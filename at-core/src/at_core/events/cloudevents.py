"""CloudEvents 1.0: our events as structured JSON for systems that speak it, and back without a loss.

The envelope becomes context attributes, the payload becomes ``data``. What the specification has no attribute for
travels as an extension, whose name may hold lower-case letters and digits only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from at_core.errors import Undecodable
from at_core.events.codec import decode_body, encode, headers_of
from at_core.events.envelope import ENVELOPE_FIELDS, Event
from at_core.events.schema_ids import schema_id
from at_core.events.subjects import subject_of

__all__ = ["from_cloudevent", "to_cloudevent"]

_EXTENSIONS: Final = {
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "account": "account",
    "expires_at": "expirytime",
    "schema_version": "schemaversion",
}
"""Envelope field to extension attribute."""

_TYPE: Final = re.compile(r"^(?P<type>.+)\.v(?P<major>\d{1,6})$")
_TRACE: Final = re.compile(r"^00-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def to_cloudevent(event: Event) -> dict[str, Any]:
    """Return ``event`` as a CloudEvent in structured mode, ready for ``json.dumps``."""
    body: dict[str, Any] = json.loads(encode(event))
    head = f"{event.type}.v{event.major()}"
    extensions = {name: body[field] for field, name in _EXTENSIONS.items() if field in body}
    return {
        "specversion": "1.0",
        "id": body["event_id"],
        "source": _reference(event.source),
        "type": head,
        "subject": subject_of(event).removeprefix(f"{head}."),
        "time": body["timestamp"],
        "datacontenttype": "application/json",
        "dataschema": schema_id(event.type, event.VERSION, "data"),
        "traceparent": headers_of(event)["traceparent"],
        **extensions,
        "data": {name: value for name, value in body.items() if name not in ENVELOPE_FIELDS},
    }


def from_cloudevent(document: Mapping[str, Any]) -> Event:
    """Return the event that ``to_cloudevent`` made ``document`` from; raise Undecodable with a code when it is none."""
    if document.get("specversion") != "1.0":
        raise Undecodable("CLOUDEVENT", "specversion is not 1.0")
    named = _TYPE.match(str(document.get("type", "")))
    trace = _TRACE.match(str(document.get("traceparent", "")))
    data = document.get("data")
    if named is None or trace is None or not isinstance(data, Mapping):
        raise Undecodable(
            "CLOUDEVENT", "needs a type that ends with .v<major>, a traceparent and an object as data"
        )
    if clash := ENVELOPE_FIELDS.intersection(data):
        raise Undecodable("CLOUDEVENT", f"data repeats envelope fields {sorted(clash)}")
    body = {
        "event_id": document.get("id"),
        "type": named["type"],
        "timestamp": document.get("time"),
        "source": unquote(str(document.get("source", ""))),
        "trace_id": trace["trace"],
        **{field: document[name] for field, name in _EXTENSIONS.items() if name in document},
        **data,
    }
    return decode_body(named["type"], int(named["major"]), json.dumps(body).encode())


def _reference(source: str) -> str:
    """Write a source as a relative URI reference. Colons and a double slash in front would begin something else."""
    text = quote(source, safe="/@!+-._")
    return f"%2F{text[1:]}" if text.startswith("//") else text
