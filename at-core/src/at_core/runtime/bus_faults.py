"""The seam through which a simulation disturbs the memory bus: what may go wrong, as values decided by a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from at_core.runtime.bus import Incoming, Outgoing
from at_core.topology.consumers import Durable

__all__ = ["NO_DELIVER_FAULT", "NO_PUBLISH_FAULT", "DeliverFault", "Faults", "PublishFault"]


@dataclass(frozen=True, slots=True)
class PublishFault:
    """What happens to one publish. Seconds are those of the event loop."""

    drop_before_store: bool = False
    """Nothing is stored; the publisher gets BusUnavailable, as from a lost connection."""
    drop_confirmation: bool = False
    """The message is stored and the publisher gets BusUnavailable: the outcome is unknown to it."""
    delay_seconds: float = 0.0
    """Time on the way to the stream. Later publishes of the same handle queue behind it."""
    confirmation_delay_seconds: float = 0.0
    """Time on the way back; longer than the publisher's timeout makes the outcome unknown."""


@dataclass(frozen=True, slots=True)
class DeliverFault:
    """What happens to one delivery."""

    duplicate: bool = False
    """Queues: a second copy follows, whatever becomes of the first."""
    delay_seconds: float = 0.0
    """Queues: it arrives later than its successors. Folds: the whole fold waits, order is kept."""
    lose: bool = False
    """Queues: it comes again after the ack wait. Folds: a gap, which the reader must notice."""


NO_PUBLISH_FAULT = PublishFault()
NO_DELIVER_FAULT = DeliverFault()


class Faults(Protocol):
    """Decides what goes wrong. Deterministic implementations draw from a seeded ``random.Random`` only."""

    def on_publish(self, role: str, message: Outgoing) -> PublishFault:
        """Return the fate of a publish by ``role`` (empty for the bus's own handle)."""
        ...

    def on_deliver(self, durable: Durable, message: Incoming) -> DeliverFault:
        """Return the fate of a delivery."""
        ...

    def on_ack(self, durable: Durable, message: Incoming) -> bool:
        """Return whether this settling (ack, nak or term) gets lost on the way."""
        ...
