"""The whole check of a registry folder: frozen files, samples, history and policy in one list."""

from __future__ import annotations

from pathlib import Path

from at_core.contracts.compat.current import current_contracts
from at_core.contracts.compat.history import Complaint, history_complaints
from at_core.contracts.freeze import check
from at_core.contracts.frozen import frozen_contracts
from at_core.contracts.problem import FreezeProblem

__all__ = ["contract_complaints", "whole_check"]


def contract_complaints(registry: Path) -> list[Complaint]:
    """Return what the contracts of this build may not do after what is frozen in ``registry``; ask before freezing."""
    return list(history_complaints(frozen_contracts(registry), current_contracts()))


def whole_check(registry: Path) -> list[FreezeProblem | Complaint]:
    """Return every reason why this build may not be released with ``registry``; an empty list means none."""
    return [*check(registry), *contract_complaints(registry)]
