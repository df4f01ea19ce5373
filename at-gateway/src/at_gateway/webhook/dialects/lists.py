"""Lists: ``BTCUSDT,buy,0.5`` and ``60123456,buy,EURUSD,vol_lots=1``. Verb and symbol stand in either order.

A value is known by what it is, not by its place: exactly one verb, one name, at most one number. An account of digits
may stand first; what follows it is written for a terminal whose stops and risks have units of their own.
"""

from __future__ import annotations

import re
from typing import Final

from at_gateway.webhook.dialects.renaming import renamed
from at_gateway.webhook.dialects.words import NO_ORDERS, VERBS, Raw, Said, said_word
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["LIST", "read_list"]

LIST: Final = "list-text"
_ACCOUNT: Final = re.compile(r"[0-9]{6,20}")
_NUMBER: Final = re.compile(r"[+-]?\.?[0-9][0-9.]*%?")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w:./!-]{1,40}")
_PRICES: Final = frozenset({"price", "limit_price", "stop_price"})
_OF_TERMINALS: Final = frozenset(
    {"symbol", "action", "order_type", "vol_lots", "comment", "secret", "quantity"}
)
_PENDING: Final = {
    "buylimit": ("buy", "limit"), "selllimit": ("sell", "limit"), "buystop": ("buy", "stop"),
    "sellstop": ("sell", "stop"),
}  # fmt: skip


def read_list(text: str) -> Said | Refusal | None:
    """Return what a list says, or None when the text is none; a list that can be read in two ways is refused."""
    mark = next((mark for mark in ",|;" if mark in text), None)
    if mark is None or "\n" in text:
        return None
    parts = [part.strip() for part in text.split(mark)]
    bare = [part for part in parts if "=" not in part and part]
    account = len(bare) > 2 and _ACCOUNT.fullmatch(bare[0]) is not None
    if account:
        bare = bare[1:]
    verbs = [part for part in bare if _verb(part)]
    numbers = [part for part in bare if not _verb(part) and _NUMBER.fullmatch(part)]
    names = [part for part in bare if not _verb(part) and not _NUMBER.fullmatch(part)]
    if not verbs or not all(_NAME.fullmatch(name) for name in names):
        return None
    if len(verbs) != 1 or len(names) != 1 or len(numbers) > 1:
        told = f"{len(verbs)} verbs, {len(names)} names and {len(numbers)} numbers"
        return Refusal(
            RefusalCode.AMBIGUOUS_TEXT, f"the list holds {told}; it must be one, one and at most one"
        )
    found: dict[str, Raw] = {"symbol": names[0], "action": verbs[0]}
    if numbers:
        found["quantity"] = numbers[0]
        verb = VERBS.get(said_word(verbs[0]))
        priced = any(part.partition("=")[0].strip().lower() in _PRICES for part in parts)
        if bare.index(numbers[0]) == 2 and not priced and not (verb is not None and verb.closes):
            return Refusal(RefusalCode.AMBIGUOUS_TEXT, "is the number a quantity or a price? write qty=")
    for part in parts:
        key, equals, value = part.partition("=")
        if equals:
            name = key.strip().lower()
            if name in found:
                return Refusal(RefusalCode.DUPLICATE_FIELD, f"{name[:60]!r} stands in the list twice")
            found[name] = value.strip()
    return renamed(_for_terminal(found) if account else _pending(found), LIST)


def _verb(word: str) -> bool:
    said = said_word(word)
    return said in VERBS or said in NO_ORDERS or said in _PENDING


def _pending(found: dict[str, Raw]) -> dict[str, Raw]:
    """``buylimit`` with its price: the price belongs to the order type that the verb says."""
    pending = _PENDING.get(said_word(str(found["action"])))
    if pending is None:
        return found
    usual = {**found, "action": pending[0], "order_type": pending[1]}
    price = usual.pop("price", None)
    return usual if price is None else {**usual, f"{pending[1]}_price": price}


def _for_terminal(found: dict[str, Raw]) -> dict[str, Raw]:
    """Prices are prices, pips or percent, risk is lots or percent, as each terminal is set: not ours to guess.

    So of an entry only lots are read; every other wish is kept under a name that refuses the entry.
    """
    usual = _pending(found)
    verb = VERBS.get(said_word(str(usual["action"])))
    if verb is not None and verb.closes:
        return {name: usual[name] for name in ("symbol", "action", "vol_lots", "comment") if name in usual}
    said: dict[str, Raw] = {}
    for name, value in usual.items():
        if name in ("risk", "vol_dollar") or (name.startswith("vol_") and name != "vol_lots"):
            said["quantity"], said["unit"] = value, name
        elif name.startswith(("sl", "tp")):
            said[f"{name[:2]}_points"] = value
        else:
            said[name if name in _OF_TERMINALS else f"bracket.{name}"] = value
    return said
