"""Golden samples: one full event per type, built from fixed values; frozen as files and shipped in the wheel.

A sample is written once per (type, version) and never again: every later build must still read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from at_core.contracts.golden_payloads import NOW, SIGNAL_ID, derived_payloads, root_payloads, signal
from at_core.events.emit import Emit, derive, originate
from at_core.events.envelope import Event
from at_core.events.registry import producer_of
from at_core.ids import natural_id

__all__ = ["golden_events"]


def golden_events() -> Iterator[Event]:
    """Build the sample of every type this build writes."""
    root = originate(
        Emit(signal(), "paper", expires_at=NOW + timedelta(seconds=60)), SIGNAL_ID, **_by("gateway")
    )
    yield root
    for payload in root_payloads():
        yield originate(Emit(payload, "paper"), natural_id("golden", payload.event_type), **_by("gateway"))
    for payload in derived_payloads():
        role = producer_of(payload.event_type)
        emit = Emit(payload, "paper", slot="golden", expires_at=NOW + timedelta(seconds=30))
        yield derive(emit, root, role=role, **_by(role))


def _by(role: str) -> dict[str, Any]:
    return {"source": f"at/{role}-1", "now": NOW}
