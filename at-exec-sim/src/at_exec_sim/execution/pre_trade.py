"""Pre-trade: the last look before the broker. Pure: an approval and a view in, a quantity or a coded refusal out.

The gate has ruled on risk; the engine rules on what may have changed since: age, stops, what is really held, and
the market's state. Orders that only reduce risk pass the market checks (law 8), and are clipped so that they can
never open the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from at_core.enums import OrderStatus, OrderType
from at_core.events import RiskApprovedEvent
from at_core.instruments import Instrument
from at_core.numbers import ZERO
from at_exec_sim.execution.config import EngineConfig

__all__ = ["PRE_TRADE_CODES", "PreTradeView", "Refused", "Sendable", "lapsed", "pre_trade"]

PRE_TRADE_CODES = {
    "APPROVAL_EXPIRED": "the approval had expired",
    "APPROVAL_STALE": "the approval is older than the engine's bound",
    "KILL_SWITCH": "a kill switch stops entries",
    "TRADING_REDUCING": "only risk-reducing orders are sent at present",
    "TRADING_HALTED": "trading is halted",
    "UNKNOWN_INSTRUMENT": "the instrument is not in the engine's list",
    "UNSUPPORTED_ORDER": "the broker does not take this kind of order",
    "ORDER_IN_DOUBT": "another order in this symbol may or may not exist at the broker",
    "NOTHING_TO_REDUCE": "no position is left that this order could reduce",
    "EXIT_OVERTAKEN": "the position changed before this exit could be sent; sent now it would open one",
    "QUOTE_STALE": "the newest quote is too old",
    "SPREAD_TOO_WIDE": "the spread is above the bound",
}
"""Every code of this room, with its sentence."""


@dataclass(frozen=True, slots=True)
class PreTradeView:
    """What the engine knows at this moment about the symbol and the stops."""

    now: datetime
    entry_block: str | None
    exit_block: str | None
    instrument: Instrument | None
    order_types: frozenset[OrderType]
    held: Decimal
    leaving: Decimal
    """Quantity of working orders on the approval's side: what is on its way against the position already."""
    in_doubt: bool
    bid: Decimal | None = None
    ask: Decimal | None = None
    quoted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The approval ends here, with this status and code."""

    status: OrderStatus
    code: str
    detail: str = ""

    @property
    def reason(self) -> str:
        """The sentence for people."""
        sentence = PRE_TRADE_CODES.get(self.code, self.code)
        return f"{sentence}: {self.detail}" if self.detail else sentence


@dataclass(frozen=True, slots=True)
class Sendable:
    """The order may be sent with this quantity."""

    quantity: Decimal
    clipped: bool = False


def pre_trade(approval: RiskApprovedEvent, view: PreTradeView, config: EngineConfig) -> Sendable | Refused:
    """Return what may be sent for ``approval``, or why nothing is."""
    for ruling in (_age(approval, view, config), _stops(approval, view), _order(approval, view)):
        if ruling is not None:
            return ruling
    if approval.reduces_risk:
        return _clip(approval, view)
    return _market(view, config) or Sendable(approval.approved_quantity)


def lapsed(expires_at: datetime | None, entry_block: str | None, now: datetime) -> Refused | None:
    """Return why an order whose intent is written may not be sent (again) any more, or None."""
    if expires_at is not None and now >= expires_at:
        return Refused(OrderStatus.EXPIRED, "APPROVAL_EXPIRED")
    return Refused(OrderStatus.CANCELED, entry_block) if entry_block else None


def _age(approval: RiskApprovedEvent, view: PreTradeView, config: EngineConfig) -> Refused | None:
    ends = [approval.expires_at]
    if (
        not approval.reduces_risk
    ):  # the gate lets an exit outlive its plan; its approval's own end still binds
        ends.append(approval.plan.valid_until)
    if any(moment is not None and view.now >= moment for moment in ends):
        return Refused(OrderStatus.EXPIRED, "APPROVAL_EXPIRED")
    if view.now - approval.timestamp > timedelta(seconds=config.approval_age_seconds_max):
        return Refused(OrderStatus.EXPIRED, "APPROVAL_STALE", f"bound {config.approval_age_seconds_max:g} s")
    return None


def _stops(approval: RiskApprovedEvent, view: PreTradeView) -> Refused | None:
    code = view.exit_block if approval.reduces_risk else view.entry_block
    return Refused(OrderStatus.REJECTED, code) if code else None


def _order(approval: RiskApprovedEvent, view: PreTradeView) -> Refused | None:
    if view.instrument is None:
        return Refused(OrderStatus.REJECTED, "UNKNOWN_INSTRUMENT", approval.symbol)
    kind = approval.plan.order_skeleton.order_type
    if kind not in view.order_types:
        return Refused(OrderStatus.REJECTED, "UNSUPPORTED_ORDER", kind.value)
    return None


def _clip(approval: RiskApprovedEvent, view: PreTradeView) -> Sendable | Refused:
    against = view.held * approval.side.sign < 0
    closable = abs(view.held) - view.leaving if against else ZERO
    quantity = min(approval.approved_quantity, closable)
    if view.instrument is not None:
        quantity = view.instrument.quantity(quantity)
    if quantity <= 0:
        detail = f"held {view.held:f}, on its way {view.leaving:f}"
        return Refused(OrderStatus.CANCELED, "NOTHING_TO_REDUCE", detail)
    return Sendable(quantity, quantity < approval.approved_quantity)


def _market(view: PreTradeView, config: EngineConfig) -> Refused | None:
    if view.in_doubt:
        return Refused(OrderStatus.REJECTED, "ORDER_IN_DOUBT")
    if view.bid is None or view.ask is None or view.quoted_at is None:
        return None
    age = (view.now - view.quoted_at).total_seconds()
    if age > config.quote_age_seconds_max:
        detail = f"{age:.1f} s, bound {config.quote_age_seconds_max:g} s"
        return Refused(OrderStatus.REJECTED, "QUOTE_STALE", detail)
    spread = (view.ask - view.bid) / ((view.ask + view.bid) / 2) * 100
    if spread > config.spread_percent_max:
        detail = f"{spread:.3f} %, bound {config.spread_percent_max:f} %"
        return Refused(OrderStatus.REJECTED, "SPREAD_TOO_WIDE", detail)
    return None
