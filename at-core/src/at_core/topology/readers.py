"""Readers: which roles are expected to read which event types, derived from the durables."""

from __future__ import annotations

from collections.abc import Iterable

from at_core.events.registry import event_types, stream_of
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.streams import stream

__all__ = ["delivered_types", "expected_readers"]


def delivered_types(durable: Durable) -> tuple[str, ...]:
    """Return the event types ``durable`` delivers, directly or through the stream that sources theirs."""
    if durable.types:
        return durable.types
    inside = {durable.stream, *stream(durable.stream).sources}
    return tuple(name for name in event_types() if stream_of(name) in inside)


def expected_readers(event_type: str, durables: Iterable[Durable] = DURABLES) -> tuple[str, ...]:
    """Return the roles one of whose durables delivers ``event_type``, in the order of the durables."""
    roles = (known.role for known in durables if event_type in delivered_types(known))
    return tuple(dict.fromkeys(roles))
