"""Rendering: one event as subject, headers and body, in the newest major or in an older one for readers left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from at_core.errors import OurFault, Unsayable
from at_core.events.codec import BODY_BYTES_MAX, encode, headers_of
from at_core.events.downcasters import DOWNCASTERS, Downcaster
from at_core.events.envelope import Event
from at_core.events.registry import newest_major
from at_core.events.subjects import message_id, subject_of, type_and_major
from at_core.events.upcasters import IDENTITY_FIELDS

__all__ = ["DOWNCAST_OF", "Rendering", "is_spare_copy", "render"]

DOWNCAST_OF = "at-downcast-of"
"""Header of a copy made for readers left behind: the stream sequence of the newer message it was made from."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is stored for one event."""

    subject: str
    headers: dict[str, str]
    body: bytes


def render(
    event: Event,
    major: int | None = None,
    prefix: str = "",
    downcasters: Mapping[tuple[str, int], Downcaster] = DOWNCASTERS,
) -> Rendering:
    """Return ``event`` as a message of ``major`` (None: the newest). The same event always gives the same bytes.

    Raises Unsayable when that major cannot say this event or not within the bound of a body, OurFault when no step
    leads there or a step touches the event's identity. Both before anything is published.
    """
    if major is None or major == event.major():
        return Rendering(subject_of(event, prefix), headers_of(event), encode(event))
    if not 0 < major < event.major():
        raise OurFault(f"{event.type} v{major} was asked for; this build writes up to v{event.major()}")
    data = _stepped_down(event, major, downcasters)
    body = to_json({name: value for name, value in data.items() if value is not None})
    if len(body) > BODY_BYTES_MAX:
        raise Unsayable(
            "DOWNCAST_REFUSED", f"{event.type} v{major} has {len(body)} bytes of {BODY_BYTES_MAX}"
        )
    headers = {
        **headers_of(event),
        "Nats-Msg-Id": message_id(event, major),
        "at-schema": str(data["schema_version"]),
    }
    return Rendering(subject_of(event, prefix, major), headers, body)


def is_spare_copy(subject: str, headers: Mapping[str, str], prefix: str = "") -> bool:
    """Whether a message is a downcast copy of one that this build reads in a newer major: it has seen the event."""
    if DOWNCAST_OF not in headers:
        return False
    try:
        event_type, major = type_and_major(subject, prefix)
    except ValueError:
        return False
    return major < newest_major(event_type)


def _stepped_down(
    event: Event, major: int, downcasters: Mapping[tuple[str, int], Downcaster]
) -> dict[str, Any]:
    data: dict[str, Any] = from_json(encode(event))
    identity = {name: data.get(name) for name in IDENTITY_FIELDS}
    for present in range(event.major(), major, -1):
        downcaster = downcasters.get((event.type, present))
        if downcaster is None:
            raise OurFault(f"{event.type} v{present} has no step down to v{present - 1}")
        try:
            data = downcaster.step(dict(data))
        except ValueError as error:
            raise Unsayable("DOWNCAST_REFUSED", f"{event.type} v{present - 1}: {error}") from error
        if identity != {name: data.get(name) for name in IDENTITY_FIELDS}:
            raise OurFault(f"the step down from {event.type} v{present} touches the event's identity")
        data["schema_version"] = downcaster.version
    return data
