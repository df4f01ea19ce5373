"""A delivery: a decoded event together with the exact message it came in."""

from __future__ import annotations

from dataclasses import dataclass

from at_core.events.envelope import Event
from at_core.runtime.bus import Incoming

__all__ = ["Delivery"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a service sees. ``message.body`` are the exact bytes, for signatures and audit."""

    event: Event
    message: Incoming

    @property
    def stream(self) -> str:
        """The stream it is kept in."""
        return self.message.stream

    @property
    def sequence(self) -> int:
        """Its position in that stream."""
        return self.message.sequence
