"""Closed vocabularies: where a wrong reading would move money, an unknown value is refused."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AgentVerdict",
    "AssetClass",
    "BodyEncoding",
    "KillSwitchLevel",
    "KillSwitchScope",
    "Liquidity",
    "MarketDataKind",
    "OperatorCommandKind",
    "OrderStatus",
    "OrderType",
    "PositionSide",
    "QuantityUnit",
    "Side",
    "SignalKind",
    "SizingMethod",
    "TimeInForce",
    "TradingMode",
    "TradingState",
]


class Side(StrEnum):
    """Direction of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class PositionSide(StrEnum):
    """Direction of a position."""

    LONG = "LONG"
    FLAT = "FLAT"
    SHORT = "SHORT"


class SignalKind(StrEnum):
    """What an alert asks for. CLOSE may never open or enlarge; CONTROL is never an order."""

    ORDER = "ORDER"
    TARGET = "TARGET"
    CLOSE = "CLOSE"
    REVERSE = "REVERSE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"
    CONTROL = "CONTROL"


class QuantityUnit(StrEnum):
    """What the number in a signal counts. DEFAULT: the sender left it to our policy."""

    BASE = "BASE"
    CONTRACTS = "CONTRACTS"
    LOTS = "LOTS"
    QUOTE = "QUOTE"
    EQUITY_PERCENT = "EQUITY_PERCENT"
    BALANCE_PERCENT = "BALANCE_PERCENT"
    POSITION_PERCENT = "POSITION_PERCENT"
    RISK_PERCENT = "RISK_PERCENT"
    DEFAULT = "DEFAULT"


class OrderType(StrEnum):
    """Order types of the field (FIX tag 40)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(StrEnum):
    """How long an order lives (FIX tag 59)."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(StrEnum):
    """Life of an order. UNKNOWN: the broker did not answer, so the order may exist."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    FATAL_ERROR = "FATAL_ERROR"

    @property
    def terminal(self) -> bool:
        """Whether no further life is expected (a late fill after a cancel is still recorded)."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.FATAL_ERROR,
    }
)


class SizingMethod(StrEnum):
    """How the quantity of a plan was found."""

    SIGNAL = "SIGNAL"
    FIXED = "FIXED"
    NOTIONAL = "NOTIONAL"
    EQUITY_PERCENT = "EQUITY_PERCENT"
    RISK_TO_STOP = "RISK_TO_STOP"
    CLOSE_POSITION = "CLOSE_POSITION"


class AgentVerdict(StrEnum):
    """How one strategy answered one trigger."""

    PROPOSED = "PROPOSED"
    ABSTAINED = "ABSTAINED"
    FAILED = "FAILED"


class MarketDataKind(StrEnum):
    """Kinds of raw market data."""

    QUOTE = "QUOTE"
    TRADE = "TRADE"
    BAR = "BAR"


class AssetClass(StrEnum):
    """Asset class of an instrument."""

    CRYPTO = "CRYPTO"
    EQUITY = "EQUITY"
    FUTURE = "FUTURE"
    FX = "FX"


class BodyEncoding(StrEnum):
    """How a kept body became text."""

    UTF8 = "UTF8"
    """The characters of the body itself."""
    ESCAPED = "ESCAPED"
    r"""Bytes that are no printable text stand as ``\xHH``, a backslash as two; undone, it is the body's bytes."""
    UNKNOWN = "UNKNOWN"
    """Kept by version 1 of the contract, which did not say. Never written for a new body."""


class Liquidity(StrEnum):
    """Whether a fill took or made liquidity (FIX tag 851)."""

    TAKER = "TAKER"
    MAKER = "MAKER"


class OperatorCommandKind(StrEnum):
    """What an operator may order."""

    KILL_SWITCH_ACTIVATE = "KILL_SWITCH_ACTIVATE"
    KILL_SWITCH_RELEASE = "KILL_SWITCH_RELEASE"
    HELD_APPROVE = "HELD_APPROVE"
    HELD_REJECT = "HELD_REJECT"
    LIVE_MODE_ENABLE = "LIVE_MODE_ENABLE"
    LIVE_MODE_DISABLE = "LIVE_MODE_DISABLE"
    FLAG_SET = "FLAG_SET"


class KillSwitchScope(StrEnum):
    """What a kill switch covers."""

    GLOBAL = "GLOBAL"
    ACCOUNT = "ACCOUNT"
    STRATEGY = "STRATEGY"


class KillSwitchLevel(StrEnum):
    """How hard a kill switch stops, from entries to positions."""

    STOP_ENTRIES = "STOP_ENTRIES"
    CANCEL_AND_REDUCE = "CANCEL_AND_REDUCE"
    FLATTEN = "FLATTEN"


class TradingMode(StrEnum):
    """Paper or live money."""

    PAPER = "PAPER"
    LIVE = "LIVE"


class TradingState(StrEnum):
    """ACTIVE, REDUCING (only risk-reducing orders), HALTED."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"
