"""Named values: form encoding, and ``key=value`` or ``key: value`` between blanks, lines, semicolons, bars or commas.

    symbol=BTCUSDT side=buy qty=0.5     symbol: BTCUSDT; side: buy; qty: 0.5     symbol=BTCUSDT&side=buy&qty=0.5

Every part must be a named value: one that is not makes it another text.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

from at_gateway.webhook.dialects.families import usual_words
from at_gateway.webhook.dialects.renaming import renamed
from at_gateway.webhook.dialects.words import Raw, Said
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["FORM", "PAIRS", "read_pairs"]

FORM: Final = "form"
PAIRS: Final = "key-value-text"
_PARTS_MAX: Final = 100
_FORM: Final = re.compile(r"[^\s&=]{1,60}=[^\s&=]*(?:&[^\s&=]{1,60}=[^\s&=]*)+")
_BLANKS: Final = re.compile(r"[A-Za-z_][\w.-]{0,40}=(?:\"[^\"]*\"|[^\s\"]+)")
_PART: Final = re.compile(r"(?P<key>[A-Za-z_][\w. -]{0,40}?)\s*[=:]\s*(?P<value>.*)", re.DOTALL)
_SHORT_KEYS: Final = {
    "s": "symbol", "e": "exchange", "q": "quantity", "t": "order_type", "fp": "limit_price", "sl": "sl_percent",
    "tp": "tp_percent", "ts": "trailing_stop", "l": "leverage", "p": "order_price_offset",
}  # fmt: skip
"""One-letter keys of the AutoView form; its price, stop and target are distances."""


def read_pairs(text: str) -> Said | Refusal | None:
    """Return what named values say, or None when the text is not made of them."""
    pairs = _pairs(text)
    if pairs is None:
        return None
    dialect = FORM if _FORM.fullmatch(text) else PAIRS
    found: dict[str, Raw] = {}
    for key, value in pairs:
        name = key.strip().lower().replace("-", "_").replace(" ", "_")
        if name in found:
            return Refusal(RefusalCode.DUPLICATE_FIELD, f"{name[:60]!r} stands in the message twice")
        found[name] = value.strip()
    if "s" in found and ("b" in found or "c" in found):
        return renamed(_short(found), PAIRS)
    turned = usual_words(found, {})
    return turned if isinstance(turned, Refusal) else renamed(turned[1], dialect)


def _pairs(text: str) -> list[tuple[str, str]] | None:
    if _FORM.fullmatch(text):
        try:
            return parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_PARTS_MAX)
        except ValueError:
            return None
    mark = next((mark for mark in "\n;|," if mark in text), None)
    if mark is None:
        parts = _BLANKS.findall(text)
        if _BLANKS.sub("", text).strip() or len(parts) < 2:
            matched = [_PART.fullmatch(text)]
        else:
            matched = [_PART.fullmatch(part) for part in parts]
    else:
        matched = [_PART.fullmatch(part.strip()) for part in text.split(mark) if part.strip()]
    if len(matched) > _PARTS_MAX:
        return None
    told = [(match["key"], match["value"].strip().strip('"')) for match in matched if match is not None]
    return told if len(told) == len(matched) > 1 else None


def _short(found: dict[str, Raw]) -> dict[str, Raw]:
    usual: dict[str, Raw] = {_SHORT_KEYS.get(name, name): value for name, value in found.items()}
    side = str(usual.pop("b", "")).lower()
    what = str(usual.pop("c", "")).lower()
    usual["action"] = {"position": f"close {side}".strip(), "order": "cancel"}.get(what, side)
    if what == "position" and str(usual.get("quantity", "")).strip() == "100%":
        del usual["quantity"]
    return usual
