"""Upcasters: old bytes become the newest form at the door, one major at a time.

An upcaster is a pure function from the decoded body of one major to that of the next. It may not touch the identity
of the event; the codec checks that it did not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""(type, from major) to the step that leads to the next major. Empty while every type is at its first major."""
