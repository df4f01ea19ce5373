"""Unsaid: what a sender asks for that a signal cannot carry. Dropped without a word, it would be another trade.

It counts for alerts that open or enlarge only. An exit is never refused for an extra wish: it leaves less to protect.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from at_gateway.webhook.dialects.words import ALIASES, RARE_ALIASES, Raw
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["NOTHING", "ORDER_LISTS", "unsaid"]

ORDER_LISTS: Final = ("order_legs", "orders", "signals", "commands", "legs", "basket")
"""Names under which senders list whole orders."""

_PROTECTION: Final = r"(?:sl|tp|stop_?loss|take_?profit)"
_MEASURE: Final = (
    r"(?:percent(?:age)?|perc|pct|pips?|ticks?|points?|pts|amount|distance|offset|deviation|atr|rel)"
)
_NAMES: Final = (
    (RefusalCode.TRAILING_STOP_UNSUPPORTED, re.compile(r"trail|(?:^|\.)tsl$")),
    (
        RefusalCode.SEVERAL_TAKE_PROFITS,
        re.compile(r"(?:^|\.)(?:tp|take_?profit|target)_?[2-9](?:$|[._])|(?:^|\.)(?:tps|take_?profits|targets)(?:$|\.)"),
    ),
    (
        RefusalCode.RELATIVE_PROTECTION,
        re.compile(rf"(?:^|\.){_PROTECTION}[._]?(?:price_?)?{_MEASURE}$|(?:^|[._]){_MEASURE}_{_PROTECTION}$"),
    ),
    (RefusalCode.LEVERAGE_UNSUPPORTED, re.compile(r"(?:^|\.)(?:leverage|lev)$")),
    (
        RefusalCode.OPTION_UNSUPPORTED,
        re.compile(r"(?:^|\.)(?:option_?type|strike(?:_?price)?|call_?put)$"),
    ),
    (
        RefusalCode.UNSUPPORTED_FIELD,
        re.compile(
            r"^(?:cancel|cancel_?orders|cancel_?all|delay|delay_?seconds|pyramiding_?max)$|^(?:open|dca|hedge)\.[a-z]"
            r"|^(?:bracket|stop_?loss|take_?profit|sl|tp)\.[a-z]"
            r"|(?:^|\.)(?:safety_?orders?|grid|order_?price_?offset|stop_?loss\.limit_?price)(?:$|\.)"
        ),
    ),
)  # fmt: skip
_ANY: Final = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern in _NAMES))
NOTHING: Final = re.compile(r"(?:0+(?:\.0*)?|false|no|none|null|off|na|nan|n/a)?", re.IGNORECASE)
"""The ways to say that a wish is not there."""
_READ: Final = frozenset(
    name
    for table in (ALIASES, RARE_ALIASES)
    for ours in ("stop_loss", "take_profit")
    for name in table[ours]
    if "." in name
)
_PLAIN_KIND: Final = re.compile(r"(?:stop|limit|market|stop_market|price)?", re.IGNORECASE)
_ONCE: Final = re.compile(r"1(?:\.0*)?x?", re.IGNORECASE)


def unsaid(found: Mapping[str, Raw], lists: Collection[str] = ()) -> Refusal | None:
    """Return the refusal of the first wish no signal can carry, or None. Names come lower-case, dotted."""
    for name, value in found.items():
        if _ANY.search(name):
            code = _code(name)
            text = str(value).strip()
            if name in _READ or (name.endswith(".type") and _PLAIN_KIND.fullmatch(text)):
                continue
            if NOTHING.fullmatch(text):
                continue
            if code is RefusalCode.LEVERAGE_UNSUPPORTED and _ONCE.fullmatch(text):
                continue
            trails = code is RefusalCode.UNSUPPORTED_FIELD and "trail" in text.lower()
            return _refusal(RefusalCode.TRAILING_STOP_UNSUPPORTED if trails else code, name, value)
    for name in lists:
        if name in ORDER_LISTS:
            return _refusal(RefusalCode.SEVERAL_SIGNALS, name, "a list")
        if _ANY.search(name):
            return _refusal(_code(name), name, "a list")
    return None


def _code(name: str) -> RefusalCode:
    return next(code for code, pattern in _NAMES if pattern.search(name))


def _refusal(code: RefusalCode, name: str, value: Raw) -> Refusal:
    return Refusal(code, f"{name[:60]} is {str(value)[:40]!r}: {_WHY[code]}")


_WHY: Final = {
    RefusalCode.TRAILING_STOP_UNSUPPORTED: "a signal carries no trailing stop; give stop_loss as a price",
    RefusalCode.SEVERAL_TAKE_PROFITS: "a signal carries one take_profit; send one alert per part that is taken",
    RefusalCode.RELATIVE_PROTECTION: "a signal carries stop_loss and take_profit as prices; compute them in the script",
    RefusalCode.SEVERAL_SIGNALS: "one alert carries one signal; send one alert per order",
    RefusalCode.LEVERAGE_UNSUPPORTED: "a signal sets no leverage; leave it out and set it at the venue",
    RefusalCode.OPTION_UNSUPPORTED: "a signal names no option contract; options cannot be traded by alert",
    RefusalCode.UNSUPPORTED_FIELD: "a signal cannot carry this wish; leave it out if the order is right without it",
}
