"""Detection: which family a message belongs to, and what it says in our field names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from at_gateway.webhook.dialects.json_tree import leaves, load_object
from at_gateway.webhook.dialects.text import looks_like_text, read_text_message
from at_gateway.webhook.dialects.words import ALIASES, ORDER_TYPES, VERBS, WRAPPERS, Raw, Said, said_word
from at_gateway.webhook.numbers import PLACEHOLDER, read_number
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["BAR", "FLAT", "STRATEGY", "read_message"]

BAR: Final = "bar-json"
STRATEGY: Final = "tradingview-strategy-json"
FLAT: Final = "flat-json"

_STRATEGY_FIELDS: Final = ("market_position", "prev_market_position", "position_size")
_MUST_AGREE: Final = frozenset({"symbol", "action", "quantity", "order_type", "limit_price", "stop_price"})

_OURS: Final = {name: (ours, rank) for ours, names in ALIASES.items() for rank, name in enumerate(names)}


def read_message(body: bytes) -> Said | Refusal:
    """Return what a body says, or why nobody can tell. The content type proves nothing, so it is not asked."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Refusal(RefusalCode.NOT_UTF8, f"byte {error.start} is not UTF-8 text")
    text = text.strip(" \t\r\n\x00")
    if not text:
        return Refusal(RefusalCode.EMPTY_BODY)
    if text[0] in '{["' and not text.startswith("{{"):
        return _read_json(text)
    if looks_like_text(text):
        return read_text_message(text)
    if PLACEHOLDER.search(text):
        return Refusal(
            RefusalCode.UNRESOLVED_PLACEHOLDER, f"{text[:60]!r} holds a placeholder that was not replaced"
        )
    return _other(text)


def _other(text: str) -> Refusal:
    if text[0] in "-0123456789" or text in {"true", "false", "null", "NaN"}:
        return Refusal(RefusalCode.NOT_AN_OBJECT)
    return Refusal(RefusalCode.UNKNOWN_DIALECT, f"{text[:40]!r} begins neither JSON nor a strategy message")


def _read_json(text: str) -> Said | Refusal:
    tree = load_object(text)
    if isinstance(tree, Refusal):
        return tree
    found = leaves(tree)
    if isinstance(found, Refusal):
        return found
    bare = _unwrapped(found)
    fields = bare if isinstance(bare, Refusal) else _in_our_words(bare)
    if isinstance(fields, Refusal):
        return fields
    return Said(_family(fields), fields)


def _family(fields: Mapping[str, tuple[str, Raw]]) -> str:
    kind = fields.get("kind")
    if kind is not None and str(kind[1]).strip().lower() == "bar":
        return BAR
    if any(name in fields for name in _STRATEGY_FIELDS):
        return STRATEGY
    dotted = any(used.startswith("strategy.") for used, _ in fields.values())
    return STRATEGY if dotted else FLAT


def _unwrapped(found: Mapping[str, Raw]) -> dict[str, Raw] | Refusal:
    bare: dict[str, Raw] = {}
    for path, value in found.items():
        head, dot, rest = path.partition(".")
        name = rest if dot and head in WRAPPERS else path
        if bare.setdefault(name, value) != value:
            return Refusal(
                RefusalCode.CONFLICTING_FIELDS, f"{name[:60]!r} is given twice, with different values"
            )
    return bare


def _in_our_words(found: Mapping[str, Raw]) -> dict[str, tuple[str, Raw]] | Refusal:
    """Rename; of several names for one field the most usual one counts, and the others must agree with it."""
    ranked = sorted((_OURS[name][1], name) for name in found if name in _OURS)
    fields: dict[str, tuple[str, Raw]] = {}
    for _, name in ranked:
        ours, value = _OURS[name][0], found[name]
        first = fields.setdefault(ours, (name, value))
        if ours in _MUST_AGREE and not _agrees(ours, first[1], value):
            return Refusal(
                RefusalCode.CONFLICTING_FIELDS,
                f"{first[0]} is {str(first[1])[:40]!r} but {name} is {str(value)[:40]!r}",
            )
    return fields


def _agrees(ours: str, first: Raw, second: Raw) -> bool:
    """Whether a second name for a field says the same; what makes no sense as that field is something else."""
    one, two = str(first).strip(), str(second).strip()
    if one == two:
        return True
    if ours == "action":
        other = VERBS.get(said_word(two))
        return other is None or other is VERBS.get(said_word(one))
    if ours == "symbol":
        return one.upper().rpartition(":")[2] == two.upper().rpartition(":")[2]
    if ours == "order_type":
        kind = ORDER_TYPES.get(said_word(two))
        return kind is None or kind is ORDER_TYPES.get(said_word(one))
    number = read_number(ours, two, zero=True, negative=True)
    return isinstance(number, Refusal) or number == read_number(ours, one, zero=True, negative=True)
