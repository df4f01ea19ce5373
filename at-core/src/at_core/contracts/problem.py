"""One difference between the models and what was frozen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FreezeProblem"]


@dataclass(frozen=True, slots=True)
class FreezeProblem:
    """One difference between the models and what was frozen. ``rule`` is one token."""

    rule: str
    event_type: str
    version: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.event_type} {self.version}: {self.detail}"
