"""Patterns: how long a text can be that matches one. Reads the small part of regular expressions that contracts use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["ENDLESS", "matches", "width"]

ENDLESS: Final = -1
"""No upper bound."""

_COUNT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # A trailing $ of Python also matches before a last line feed; the validator's engine has no such exception.
    ends = pattern.endswith("$") and not pattern.endswith("\\$")
    # Digits of other scripts are none in JSON Schema.
    return re.compile(pattern[:-1] + r"\Z" if ends else pattern, re.ASCII)


def matches(pattern: str, text: str) -> bool:
    """Whether ``text`` contains a match, as JSON Schema reads ``pattern``."""
    return _compiled(pattern).search(text) is not None


@lru_cache(maxsize=256)
def width(pattern: str) -> tuple[int, int]:
    """Return the least and greatest length of a matching text; greatest is ``ENDLESS`` where none can be promised.

    A pattern that is not held at both ends, or that uses what this reader does not know, promises none.
    """
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return 0, ENDLESS
    try:
        reader = _Reader(pattern[1:-1])
        alternatives, found = reader.alternatives()
    except (ValueError, IndexError):
        return 0, ENDLESS
    # `^a|b$` holds each alternative at one end only.
    return found if reader.at_end and alternatives == 1 else (0, ENDLESS)


class _Reader:
    """A recursive descent over the pattern that adds lengths up."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._text)

    def alternatives(self) -> tuple[int, tuple[int, int]]:
        """Read ``a|b|c``; return how many there are and the span of their lengths."""
        found = [self._sequence()]
        while not self.at_end and self._text[self._at] == "|":
            self._at += 1
            found.append(self._sequence())
        highs = [high for _, high in found]
        return len(found), (min(low for low, _ in found), ENDLESS if ENDLESS in highs else max(highs))

    def _sequence(self) -> tuple[int, int]:
        low = high = 0
        while not self.at_end and self._text[self._at] not in "|)":
            least, most = self._repeated(self._one())
            low += least
            high = ENDLESS if ENDLESS in (high, most) else high + most
        return low, high

    def _one(self) -> tuple[int, int]:
        char = self._text[self._at]
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            self._class()
        elif char == "\\":
            if self._text[self._at] not in "dwsDWS.-/+*?()[]{}|^$\\":
                raise ValueError("an escape this reader does not know")
            self._at += 1
        elif char in "^$*+?{":
            raise ValueError("an anchor or a count in an unexpected place")
        return 1, 1

    def _group(self) -> tuple[int, int]:
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._text[self._at] == "?":
            raise ValueError("a group with a meaning this reader does not know")
        _, found = self.alternatives()
        if self._text[self._at] != ")":
            raise ValueError("a group without its end")
        self._at += 1
        return found

    def _class(self) -> None:
        if self._text.startswith("^", self._at):
            self._at += 1
        if self._text[self._at] == "]":
            raise ValueError("a class that begins with its end: engines read it differently")
        while self._text[self._at] != "]":
            if self._text[self._at] == "[":
                raise ValueError("a class in a class: engines read it differently")
            self._at += 2 if self._text[self._at] == "\\" else 1
        self._at += 1

    def _repeated(self, one: tuple[int, int]) -> tuple[int, int]:
        low, high = one
        sign = self._text[self._at] if not self.at_end else ""
        count = _COUNT.match(self._text, self._at)
        if sign and sign in "*+?":
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else ENDLESS)
            self._at += 1
        elif count is not None:
            least = int(count[1])
            most = least if count[2] is None else int(count[3]) if count[3] else ENDLESS
            self._at = count.end()
        else:
            return one
        if not self.at_end and self._text[self._at] in "?+*{":
            raise ValueError("a count of a count")
        if high == 0 or most == 0:
            return low * least, 0
        return low * least, ENDLESS if ENDLESS in (high, most) else high * most
