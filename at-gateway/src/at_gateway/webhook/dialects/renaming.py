"""Renaming: from a sender's own field names to ours; names that say the same thing must agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from at_gateway.webhook.dialects.unsaid import NOTHING, unsaid
from at_gateway.webhook.dialects.words import (
    ALIASES,
    ORDER_TYPES,
    RARE_ALIASES,
    SIZED_NAMES,
    VERBS,
    WRAPPERS,
    Raw,
    Said,
    said_word,
)
from at_gateway.webhook.numbers import read_number
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["BAR", "FLAT", "STRATEGY", "renamed", "unwrapped", "usual"]

BAR: Final = "bar-json"
STRATEGY: Final = "tradingview-strategy-json"
FLAT: Final = "flat-json"

Words = dict[str, tuple[str, Raw]]

_STRATEGY_FIELDS: Final = ("market_position", "prev_market_position", "position_size")
_STEERS: Final = ("action", "target_position", *_STRATEGY_FIELDS)
_MUST_AGREE: Final = frozenset({"symbol", "action", "quantity", "order_type", "limit_price", "stop_price"})
_PRICES: Final = ("price", "limit_price", "stop_price", "stop_loss", "take_profit")
_OF_ENTRIES: Final = ("order_type", "lag_max", *_PRICES)
_OURS: Final = {name: (ours, rank) for ours, names in ALIASES.items() for rank, name in enumerate(names)}
_RARE: Final = {name: (ours, rank) for ours, names in RARE_ALIASES.items() for rank, name in enumerate(names)}


def unwrapped(found: Mapping[str, Raw]) -> dict[str, Raw] | Refusal:
    """Return the leaves without the name of an object that a sender puts around the whole message."""
    bare: dict[str, Raw] = {}
    for path, value in found.items():
        head, dot, rest = path.partition(".")
        name = rest if dot and head in WRAPPERS else path
        if bare.setdefault(name, value) != value:
            return Refusal(
                RefusalCode.CONFLICTING_FIELDS, f"{name[:60]!r} is given twice, with different values"
            )
    return bare


def renamed(
    found: Mapping[str, Raw], dialect: str | None = None, lists: Collection[str] = ()
) -> Said | Refusal:
    """Return what the leaves say in our words; ``dialect`` None tells the family by the fields.

    ``lists`` are the names under which a list stands: nothing is read from one, but what it would say may matter.
    """
    fields = _in_our_words(found, _OURS)
    if isinstance(fields, Refusal):
        return fields
    problem = _fill_rare(fields, found)
    if problem is not None:
        return problem
    label = dialect or _family(fields)
    return Said(label, fields, unsaid(found, lists))


def usual(found: Mapping[str, Raw]) -> bool:
    """Whether the leaves name a symbol and an action or position in the most usual words: then no family is told."""
    ours = {_OURS[name][0] for name in found if name in _OURS}
    return "symbol" in ours and not ours.isdisjoint(_STEERS)


def _family(fields: Mapping[str, tuple[str, Raw]]) -> str:
    kind = fields.get("kind")
    if kind is not None and str(kind[1]).strip().lower() == "bar":
        return BAR
    if any(name in fields for name in _STRATEGY_FIELDS):
        return STRATEGY
    dotted = any(used.startswith("strategy.") for used, _ in fields.values())
    return STRATEGY if dotted else FLAT


def _fill_rare(fields: Words, found: Mapping[str, Raw]) -> Refusal | None:
    """Fill what the usual names left open from rarer names; never beside a usual name."""
    rare = _in_our_words({name: found[name] for name in found if name in _RARE and _says(found[name])}, _RARE)
    if isinstance(rare, Refusal):
        return rare
    steered = any(name in fields for name in _STEERS)
    exits = _asks_to_exit(fields) or (not steered and _asks_to_exit(rare))
    for ours, said in rare.items():
        if (
            (ours in ("action", "target_position") and steered)
            or (exits and ours in _OF_ENTRIES)
            or _is_none(ours, said[1])
        ):
            continue
        fields.setdefault(ours, said)
    kind = fields.get("order_type")
    if kind is not None and not any(name in fields for name in _STEERS) and said_word(str(kind[1])) in VERBS:
        fields["action"] = fields.pop("order_type")
    return _fill_size(fields, found)


def _fill_size(fields: Words, found: Mapping[str, Raw]) -> Refusal | None:
    """Fill quantity and unit from a name that says both, where no quantity is given."""
    if "quantity" in fields or "lots" in fields:
        return None
    sized = [name for name in SIZED_NAMES if name in found and _says(found[name])]
    if len(sized) > 1:
        return Refusal(
            RefusalCode.CONFLICTING_FIELDS, f"{sized[0]} and {sized[1]} are two sizes; keep one of them"
        )
    for name in sized:
        fields["quantity"], fields["unit"] = (name, found[name]), (name, SIZED_NAMES[name])
    return None


def _asks_to_exit(fields: Words) -> bool:
    """Whether the words alone say an exit: what a rarer name says of prices must not be what it is refused for."""
    verb = VERBS.get(said_word(str(fields["action"][1]))) if "action" in fields else None
    after = str(fields["market_position"][1]) if "market_position" in fields else ""
    return (verb is not None and verb.closes) or said_word(after) in ("flat", "none")


def _says(value: Raw) -> bool:
    return bool(str(value).strip())


def _is_none(ours: str, value: Raw) -> bool:
    """Whether a price under a rarer name is one of the ways to say that there is none."""
    return ours in ("lag_max", *_PRICES) and NOTHING.fullmatch(str(value).strip()) is not None


def _in_our_words(found: Mapping[str, Raw], table: Mapping[str, tuple[str, int]]) -> Words | Refusal:
    """Rename; of several names for one field the most usual one counts, and the others must agree with it."""
    ranked = sorted((table[name][1], name) for name in found if name in table)
    fields: Words = {}
    for _, name in ranked:
        ours, value = table[name][0], found[name]
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
