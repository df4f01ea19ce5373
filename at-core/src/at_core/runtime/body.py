"""The body of a service: the verbs the shell calls. Everything else about running is the shell's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from at_core.events.emit import Emit
from at_core.events.envelope import Event
from at_core.runtime.bus import Incoming
from at_core.runtime.delivery import Delivery

__all__ = ["Body", "ForgeryJudge", "Job", "RawObserver", "RawReactor"]


class Body(Protocol):
    """What a role does with what it reads.

    The shell's promise: ``reset``, then every observed stream in the wiring's order through ``observe`` up to its
    present end, then ``recover``, and only then ``react``; observing goes on beside reacting. Triggers are handled one
    after the other. When a publish is not confirmed, the shell throws the state away and starts again with ``reset``:
    starting is recovering.
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


@runtime_checkable
class RawObserver(Protocol):
    """A body that also takes observed messages which are no events (dead letters, advisories)."""

    def observe_raw(self, message: Incoming) -> bool:
        """Take a message before decoding; return True when it was taken."""
        ...


@runtime_checkable
class ForgeryJudge(Protocol):
    """A body that knows its own hand: it can tell forgeries in a signed stream from what it cannot read yet."""

    def forged(self, message: Incoming) -> bool:
        """Whether an unreadable observed message certainly is no fact: passed over instead of stopping the service."""
        ...


@runtime_checkable
class RawReactor(Protocol):
    """A body that takes whole batches of exact messages from some durables (the audit)."""

    raw_durables: frozenset[str]

    async def react_raw(self, messages: Sequence[Incoming]) -> None:
        """Take a batch; when it returns, all of it is acknowledged."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Something the shell does again and again beside the streams, while the service is ready."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]
