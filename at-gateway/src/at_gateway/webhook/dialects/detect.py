"""Detection: which family a message belongs to, and what it says in our field names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from at_gateway.webhook.dialects.families import from_code, usual_words
from at_gateway.webhook.dialects.json_tree import leaves, list_names, load
from at_gateway.webhook.dialects.lists import read_list
from at_gateway.webhook.dialects.pairs import read_pairs
from at_gateway.webhook.dialects.prose import read_prose
from at_gateway.webhook.dialects.renaming import renamed, unwrapped, usual
from at_gateway.webhook.dialects.text import looks_like_text, read_text_message
from at_gateway.webhook.dialects.unsaid import ORDER_LISTS
from at_gateway.webhook.dialects.words import ALIASES, Said
from at_gateway.webhook.numbers import PLACEHOLDER
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["read_message"]

_TORN_JSON: Final = re.compile(r"[{}]|[\"']\s*:")
_SCRIPT: Final = re.compile(r"[\w.-]{1,60}\([^()]{1,80}\)\s*\{")


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
        return _read_json(text.removesuffix("=") if text.endswith("}=") else text)
    if text.startswith("%7B"):
        return _read_json(unquote_plus(text.removesuffix("=")))
    if looks_like_text(text):
        return read_text_message(text)
    if PLACEHOLDER.search(text):
        return Refusal(
            RefusalCode.UNRESOLVED_PLACEHOLDER, f"{text[:60]!r} holds a placeholder that was not replaced"
        )
    return _read_text(text)


def _read_text(text: str) -> Said | Refusal:
    if _SCRIPT.match(text):
        return Refusal(RefusalCode.SCRIPT_UNSUPPORTED)
    torn = _TORN_JSON.search(text)
    if torn is not None:
        return Refusal(
            RefusalCode.BROKEN_JSON,
            f"character {torn.start() + 1}: this looks like JSON, which begins with an opening brace, near "
            f"{text[max(torn.start() - 20, 0) : torn.end() + 20]!r}",
        )
    code = from_code(text)
    if code is not None:
        return renamed(code, "signal-code")
    for read in (read_pairs, read_list, read_prose):
        said = read(text)
        if said is not None:
            return said
    if text[0] in "-0123456789" or text in {"true", "false", "null", "NaN"}:
        return Refusal(RefusalCode.NOT_AN_OBJECT)
    return Refusal(
        RefusalCode.UNKNOWN_DIALECT,
        f"{text[:40]!r} begins neither JSON nor a text that says what to do with which symbol",
    )


def _read_json(text: str) -> Said | Refusal:
    tree = _one_object(load(text))
    if isinstance(tree, Refusal):
        return tree
    found = leaves(tree)
    bare = found if isinstance(found, Refusal) else unwrapped(found)
    if isinstance(bare, Refusal):
        return bare
    lists = list_names(tree)
    turned = usual_words(bare, lists)
    if isinstance(turned, Refusal):
        return turned
    dialect, words = turned
    return renamed(words, None if usual(bare) else dialect, lists)


def _one_object(value: Any) -> dict[str, Any] | Refusal:
    """The one object of a message: itself, the only one of a list, or the only one of a list of orders in it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if len(value) > 1:
            return Refusal(
                RefusalCode.SEVERAL_SIGNALS, f"the list holds {len(value)} messages; send one alert per order"
            )
        value = value[0]
    if isinstance(value, Refusal):
        return value
    if not isinstance(value, dict):
        return Refusal(RefusalCode.NOT_AN_OBJECT)
    return _with_its_order(value)


def _with_its_order(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A message without a symbol whose list of orders holds one: that order's fields, beside its own."""
    names = {key.strip().lower(): key for key in tree}
    if any(name in names for name in ALIASES["symbol"]):
        return dict(tree)
    for name in ORDER_LISTS:
        orders = tree.get(names.get(name, ""))
        if isinstance(orders, list) and len(orders) == 1 and isinstance(orders[0], dict):
            return {**{key: value for key, value in tree.items() if key != names[name]}, **orders[0]}
    return dict(tree)
