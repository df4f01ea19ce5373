"""The bus port: five verbs that a real nats-server and the memory bus answer alike (see ``testing.bus_cards``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from at_core.topology.consumers import Durable

__all__ = ["Bus", "Inbox", "Incoming", "Outgoing", "Stored"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to store. ``headers`` carry ``Nats-Msg-Id``, by which the stream drops copies within its window."""

    subject: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    expected_last_subject_sequence: int | None = None
    """When given, the publish fails with SequenceConflict unless the subject's last sequence is this (0: none yet)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stream's confirmation. ``duplicate`` means that a message with this id was stored before."""

    stream: str
    sequence: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A stored message as delivered by a durable."""

    subject: str
    body: bytes
    headers: Mapping[str, str]
    stream: str
    sequence: int
    """Position in the stream."""
    consumer_sequence: int
    """Position in this durable's deliveries; without a gap for folds."""
    deliveries: int
    """1 on the first attempt."""
    pending: int
    """Messages of the durable still waiting behind this one."""
    stored_at: datetime
    reply: str = ""
    """The bus's own handle for acknowledging."""


class Inbox(Protocol):
    """One bound durable. A queue acknowledges; a fold rewinds."""

    durable: Durable

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Incoming]:
        """Return up to ``limit`` messages; waits at most ``wait_seconds`` for the first, then takes what is there.

        ``wait_seconds=0`` returns at once. Raises BusUnavailable when the bus is away and FoldGap when a fold
        skipped a message.
        """
        ...

    async def ack(self, message: Incoming) -> None:
        """Settle: done, never deliver again (at least once holds: an ack can be lost)."""
        ...

    async def nak(self, message: Incoming, delay_seconds: float) -> None:
        """Settle: deliver again after ``delay_seconds``."""
        ...

    async def term(self, message: Incoming, reason: str) -> None:
        """Settle: never deliver again, because ``reason``."""
        ...

    async def rewind(self, sequence: int = 1) -> None:
        """Deliver a fold again from stream sequence ``sequence`` on."""
        ...

    async def close(self) -> None:
        """Stop asking for messages; what was fetched and not settled comes again."""
        ...


class Bus(Protocol):
    """The one way services meet."""

    @property
    def connected(self) -> bool:
        """Whether the bus answers at this moment, as far as known."""
        ...

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        """Store one message and return the stream's confirmation.

        Raises BusUnavailable when no confirmation came (it may be stored all the same), SequenceConflict when the
        expected sequence did not hold, PermissionDenied when the role may not publish there.
        """
        ...

    async def bind(self, durable: Durable) -> Inbox:
        """Bind to a provisioned durable; never creates one."""
        ...

    async def close(self) -> None:
        """Stop: no more publishes are taken, what is under way is finished."""
        ...
