"""Downcasters: the way back. The newest form of an event becomes the form of the major before, for readers left behind.

A downcaster is a pure function from the body of one major to that of the major before. Like an upcaster it may not
touch the identity of the event. What the older form cannot say is lost in it; a value that would be *misread* there
must be refused with ``ValueError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from at_core.enums import BodyEncoding

__all__ = ["DOWNCASTERS", "Downcaster"]


@dataclass(frozen=True, slots=True)
class Downcaster:
    """One step down. ``version`` is the newest frozen version of the major it leads to."""

    version: str
    step: Callable[[dict[str, Any]], dict[str, Any]]


_ESCAPED_BACKSLASH: Final = re.compile(r"\\\\")


def _quarantined_2_to_1(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 escaped without doubling backslashes, and did not say whether it had escaped or cut."""
    text = data.pop("body_text")
    if data.pop("body_encoding") == BodyEncoding.ESCAPED:
        text = _ESCAPED_BACKSLASH.sub(r"\\", text)
    data.pop("truncated", None)
    return {**data, "body": text}


DOWNCASTERS: Mapping[tuple[str, int], Downcaster] = {
    ("intake.alert.quarantined", 2): Downcaster("1.0", _quarantined_2_to_1),
}
"""(type, from major) to the step that leads to the major before."""
