"""Prose: ``BUY BTCUSDT 0.5 @ 42000 sl 41000 tp 45000``, in any order of its parts.

The number after ``@`` or ``at`` is a reference unless the text says ``limit``. Every word must be understood: one that
is not makes the text unreadable, so that no sentence that merely speaks of buying becomes an order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from at_gateway.webhook.dialects.renaming import renamed
from at_gateway.webhook.dialects.words import NO_ORDERS, UNITS, VERBS, Raw, Said, said_word
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["PROSE", "read_prose"]

PROSE: Final = "prose"
_WORDS_MAX: Final = 40
_NUMBER: Final = re.compile(r"[+-]?\.?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w:./!-]{1,40}")
_DISTANCES: Final = frozenset({"%", "percent", "pips", "pip", "ticks", "tick", "points", "pts"})
_NAMED: Final = {
    "sl": "sl", "s/l": "sl", "stoploss": "sl", "stop-loss": "sl", "stop loss": "sl", "tp": "tp", "t/p": "tp",
    "tp1": "tp", "target": "tp", "takeprofit": "tp", "take-profit": "tp", "take profit": "tp", "tp2": "tp2",
    "tp3": "tp3", "@": "price", "at": "price", "price": "price", "limit": "limit_price", "stop": "stop_price",
    "qty": "quantity", "size": "quantity", "quantity": "quantity", "amount": "quantity", "leverage": "leverage",
    "trail": "trailing_stop", "trailing": "trailing_stop", "trailing stop": "trailing_stop",
}  # fmt: skip


_PRICED: Final = frozenset({"price", "limit_price", "stop_price", "order_type", "unit"})
"""With one of these said, a number without a name is a quantity."""


class _Reader:
    """Takes the words one after the other and keeps what they say; ``problem`` is the first that does not fit."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0
        self.found: dict[str, Raw] = {}
        self.problem: Refusal | None = None
        self.loose = False
        """Whether a number stands behind the symbol without a name: it may be a quantity or a price."""

    def read(self) -> None:
        """Read to the end or to the first problem."""
        takes: tuple[Callable[[], bool], ...] = (
            self._verb,
            self._named,
            self._bare_number,
            self._market,
            self._name,
        )
        while self._at < len(self._words) and self.problem is None:
            if not any(take() for take in takes):
                word = self._words[self._at]
                self.problem = Refusal(RefusalCode.UNKNOWN_DIALECT, f"{word[:40]!r} is not understood")

    def _verb(self) -> bool:
        for count in (3, 2, 1):
            words = self._words[self._at : self._at + count]
            said = said_word(" ".join(words))
            if len(words) == count and (said in VERBS or said in NO_ORDERS) and not self._names_price(count):
                self._keep("action", said)
                self._at += count
                return True
        return False

    def _names_price(self, count: int) -> bool:
        """``stop`` is a price's name when it has a number, or ``loss``, behind it."""
        after = self._word(self._at + count)
        return self._words[self._at].lower() == "stop" and (
            after == "loss" or _NUMBER.fullmatch(after) is not None
        )

    def _named(self) -> bool:
        for count in (2, 1):
            said = " ".join(self._words[self._at : self._at + count]).lower().rstrip(":=")
            name = _NAMED.get(said)
            if name is None:
                continue
            value = self._word(self._at + count)
            if not _NUMBER.fullmatch(value):
                return self._without_number(name, count, value)
            self._at += count + 1
            unit = self._word(self._at)
            if name in ("sl", "tp") and (value.endswith("%") or unit in _DISTANCES):
                name += "_points"
                self._at += unit in _DISTANCES
            self._keep("tp2" if name == "tp" and "tp" in self.found else name, value)
            if name == "quantity":
                self._unit()
            return True
        return False

    def _without_number(self, name: str, count: int, value: str) -> bool:
        if name not in ("limit_price", "stop_price", "trailing_stop") and not (
            name == "price" and value == "market"
        ):
            return False
        self._at += count
        kind = {"limit_price": "limit", "stop_price": "stop"}.get(name)
        if kind:
            self._keep("order_type", kind)
        elif name == "trailing_stop":
            self._keep(name, "true")
        return True

    def _bare_number(self) -> bool:
        word = self._words[self._at]
        if not _NUMBER.fullmatch(word):
            return False
        self._at += 1
        verb = VERBS.get(str(self.found.get("action", "")))
        self.loose = self.loose or "symbol" in self.found
        if word.endswith("%") and verb is not None and verb.closes:
            self._keep("position_percent", word[:-1])
        else:
            self._keep("quantity", word)
            self._unit()
        return True

    def _unit(self) -> None:
        if said_word(self._word(self._at)) in UNITS:
            self._keep("unit", self._words[self._at])
            self._at += 1

    def _market(self) -> bool:
        if self._words[self._at].lower() not in ("market", "mkt"):
            return False
        self._keep("order_type", "market")
        self._at += 1
        return True

    def _name(self) -> bool:
        word = self._words[self._at].lstrip("#$")
        if "symbol" in self.found or not _NAME.fullmatch(word):
            return False
        self._keep("symbol", word)
        self._at += 1
        return True

    def _keep(self, name: str, value: str) -> None:
        if name in self.found:
            self.problem = Refusal(
                RefusalCode.AMBIGUOUS_TEXT, f"the text says {name} twice: which one counts?"
            )
        self.found[name] = value

    def _word(self, at: int) -> str:
        return self._words[at].lower() if at < len(self._words) else ""


def read_prose(text: str) -> Said | Refusal | None:
    """Return what the words say, None when they hold no verb; a word too many is refused, never passed over."""
    words = [word for part in text.replace("@", " @ ").split() if (word := part.strip(",;!") or "")]
    words = [word.removesuffix(".") for word in words if word != "."]
    if not words or len(words) > _WORDS_MAX:
        return None
    reader = _Reader(words)
    reader.read()
    if "action" not in reader.found:
        return None
    if reader.problem is not None:
        return reader.problem
    found = dict(reader.found)
    verb = VERBS.get(str(found["action"]))
    if reader.loose and _PRICED.isdisjoint(found) and not (verb is not None and verb.closes):
        return Refusal(
            RefusalCode.AMBIGUOUS_TEXT, "is the number a quantity or a price? write qty, or @ and the price"
        )
    if found.get("order_type") in ("limit", "stop") and "price" in found:
        found.setdefault(f"{found['order_type']}_price", found.pop("price"))
    kinds = [kind for kind in ("stop", "limit") if f"{kind}_price" in found]
    if kinds:
        found["order_type"] = "_".join(kinds)
    return renamed(found, PROSE)
