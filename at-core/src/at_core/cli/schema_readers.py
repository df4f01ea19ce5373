"""The readers that a finding concerns, for the schema verbs; what cannot be known about them is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from at_core.contracts.compat.comparison import BREAKING
from at_core.contracts.compat.rules import Finding
from at_core.contracts.consumers.affected import affected
from at_core.contracts.consumers.load import gather
from at_core.contracts.consumers.model import Contract
from at_core.errors import ConfigurationError

__all__ = ["Readers", "readers_of"]


@dataclass(frozen=True, slots=True)
class Readers:
    """The consumer contracts that were found. A verdict on a schema does not depend on them."""

    contracts: tuple[Contract, ...] = ()
    unknown: str = ""
    """Why nothing can be said about readers; empty when it can."""

    @property
    def asked(self) -> tuple[str, ...]:
        """The members that were asked."""
        return tuple(one.member for one in self.contracts)

    def line(self, event_type: str, found: Finding) -> str:
        """Say who reads what ``found`` breaks; empty when it breaks nobody, or when that is not known."""
        if self.unknown or found.effect not in BREAKING:
            return ""
        readers = affected(event_type, found, self.contracts)
        if not readers:
            return f"read by nobody (asked: {', '.join(self.asked)})"
        return f"read by {', '.join(map(str, readers))}"

    def told(self, event_type: str, found: Finding) -> dict[str, Any]:
        """The same for machines: ``readers`` of a breaking finding, null when they are not known."""
        if found.effect not in BREAKING:
            return {}
        known = [one.as_json() for one in affected(event_type, found, self.contracts)]
        return {"readers": None if self.unknown else known}

    def note(self, findings: Sequence[Finding]) -> str:
        """Say why readers are missing in what was told of ``findings``; empty when none is."""
        missing = self.unknown and any(found.effect in BREAKING for found in findings)
        return f"who reads it is not known: {self.unknown}" if missing else ""

    def as_json(self) -> dict[str, Any]:
        """Who was asked, or why nobody could be."""
        return {"readers_asked": list(self.asked), "readers_unknown": self.unknown}


def readers_of(folders: Sequence[Path]) -> Readers:
    """Return the contracts of the installed members and of ``folders``."""
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is no folder; --contracts wants one with consumes.toml")
    try:
        contracts = gather(folders)
    except ConfigurationError as error:
        return Readers(unknown=str(error))
    if not contracts:
        return Readers(
            unknown="no member with a consumer contract is installed; name one with --contracts DIR"
        )
    return Readers(contracts)
