"""Deliveries: who reads a type, as the documents tell it. Contracts may not see the topology, so it is passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Deliveries", "Delivery"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One durable that delivers a type to a role, from its own stream or from one that sources it."""

    durable: str
    role: str
    kind: Literal["queue", "fold"]
    stream: str

    def __str__(self) -> str:
        return f"`{self.durable}` ({self.role}, {self.kind} on {self.stream})"


Deliveries = Mapping[str, Sequence[Delivery]]
"""Event type to its deliveries; a type that nobody reads may be absent."""
