"""Origins: which release of at-core brought which version of a type, from the records of the releases."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["Origins", "origins"]

Origins = dict[tuple[str, str], str]
"""(type, version) to the first release that knew it."""


def origins(folder: Traversable | None = None) -> Origins | None:
    """Return the table, or None when no release was recorded; a version that is missing was not released yet."""
    place = folder or files("at_core") / "data" / "releases"
    if not place.is_dir():
        return None
    names = (entry.name.removesuffix(".json") for entry in place.iterdir() if entry.name.endswith(".json"))
    table: Origins = {}
    for release in sorted(names, key=lambda name: tuple(map(int, name.split(".")))):
        record = json.loads((place / f"{release}.json").read_text("utf-8"))
        for event_type, facts in record["events"].items():
            for version in (*facts["readable"], *facts["frozen"], facts["newest"]):
                table.setdefault((event_type, version), release)
    return table
