"""Families: published JSON forms whose words mean something else than usual, turned into the usual ones.

Each step takes the leaves by dotted lower-case name and returns them with usual names, or the refusal they deserve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from at_gateway.webhook.dialects.unsaid import ORDER_LISTS
from at_gateway.webhook.dialects.words import ALIASES, VERBS, Raw, said_word
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["CODE", "from_code", "usual_words"]

Leaves = Mapping[str, Raw]
Turned = tuple[str | None, Leaves] | Refusal | None

CODE: Final = re.compile(
    r"(?P<act>ENTER-LONG|ENTER-SHORT|EXIT-LONG|EXIT-SHORT|EXIT-ALL)_(?P<venue>[A-Z0-9]{2,20})_(?P<symbol>[A-Z0-9.:-]{2,30})"
    r"_\S{1,150}",
    re.IGNORECASE,
)
"""Signal codes of the underscore form: act, exchange, pair, then names that are the bot's own."""

_REPORTED: Final = frozenset(
    (
        "new", "accepted", "open", "complete", "completed", "filled", "fill", "partial_fill", "partially_filled",
        "rejected", "canceled", "cancelled", "expired", "trade_update", "trade_updates", "order_update",
    )
)  # fmt: skip
_FILLED: Final = re.compile(
    r"(?:^|\.)(?:filled_?(?:qty|quantity)|average_price|avg_?price|filled_avg_price|checksum|exchange_order_id)$"
)


def usual_words(found: Leaves, lists: Mapping[str, int]) -> tuple[str | None, Leaves] | Refusal:
    """Return the family's name (None: one of the general ones) and the leaves in usual words.

    ``lists`` are the names under which a list stands, and how many things are in it.
    """
    for step in _FAMILIES:
        turned = step(found, lists)
        if turned is not None:
            return turned
    return None, found


def from_code(code: str) -> dict[str, Raw] | None:
    """Return what a signal code of the underscore form says, None when it is none."""
    match = CODE.fullmatch(code.strip())
    if match is None:
        return None
    return {"action": match["act"], "exchange": match["venue"], "symbol": match["symbol"]}


def _order_update(found: Leaves, _: Mapping[str, int]) -> Turned:
    """A broker's report: it has a state and a fill, and looks like an order otherwise."""
    told = [
        str(found.get(name, "")).strip().lower()
        for name in ("status", "order_status", "event", "stream", "order.status")
    ]
    if any(word in _REPORTED for word in told) and any(_FILLED.search(name) for name in found):
        return Refusal(RefusalCode.ORDER_UPDATE)
    return None


def _signal_bot(found: Leaves, _: Mapping[str, int]) -> Turned:
    """3Commas signal bots: ``trigger_price`` is the price seen, never a stop."""
    if "bot_uuid" not in found and "tv_instrument" not in found:
        return None
    usual = {name.removeprefix("strategy_info."): value for name, value in found.items()}
    seen = usual.pop("trigger_price", None)
    if seen is not None:
        usual.setdefault("price", seen)
    return "3commas-signal", usual


def _deal_bot(found: Leaves, _: Mapping[str, int]) -> Turned:
    """3Commas deal bots: pairs are written quote first; without an action a deal starts as the bot is set up there."""
    if str(found.get("message_type", "")).lower() != "bot" and "email_token" not in found:
        return None
    if "action" not in found:
        return Refusal(
            RefusalCode.MISSING_FIELD,
            "the message has no action: which side a deal opens is known to the bot alone",
        )
    quote, dash, base = str(found.get("pair", "")).partition("_")
    pair = {"pair": f"{base}/{quote}"} if dash else {}
    return "3commas-deal", {**found, **pair}


def _price_types(found: Leaves, _: Mapping[str, int]) -> Turned:
    """OpenAlgo, Dhan, Noren: ``price`` belongs to the price type, 0 says that there is none, ``SL`` is a stop limit."""
    leg = "transactiontype" in found and "ordertype" in found
    named = "ordertype" if leg else next((name for name in _PRICE_TYPES if name in found), None)
    if named is None:
        return None
    usual = {
        name: value for name, value in found.items() if name != named and not _is_zero_price(name, value)
    }
    if leg and "symbol" in usual and str(usual.pop("instrument", "")).strip().upper().startswith("OPT"):
        return Refusal(RefusalCode.OPTION_UNSUPPORTED)
    verb = VERBS.get(said_word(str(found.get("action", ""))))
    if verb is not None and verb.closes:
        return None, {**usual, named: found[named]}
    word = str(found[named]).strip().lower().replace("-", "_")
    kind = _KINDS.get(word, word)
    usual["order_type"] = kind
    if "prc" in usual:
        usual.setdefault("price", usual.pop("prc"))
    if "trgprc" in usual:
        usual.setdefault("trigger_price", usual.pop("trgprc"))
    if kind in ("limit", "stop_limit") and "price" in usual:
        usual.setdefault("limit_price", usual.pop("price"))
    return None, usual


def _is_zero_price(name: str, value: Raw) -> bool:
    return (
        name in ("price", "prc", "trigger_price", "trgprc")
        and re.fullmatch(r"\s*0*(?:\.0*)?\s*", str(value)) is not None
    )


def _coded(found: Leaves, _: Mapping[str, int]) -> Turned:
    """WunderTrading: the code names act and pair; the amount counts what ``amountPerTradeType`` says."""
    said = from_code(str(found.get("code", "")))
    if said is None:
        return None
    rest = {name: value for name, value in found.items() if name != "code"}
    if "amountpertrade" in rest:
        rest["quantity"] = rest.pop("amountpertrade")
        if not str(rest.get("amountpertradetype", "")).strip():
            return Refusal(
                RefusalCode.UNKNOWN_UNIT, "amountPerTrade needs amountPerTradeType: what does it count?"
            )
    return "signal-code", {**rest, **said}


def _scan(found: Leaves, _: Mapping[str, int]) -> Turned:
    """ChartInk: a list of stocks; what to do with them stands in the scan's name, as OpenAlgo has users write it."""
    if "stocks" not in found or "trigger_prices" not in found:
        return None
    stocks, prices = (
        [part.strip() for part in str(found[name]).split(",")] for name in ("stocks", "trigger_prices")
    )
    if len(stocks) != 1:
        return Refusal(
            RefusalCode.SEVERAL_SIGNALS, f"the scan names {len(stocks)} stocks; one alert carries one signal"
        )
    title = f"{found.get('scan_name', '')} {found.get('alert_name', '')}".lower()
    acts = {word for word in re.findall(r"[a-z]+", title) if word in ("buy", "sell", "short", "cover")}
    if len(acts) != 1:
        return Refusal(
            RefusalCode.MISSING_FIELD,
            "the names of scan and alert must hold exactly one of buy, sell, short, cover",
        )
    act = acts.pop()
    usual: dict[str, Raw] = {"symbol": stocks[0], "action": "close_long" if act == "sell" else act}
    if len(prices) == 1 and prices[0]:
        usual["price"] = prices[0]
    return "chartink", {**usual, "alert_name": found.get("alert_name", "")}


def _flags(found: Leaves, _: Mapping[str, int]) -> Turned:
    """Sides as truth values: ``isBuy``, ``buy: true``, ``long: false``. A price called ``close`` is none of them."""
    if any(name in found for name in ALIASES["action"]):
        return None
    said = {name: truth for name in _FLAGS if name in found and (truth := _truth(found[name])) is not None}
    if not said:
        return None
    acts = {_FLAGS[name] for name, true in said.items() if true}
    if not acts and any(name in _EITHER for name in said):
        acts = {"sell"}
    if len(acts) != 1:
        told = " and ".join(sorted(acts)) or "nothing"
        return Refusal(
            RefusalCode.CONFLICTING_FIELDS, f"the message asks for {told}; exactly one side must be true"
        )
    return None, {**{name: value for name, value in found.items() if name not in said}, "action": acts.pop()}


def _truth(value: Raw) -> bool | None:
    return {"true": True, "false": False}.get(str(value).strip().lower())


def _legs(found: Leaves, lists: Mapping[str, int]) -> Turned:
    """Lists that hold the orders themselves; one alone is taken apart before it comes here."""
    named = next((name for name in ORDER_LISTS if name in lists), None)
    if named is None or any(name in found for name in ALIASES["symbol"]):
        return None
    return Refusal(
        RefusalCode.SEVERAL_SIGNALS, f"{named} holds {lists[named]} orders; send one alert per order"
    )


_PRICE_TYPES: Final = ("pricetype", "price_type", "prctyp")
_KINDS: Final = {
    "sl": "stop_limit", "sl_lmt": "stop_limit", "sl_m": "stop", "slm": "stop", "sl_mkt": "stop",
    "stop_loss": "stop_limit", "stop_loss_market": "stop", "l": "limit", "lmt": "limit", "m": "market", "mkt": "market",
}  # fmt: skip
_EITHER: Final = ("isbuy", "is_buy", "islong", "is_long")
"""Flags whose false means the other side."""
_FLAGS: Final = {
    "isbuy": "buy", "is_buy": "buy", "islong": "buy", "is_long": "buy", "buy": "buy", "long": "buy", "sell": "sell",
    "short": "sell", "is_sell": "sell", "issell": "sell", "is_short": "sell", "isshort": "sell", "close": "close",
    "exit": "close",
}  # fmt: skip
_FAMILIES: Final[tuple[Callable[[Leaves, Mapping[str, int]], Turned], ...]] = (
    _order_update, _legs, _signal_bot, _deal_bot, _price_types, _coded, _scan, _flags,
)  # fmt: skip
