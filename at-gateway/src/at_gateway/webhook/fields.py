"""Fields: typed reading of what a sender said; the first problem is kept as the refusal of the whole message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from at_gateway.webhook.dialects.words import Said, said_word
from at_gateway.webhook.numbers import PLACEHOLDER, read_number
from at_gateway.webhook.refusals import Refusal, RefusalCode
from at_gateway.webhook.times import read_time

__all__ = ["Fields"]

T = TypeVar("T")

_NOT_TOKEN: Final = re.compile(r"[^A-Za-z0-9._:/@!+-]+")
_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no", ""})


class Fields:
    """Reads one message. Every getter returns None for an absent field and for a bad one, and notes the bad one."""

    def __init__(self, said: Said) -> None:
        self._fields = said.fields
        self.problem: Refusal | None = None

    def has(self, name: str) -> bool:
        """Whether the sender gave this field."""
        return name in self._fields

    def used(self, name: str) -> str | None:
        """Return the sender's own name of this field, None when it is absent."""
        return self._fields[name][0] if name in self._fields else None

    def refuse(self, code: RefusalCode, hint: str = "") -> None:
        """Note a problem; only the first one counts."""
        self._note(Refusal(code, hint))

    def number(self, name: str, *, zero: bool = False, negative: bool = False) -> Decimal | None:
        """Return a number; see ``read_number`` for what is refused."""
        if name not in self._fields:
            return None
        used, raw = self._fields[name]
        if isinstance(raw, bool):
            self.refuse(RefusalCode.NOT_A_NUMBER, f"{used} is {str(raw).lower()}, not a number")
            return None
        return self._kept(read_number(used, raw, zero=zero, negative=negative))

    def moment(self, name: str) -> datetime | None:
        """Return a time."""
        if not self._filled(name):
            return None
        used, raw = self._fields[name]
        return self._kept(read_time(used, str(raw)))

    def word(self, name: str, table: Mapping[str, T], unknown: RefusalCode) -> T | None:
        """Return the meaning of a word out of ``table``; a word that is not in it is refused with ``unknown``."""
        text = self.text(name)
        if text is None:
            return None
        word = said_word(text)
        if word in table:
            return table[word]
        known = ", ".join(sorted(table)[:40])
        self.refuse(unknown, f"{self._fields[name][0]} is {text[:40]!r}; known: {known}")
        return None

    def text(self, name: str) -> str | None:
        """Return a text that something depends on; unresolved placeholders are refused."""
        if not self._filled(name):
            return None
        used, raw = self._fields[name]
        text = str(raw).strip()
        if PLACEHOLDER.search(text):
            self.refuse(
                RefusalCode.UNRESOLVED_PLACEHOLDER, f"{used} is {text[:60]!r}: TradingView did not replace it"
            )
            return None
        return text

    def prose(self, name: str, length_max: int) -> str | None:
        """Return a text for people, cut to its bound; nothing depends on it, so nothing in it is refused."""
        if not self._filled(name):
            return None
        raw = str(self._fields[name][1])
        return "".join(char if char.isprintable() else " " for char in raw)[:length_max]

    def token(self, name: str) -> str | None:
        """Return a short name as a token: blanks and signs become dashes. None when nothing is left of it."""
        text = self.prose(name, 400)
        if text is None or PLACEHOLDER.search(text):
            return None
        return _NOT_TOKEN.sub("-", text).strip("-")[:120] or None

    def flag(self, name: str) -> bool:
        """Return a truth value; absent is False."""
        if name not in self._fields:
            return False
        used, raw = self._fields[name]
        word = str(raw).strip().lower()
        if word not in _TRUE | _FALSE:
            self.refuse(RefusalCode.INVALID_FIELD, f"{used} is {word[:40]!r}; write true or false")
        return word in _TRUE

    def _filled(self, name: str) -> bool:
        return name in self._fields and str(self._fields[name][1]).strip() != ""

    def _kept(self, value: T | Refusal) -> T | None:
        if isinstance(value, Refusal):
            self._note(value)
            return None
        return value

    def _note(self, problem: Refusal) -> None:
        self.problem = self.problem or problem
