"""Refusals: the closed set of codes the door answers with, each with its HTTP status and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["CATALOGUE", "Entry", "Refusal", "RefusalCode", "UnavailableCode"]


class RefusalCode(StrEnum):
    """Why a request was refused. Sending the same bytes again leads to the same answer."""

    UNKNOWN_TOKEN = "UNKNOWN_TOKEN"  # noqa: S105 - the name of a refusal, not a secret
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    EMPTY_BODY = "EMPTY_BODY"
    NOT_UTF8 = "NOT_UTF8"
    BROKEN_JSON = "BROKEN_JSON"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    TOO_DEEP = "TOO_DEEP"
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    CONFLICTING_FIELDS = "CONFLICTING_FIELDS"
    UNKNOWN_DIALECT = "UNKNOWN_DIALECT"
    UNRESOLVED_PLACEHOLDER = "UNRESOLVED_PLACEHOLDER"
    MISSING_FIELD = "MISSING_FIELD"
    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_ACTION = "UNKNOWN_ACTION"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"
    UNKNOWN_ORDER_TYPE = "UNKNOWN_ORDER_TYPE"
    MISSING_LIMIT_PRICE = "MISSING_LIMIT_PRICE"
    MISSING_STOP_PRICE = "MISSING_STOP_PRICE"
    EMPTY_NUMBER = "EMPTY_NUMBER"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NAN_NUMBER = "NAN_NUMBER"
    INFINITE_NUMBER = "INFINITE_NUMBER"
    NEGATIVE_NUMBER = "NEGATIVE_NUMBER"
    ZERO_NUMBER = "ZERO_NUMBER"
    ARITHMETIC_NUMBER = "ARITHMETIC_NUMBER"
    NUMBER_TOO_LONG = "NUMBER_TOO_LONG"
    BAD_TIME = "BAD_TIME"
    STALE_ALERT = "STALE_ALERT"
    FUTURE_ALERT = "FUTURE_ALERT"
    UNKNOWN_POSITION = "UNKNOWN_POSITION"
    CONTRADICTORY_POSITION = "CONTRADICTORY_POSITION"
    INCONSISTENT_BAR = "INCONSISTENT_BAR"
    TRAILING_STOP_UNSUPPORTED = "TRAILING_STOP_UNSUPPORTED"
    SEVERAL_TAKE_PROFITS = "SEVERAL_TAKE_PROFITS"
    RELATIVE_PROTECTION = "RELATIVE_PROTECTION"
    LEVERAGE_UNSUPPORTED = "LEVERAGE_UNSUPPORTED"
    OPTION_UNSUPPORTED = "OPTION_UNSUPPORTED"
    UNSUPPORTED_FIELD = "UNSUPPORTED_FIELD"
    SEVERAL_SIGNALS = "SEVERAL_SIGNALS"
    CANCEL_UNSUPPORTED = "CANCEL_UNSUPPORTED"
    MODIFY_UNSUPPORTED = "MODIFY_UNSUPPORTED"
    CONTROL_UNSUPPORTED = "CONTROL_UNSUPPORTED"
    ORDER_UPDATE = "ORDER_UPDATE"
    SCRIPT_UNSUPPORTED = "SCRIPT_UNSUPPORTED"
    AMBIGUOUS_TEXT = "AMBIGUOUS_TEXT"
    UNREADABLE = "UNREADABLE"


class UnavailableCode(StrEnum):
    """Why a request could not be taken now: nothing was stored for it, send it again (503)."""

    NOT_STORED = "NOT_STORED"
    BUSY = "BUSY"
    NOT_READY = "NOT_READY"
    BODY_TOO_SLOW = "BODY_TOO_SLOW"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue: the HTTP status, and what the sender should do."""

    status: int
    advice: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as a value: its code, and a hint that names the place and the fix."""

    code: RefusalCode
    hint: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of this code, always 4xx."""
        return CATALOGUE[self.code].status

    @property
    def text(self) -> str:
        """The hint, or the catalogue's advice when there is none of its own."""
        return self.hint or CATALOGUE[self.code].advice


_C = RefusalCode

CATALOGUE: Final[Mapping[RefusalCode, Entry]] = {
    _C.UNKNOWN_TOKEN: Entry(401, "no source has this token; copy the webhook address again"),
    _C.METHOD_NOT_ALLOWED: Entry(405, "send the alert with POST"),
    _C.BODY_TOO_LARGE: Entry(
        413, "shorten the alert message; the bound is configuration (webhook.body_bytes_max)"
    ),
    _C.EMPTY_BODY: Entry(400, "the alert has no message; paste one of the templates of the README"),
    _C.NOT_UTF8: Entry(400, "the body is not UTF-8 text"),
    _C.BROKEN_JSON: Entry(400, "the message is not valid JSON; nothing is guessed"),
    _C.NOT_AN_OBJECT: Entry(400, "the JSON must be one object: { ... }"),
    _C.TOO_DEEP: Entry(400, "the JSON is nested too deeply"),
    _C.DUPLICATE_FIELD: Entry(400, "a field stands in the message twice; nobody can tell which one counts"),
    _C.CONFLICTING_FIELDS: Entry(422, "two fields say the same thing differently; keep one of them"),
    _C.UNKNOWN_DIALECT: Entry(
        422,
        "neither JSON, nor TradingView's default strategy message, nor another text that is understood whole",
    ),
    _C.UNRESOLVED_PLACEHOLDER: Entry(
        422, "a {{placeholder}} was not replaced: it is misspelt, or this kind of alert does not have it"
    ),
    _C.MISSING_FIELD: Entry(422, "a field without which the message means nothing is missing"),
    _C.INVALID_FIELD: Entry(422, "a field has a form that cannot be read"),
    _C.UNKNOWN_ACTION: Entry(422, "the action must be buy, sell, long, short, close, exit or flat"),
    _C.UNKNOWN_SYMBOL: Entry(422, "the symbol is not in the instrument registry"),
    _C.SYMBOL_NOT_ALLOWED: Entry(403, "this source may not trade this symbol"),
    _C.UNKNOWN_UNIT: Entry(422, "the unit of the quantity is not known"),
    _C.UNKNOWN_ORDER_TYPE: Entry(422, "the order type must be market, limit, stop or stop_limit"),
    _C.MISSING_LIMIT_PRICE: Entry(422, "a limit order needs limit_price; price is only a reference"),
    _C.MISSING_STOP_PRICE: Entry(422, "a stop order needs stop_price"),
    _C.EMPTY_NUMBER: Entry(422, "a number is an empty text; leave the field out or give it a value"),
    _C.NOT_A_NUMBER: Entry(422, "a number is not in plain notation (digits, one point)"),
    _C.NAN_NUMBER: Entry(422, "a number is NaN: the script computed it from missing data"),
    _C.INFINITE_NUMBER: Entry(422, "a number is infinite: the script divided by zero"),
    _C.NEGATIVE_NUMBER: Entry(422, "a number must not be negative; say sell, not a negative quantity"),
    _C.ZERO_NUMBER: Entry(422, "a number must be greater than zero"),
    _C.ARITHMETIC_NUMBER: Entry(
        422, "a number is a calculation; alerts do not calculate, do it in the script"
    ),
    _C.NUMBER_TOO_LONG: Entry(422, "a number has more than 20 digits before or 18 after the point"),
    _C.BAD_TIME: Entry(
        422, "a time must be RFC 3339 with a zone (2026-01-05T15:00:00Z) or epoch (milli)seconds"
    ),
    _C.STALE_ALERT: Entry(
        422, "the alert was fired too long ago to open a position; exits are never too late"
    ),
    _C.FUTURE_ALERT: Entry(422, "the alert says it comes from the future; check the sender's clock"),
    _C.UNKNOWN_POSITION: Entry(422, "a market position must be long, flat or short"),
    _C.CONTRADICTORY_POSITION: Entry(
        422, "action, quantity and position before and after do not fit together"
    ),
    _C.INCONSISTENT_BAR: Entry(422, "high and low do not enclose open and close"),
    _C.TRAILING_STOP_UNSUPPORTED: Entry(422, "a signal carries no trailing stop; give stop_loss as a price"),
    _C.SEVERAL_TAKE_PROFITS: Entry(
        422, "a signal carries one take_profit; send one alert per part that is taken"
    ),
    _C.RELATIVE_PROTECTION: Entry(
        422, "stop_loss and take_profit must be prices, not percent, pips, ticks or points"
    ),
    _C.LEVERAGE_UNSUPPORTED: Entry(422, "a signal sets no leverage; leave it out and set it at the venue"),
    _C.OPTION_UNSUPPORTED: Entry(422, "option contracts cannot be traded by alert"),
    _C.UNSUPPORTED_FIELD: Entry(
        422, "the message asks for something a signal cannot carry; leave it out or change it"
    ),
    _C.SEVERAL_SIGNALS: Entry(422, "one alert carries one signal; send one alert per order"),
    _C.CANCEL_UNSUPPORTED: Entry(422, "no order is cancelled by alert; an exit is action close"),
    _C.MODIFY_UNSUPPORTED: Entry(
        422, "no order or protection is changed by alert; send an exit and a new entry"
    ),
    _C.CONTROL_UNSUPPORTED: Entry(422, "no strategy is started or stopped by alert; use the operator API"),
    _C.ORDER_UPDATE: Entry(422, "a broker's report on its own order is no signal"),
    _C.SCRIPT_UNSUPPORTED: Entry(422, "scripts of commands are not run; send one JSON object per order"),
    _C.AMBIGUOUS_TEXT: Entry(
        422, "the text can be read in more than one way; send JSON, or name every value (key=value)"
    ),
    _C.UNREADABLE: Entry(400, "the message could not be read; it is kept in quarantine for a person"),
}
"""Status and advice of every refusal. 400: the form is broken; 422: the form is fine, the meaning is not."""
