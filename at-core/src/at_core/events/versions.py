"""Versions: which majors of a type this build can read, and which it can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from at_core.events.downcasters import DOWNCASTERS, Downcaster
from at_core.events.registry import newest_major
from at_core.events.upcasters import UPCASTERS, Upcaster

__all__ = ["readable_majors", "writable_majors"]


def readable_majors(
    event_type: str, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
) -> tuple[int, ...]:
    """Return the majors this build decodes, oldest first; empty for an unknown type."""
    return _chain(newest_major(event_type), lambda major: (event_type, major - 1) in upcasters)


def writable_majors(
    event_type: str, downcasters: Mapping[tuple[str, int], Downcaster] = DOWNCASTERS
) -> tuple[int, ...]:
    """Return the majors this build can publish, oldest first; empty for an unknown type."""
    return _chain(newest_major(event_type), lambda major: (event_type, major) in downcasters)


def _chain(newest: int, leads_on: Callable[[int], bool]) -> tuple[int, ...]:
    """Return the majors down from ``newest``, as far as a step leads on from each to the one before."""
    if newest == 0:
        return ()
    majors = [newest]
    while leads_on(majors[0]):
        majors.insert(0, majors[0] - 1)
    return tuple(majors)
