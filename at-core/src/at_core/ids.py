"""Identifiers: UUIDv7 roots, UUIDv5 derivations, and the ids of an order.

Derived ids make redelivery, retry and restart produce the *same* id, so the bus can drop the copy (law 6).
UUIDv7 layout: RFC 9562 section 5.7; UUIDv5: section 5.5.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import Final, Protocol
from uuid import UUID, uuid5

__all__ = [
    "IdSource",
    "SeededIds",
    "SystemIds",
    "client_order_id",
    "derived_id",
    "internal_order_id",
    "natural_id",
    "plan_id",
]

NAMESPACE: Final = UUID("6f1c0b52-8d1e-5d0a-9f5e-0a7d1c9b3e42")
"""Root namespace of every derived id. Changing it would make old facts look new; it is frozen."""


class IdSource(Protocol):
    """Draws ids for facts that have no cause inside the platform."""

    def root(self) -> UUID:
        """Return a new root id, increasing within this source."""
        ...


class SystemIds:
    """UUIDv7 from the wall clock and the system's randomness; strictly increasing in one process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def root(self) -> UUID:
        """Return a new UUIDv7, greater than every one this source drew before."""
        nanoseconds = time.time_ns()
        stamp = (nanoseconds // 1_000_000) << 12 | (nanoseconds % 1_000_000) * 4096 // 1_000_000
        with self._lock:
            stamp = max(stamp, self._last + 1)
            self._last = stamp
        return _uuid7(stamp, secrets.randbits(62))


class SeededIds:
    """Deterministic root ids for tests, simulation and replay."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0

    def root(self) -> UUID:
        """Return the next id of the sequence that ``seed`` determines."""
        self._count += 1
        return uuid5(NAMESPACE, f"seed:{self._seed}:{self._count}")


def _uuid7(stamp: int, random_bits: int) -> UUID:
    return UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | random_bits)


def derived_id(cause: UUID, producer: str, event_type: str, slot: str = "") -> UUID:
    """Return the id of the event that ``producer`` emits because of ``cause``.

    ``slot`` tells several events of one type from one cause apart (a strategy name, a status, an execution id).
    """
    return uuid5(NAMESPACE, f"{cause}:{producer}:{event_type}:{slot}")


def natural_id(source: str, key: str) -> UUID:
    """Return the id of a fact from outside that carries its own natural key (an alert, a broker execution)."""
    return uuid5(NAMESPACE, f"natural:{source}:{key}")


def plan_id(cause: UUID, strategy: str) -> UUID:
    """Return the id of the plan that ``strategy`` makes because of ``cause``: one plan per cause and strategy."""
    return uuid5(NAMESPACE, f"plan:{cause}:{strategy}")


def client_order_id(plan: UUID) -> str:
    """Return the id the broker gets as client order id (``idempotency_key`` in the BrokerAPI schemas)."""
    return str(uuid5(NAMESPACE, f"client-order:{plan}"))


def internal_order_id(plan: UUID) -> UUID:
    """Return our own id of the order that a plan leads to."""
    return uuid5(NAMESPACE, f"internal-order:{plan}")
