"""Reject codes: the closed set of reasons the gate may give, each with a sentence and a fix for people."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["HOLD_CODES", "RejectCode", "fix", "sentence"]


class RejectCode(StrEnum):
    """Why a proposal was not approved. A new reason is a new member, with its sentence and its check."""

    MALFORMED_PLAN = "MALFORMED_PLAN"
    UNKNOWN_INSTRUMENT = "UNKNOWN_INSTRUMENT"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    PLAN_EXPIRED = "PLAN_EXPIRED"
    PLAN_NOT_YET_VALID = "PLAN_NOT_YET_VALID"
    DUPLICATE_PLAN = "DUPLICATE_PLAN"
    NOTHING_TO_CLOSE = "NOTHING_TO_CLOSE"
    WOULD_INCREASE_POSITION = "WOULD_INCREASE_POSITION"
    KILL_SWITCH = "KILL_SWITCH"
    TRADING_HALTED = "TRADING_HALTED"
    TRADING_REDUCING = "TRADING_REDUCING"
    BOOK_UNAVAILABLE = "BOOK_UNAVAILABLE"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"
    QUANTITY_TOO_SMALL = "QUANTITY_TOO_SMALL"
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"
    QUANTITY_OFF_LOT = "QUANTITY_OFF_LOT"
    PRICE_OFF_TICK = "PRICE_OFF_TICK"
    NO_REFERENCE_PRICE = "NO_REFERENCE_PRICE"
    STALE_REFERENCE_PRICE = "STALE_REFERENCE_PRICE"
    PRICE_COLLAR = "PRICE_COLLAR"
    SIGNAL_TOO_OLD = "SIGNAL_TOO_OLD"
    NOTIONAL_TOO_SMALL = "NOTIONAL_TOO_SMALL"
    NOTIONAL_TOO_LARGE = "NOTIONAL_TOO_LARGE"
    SYMBOL_EXPOSURE = "SYMBOL_EXPOSURE"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    DAILY_LOSS = "DAILY_LOSS"
    NOTIONAL_NEEDS_PERSON = "NOTIONAL_NEEDS_PERSON"


HOLD_CODES: Final = frozenset({RejectCode.NOTIONAL_NEEDS_PERSON})
"""When only these fail, the plan is held for a person instead of rejected."""

_C = RejectCode
_TEXTS: Final = MappingProxyType(
    {
        _C.MALFORMED_PLAN: (
            "The plan contradicts itself or lacks something an order needs.",
            "Correct the strategy that made it; the observed value lists every problem.",
        ),
        _C.UNKNOWN_INSTRUMENT: (
            "The symbol is not in the instrument list.",
            "Correct the symbol in the alert, or add the instrument (or an alias) to instruments.toml.",
        ),
        _C.UNKNOWN_ACCOUNT: (
            "No limits are written for this account, so nothing new may be opened in it.",
            "Add an [account.NAME] table to limits.toml, or correct the account the source trades for.",
        ),
        _C.PLAN_EXPIRED: (
            "The plan's own validity had ended when it reached the gate.",
            "Send the alert again if it is still wanted; look for a delay between desk and gate.",
        ),
        _C.PLAN_NOT_YET_VALID: (
            "The plan is meant for later than now.",
            "Send it when it becomes valid, or correct the clock of the machine that made it.",
        ),
        _C.DUPLICATE_PLAN: (
            "A plan with the same purpose was approved before in this account.",
            "Nothing to do: the first one counts. A new wish needs a new idempotency scope.",
        ),
        _C.NOTHING_TO_CLOSE: (
            "There is no position, and no entry on its way, that this order could close.",
            "Nothing to do if the position was closed before; otherwise check account and symbol.",
        ),
        _C.WOULD_INCREASE_POSITION: (
            "The order may only reduce, but on this side it would enlarge the position.",
            "Use the opposite side to close, or leave out reduce_only to add to the position.",
        ),
        _C.KILL_SWITCH: (
            "A kill switch stops new positions here.",
            "Find out why it was activated, then release it; exits pass meanwhile.",
        ),
        _C.TRADING_HALTED: (
            "Trading is halted for this account.",
            "Resume trading when the cause is removed; exits pass meanwhile.",
        ),
        _C.TRADING_REDUCING: (
            "Only orders that reduce a position are taken at the moment.",
            "Resume trading when the cause is removed; exits pass meanwhile.",
        ),
        _C.BOOK_UNAVAILABLE: (
            "The account's money is not known to the gate, so limits cannot be held against it.",
            "Start the engine (it reports the account when it starts) and send the alert again.",
        ),
        _C.SYMBOL_NOT_ALLOWED: (
            "This account may not open positions in this symbol.",
            "Add the symbol to symbols_allowed in limits.toml if it should be traded.",
        ),
        _C.QUANTITY_TOO_SMALL: (
            "The quantity is below the instrument's minimum.",
            "Size the order larger.",
        ),
        _C.QUANTITY_TOO_LARGE: (
            "The quantity is above the maximum for one order.",
            "Size the order smaller, or raise quantity_max in limits.toml (the instrument's own maximum stays).",
        ),
        _C.QUANTITY_OFF_LOT: (
            "The quantity is not a multiple of the instrument's lot.",
            "Round the quantity down to the lot grid; at_core.risk.sizing does.",
        ),
        _C.PRICE_OFF_TICK: (
            "A price of the order is not on the instrument's price grid.",
            "Round the price to the instrument's tick_size.",
        ),
        _C.NO_REFERENCE_PRICE: (
            "No price is known to value the order with.",
            "Send market data for the symbol, or set reference_required = false to accept the plan's own price.",
        ),
        _C.STALE_REFERENCE_PRICE: (
            "The newest market price is too old to judge the order by.",
            "Check the feed; reference_age_seconds_max in limits.toml is the bound.",
        ),
        _C.PRICE_COLLAR: (
            "The order's price is too far from the market.",
            "Check the price for a typing error; price_collar_percent in limits.toml is the bound.",
        ),
        _C.SIGNAL_TOO_OLD: (
            "What caused the plan happened too long ago to open a position on it.",
            "Look for a delay before the gate; signal_age_seconds_max in limits.toml is the bound.",
        ),
        _C.NOTIONAL_TOO_SMALL: (
            "The order's value is below the minimum.",
            "Size the order larger, or lower notional_min in limits.toml.",
        ),
        _C.NOTIONAL_TOO_LARGE: (
            "The order's value is above the maximum for one order.",
            "Size the order smaller, or raise notional_max in limits.toml.",
        ),
        _C.SYMBOL_EXPOSURE: (
            "With this order, exposure in the symbol (positions and orders on their way) would exceed its limit.",
            "Reduce the position, wait for orders on their way, or raise symbol_exposure_max in limits.toml.",
        ),
        _C.GROSS_EXPOSURE: (
            "With this order, the account's whole exposure would exceed its limit.",
            "Reduce a position, wait for orders on their way, or raise gross_exposure_max in limits.toml.",
        ),
        _C.DAILY_LOSS: (
            "The account has reached the loss allowed for one day.",
            "Nothing new opens until the next trading day (UTC); exits pass. daily_loss_max is the bound.",
        ),
        _C.NOTIONAL_NEEDS_PERSON: (
            "The order's value is above what may be approved without a person.",
            "An operator decides; hold_notional_above in limits.toml is the bound.",
        ),
    }
)


def sentence(code: str) -> str:
    """Return what ``code`` means, in one sentence for people; raise ValueError for a code outside the set."""
    return _TEXTS[RejectCode(code)][0]


def fix(code: str) -> str:
    """Return what a person can do about ``code``; raise ValueError for a code outside the set."""
    return _TEXTS[RejectCode(code)][1]
