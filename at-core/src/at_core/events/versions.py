"""Versions: which majors of a type this build can read, and which it can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from at_core.errors import ConfigurationError
from at_core.events.downcasters import DOWNCASTERS, Downcaster
from at_core.events.registry import newest_major, producer_of
from at_core.events.upcasters import UPCASTERS, Upcaster

__all__ = ["checked_majors", "readable_majors", "writable_majors"]


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


def checked_majors(
    role: str,
    majors: Mapping[str, int],
    downcasters: Mapping[tuple[str, int], Downcaster] = DOWNCASTERS,
) -> dict[str, int]:
    """Return the majors that ``role`` is told to emit (``emit_major``), without those that are the newest anyway.

    Raises ConfigurationError for a type that is unknown or another role's, and for a major this build cannot write.
    """
    for event_type, major in majors.items():
        writable = writable_majors(event_type, downcasters)
        place = f"emit_major: {event_type!r} = {major}"
        if not writable:
            raise ConfigurationError(f"{place}: this build knows no such type; correct the spelling")
        if producer_of(event_type) != role:
            raise ConfigurationError(
                f"{place}: role {role} does not emit it; set it where {producer_of(event_type)} is configured"
            )
        if major not in writable:
            text = ", ".join(map(str, writable))
            raise ConfigurationError(
                f"{place}: this build writes major {text} of it; choose one, or remove it"
            )
    return {name: major for name, major in majors.items() if major != newest_major(name)}


def _chain(newest: int, leads_on: Callable[[int], bool]) -> tuple[int, ...]:
    """Return the majors down from ``newest``, as far as a step leads on from each to the one before."""
    if newest == 0:
        return ()
    majors = [newest]
    while leads_on(majors[0]):
        majors.insert(0, majors[0] - 1)
    return tuple(majors)
