"""Downcasters: the way back. The newest form of an event becomes the form of the major before, for readers left behind.

A downcaster is a pure function from the body of one major to that of the major before. Like an upcaster it may not
touch the identity of the event. What the older form cannot say is lost in it; a value that would be *misread* there
must be refused with ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["DOWNCASTERS", "Downcaster"]


@dataclass(frozen=True, slots=True)
class Downcaster:
    """One step down. ``version`` is the newest frozen version of the major it leads to."""

    version: str
    step: Callable[[dict[str, Any]], dict[str, Any]]


DOWNCASTERS: Mapping[tuple[str, int], Downcaster] = {}
"""(type, from major) to the step that leads to the major before."""
