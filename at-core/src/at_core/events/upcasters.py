"""Upcasters: old bytes become the newest form at the door, one major at a time.

An upcaster is a pure function from the decoded body of one major to that of the next. It may not touch the identity
of the event; the codec checks that it did not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from at_core.enums import BodyEncoding

__all__ = ["IDENTITY_FIELDS", "UPCASTERS", "Upcaster"]

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

IDENTITY_FIELDS = (
    "event_id",
    "type",
    "timestamp",
    "source",
    "trace_id",
    "correlation_id",
    "causation_id",
    "account",
)


def _quarantined_1_to_2(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say whether its text was escaped; known is only what the digest proves.

    Whether the body was cut stays open even then: the digest may be that of a beginning.
    """
    text = data.pop("body")
    proved = sha256(text.encode()).hexdigest() == data.get("body_digest")
    encoding = BodyEncoding.UTF8 if proved else BodyEncoding.UNKNOWN
    return {**data, "body_text": text, "body_encoding": encoding.value}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {("intake.alert.quarantined", 1): _quarantined_1_to_2}
"""(type, from major) to the step that leads to the next major. The codec writes the version of the result."""
