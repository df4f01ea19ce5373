"""Readers and writers: what is expected of the roles by the durables, and what one role does by its wiring."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from at_core.events.registry import event_types, stream_of
from at_core.events.versions import readable_majors
from at_core.topology.consumers import DURABLES, Durable, durable
from at_core.topology.streams import stream
from at_core.topology.wiring import Wiring

__all__ = ["delivered_types", "expected_readers", "reads_of", "writes_of"]


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


def reads_of(wiring: Wiring) -> dict[str, tuple[int, ...]]:
    """Return every event type the role handles, with the majors this build decodes."""
    handled = {name for reaction in wiring.reacts for name in reaction.types}
    for observation in wiring.observes:
        handled.update(observation.types or delivered_types(durable(observation.durable)))
    majors = {name: readable_majors(name) for name in sorted(handled)}
    return {name: known for name, known in majors.items() if known}


def writes_of(wiring: Wiring, major_of: Callable[[str], int]) -> dict[str, int]:
    """Return every event type the role may emit, its heartbeat included, with the major ``major_of`` says."""
    emitted = sorted({*wiring.emits, f"heartbeat.{wiring.role}"})
    return {name: major_of(name) for name in emitted if major_of(name) > 0}
