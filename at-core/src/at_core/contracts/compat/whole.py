"""The whole check of a registry folder: frozen files, samples, history and policy in one list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from at_core.contracts.compat.current import current_contracts
from at_core.contracts.compat.history import Complaint, history_complaints
from at_core.contracts.freeze import check
from at_core.contracts.frozen import CONTRACT_FILE, frozen_contracts
from at_core.contracts.problem import FreezeProblem

__all__ = ["contract_complaints", "whole_check"]


def contract_complaints(registry: Path) -> list[Complaint]:
    """Return what the contracts of this build may not do after what is frozen in ``registry``; ask before freezing."""
    return list(history_complaints(frozen_contracts(registry), current_contracts()))


def whole_check(registry: Path) -> list[FreezeProblem | Complaint]:
    """Return every reason why this build may not be released with ``registry``; an empty list means none."""
    return [*_gone(registry, registry.parent / "releases"), *check(registry), *contract_complaints(registry)]


def _gone(registry: Path, releases: Path) -> Iterator[FreezeProblem]:
    """What a release carried must stand here still: a folder that is gone has no digests to miss it by."""
    released: dict[tuple[str, str], str] = {}
    for file in sorted(releases.glob("*.json")):
        record = json.loads(file.read_text("utf-8"))
        for event_type, event in record["events"].items():
            for version in event["frozen"]:
                released.setdefault((event_type, version), record["version"])
    for (event_type, version), release in sorted(released.items()):
        if not (registry / event_type / version / CONTRACT_FILE).is_file():
            detail = f"released with at-core {release} and gone; restore the folder from there"
            yield FreezeProblem("FROZEN_GONE", event_type, version, detail)
