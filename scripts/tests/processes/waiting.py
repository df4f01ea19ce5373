"""Waiting: on a condition, within a bound, never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["until"]

T = TypeVar("T")

_GLANCE_SECONDS = 0.02


def until(what: str, condition: Callable[[], T], seconds: float = 30.0) -> T:
    """Return the first true answer of ``condition``; fail, saying ``what`` was waited for, after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {answer!r}")
        time.sleep(_GLANCE_SECONDS)
