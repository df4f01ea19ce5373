"""The body of a service: the four verbs the shell calls. Everything else about running is the shell's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from at_core.events.emit import Emit
from at_core.events.envelope import Event
from at_core.runtime.delivery import Delivery

__all__ = ["Body"]


class Body(Protocol):
    """What a role does with what it reads.

    The shell's promise: ``reset``, then every observed stream in the wiring's order through ``observe`` up to its
    present end, then ``recover``, and only then ``react``; observing goes on beside reacting. When a publish is not
    confirmed, the shell throws the state away and starts again with ``reset``: starting is recovering.
    """

    def reset(self) -> None:
        """Forget everything; the fold begins again."""
        ...

    def observe(self, delivery: Delivery) -> None:
        """Fold one observed event. Must be idempotent: own outputs come back here."""
        ...

    async def recover(self) -> None:
        """Called once after catch-up, before anything is reacted to."""
        ...

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Answer one trigger. ``now`` is the delivery's one clock read. Emits are published by the shell, in order."""
        ...

    def emitted(self, event: Event) -> None:
        """Fold an own output the moment it is decided, before its copy comes back from the stream."""
        ...
