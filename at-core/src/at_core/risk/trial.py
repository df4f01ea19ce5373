"""The trial: everything that one ruling is made from, frozen, with what follows from it computed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from at_core.enums import KillSwitchLevel, KillSwitchScope, OrderType, Side, TimeInForce, TradingState
from at_core.events import TradePlan, TradeProposalEvent
from at_core.instruments import Instrument
from at_core.numbers import ZERO
from at_core.risk.exposure import Book, Reservation, closable, reduces
from at_core.risk.limits import Limits

__all__ = ["ActiveSwitch", "MarketPrice", "Trial", "prepare"]


@dataclass(frozen=True, slots=True)
class MarketPrice:
    """The newest price the market said, and when."""

    price: Decimal
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class ActiveSwitch:
    """A kill switch that is on and covers the proposal."""

    scope: KillSwitchScope
    scope_value: str
    level: KillSwitchLevel


@dataclass(frozen=True, slots=True)
class Trial:
    """One proposal before the gate. Built by ``prepare``; the checks only read it."""

    now: datetime
    proposal: TradeProposalEvent
    instrument: Instrument | None
    limits: Limits | None
    book: Book
    market: MarketPrice | None
    switches: tuple[ActiveSwitch, ...]
    trading_state: TradingState
    approved_before: UUID | None
    """The plan approved earlier under the same plan id or idempotency scope."""

    closable: Decimal
    is_exit: bool
    """The order can only shrink a position: it says so itself, or the position held leaves no other reading."""
    quantity: Decimal
    """As it would be approved: exits clipped to what can be closed and floored to the lot, entries as asked."""
    market_is_fresh: bool
    reference_price: Decimal | None
    """Fresh market price, else the plan's own claim where the limits accept it."""
    unit_price: Decimal | None
    """The price one unit is valued at; None when nothing is known to value it with."""

    @property
    def plan(self) -> TradePlan:
        """The plan on trial."""
        return self.proposal.plan

    @property
    def side(self) -> Side:
        """Side of the order."""
        return self.proposal.plan.intent.side

    @property
    def account(self) -> str | None:
        """The account it would trade in."""
        return self.proposal.account

    @property
    def symbol(self) -> str:
        """The symbol it would trade."""
        return self.proposal.symbol

    @property
    def notional(self) -> Decimal | None:
        """Value of the order in the instrument's currency; None when it cannot be known."""
        if self.instrument is None or self.unit_price is None:
            return None
        return self.instrument.notional(self.quantity, self.unit_price)

    @property
    def reservation(self) -> Reservation | None:
        """What an approval would hold against the limits: nothing for an exit; None when it cannot be valued."""
        if self.instrument is None or (self.unit_price is None and not self.is_exit):
            return None
        unit_value = ZERO if self.is_exit else (self.unit_price or ZERO) * self.instrument.multiplier
        skeleton = self.plan.order_skeleton
        return Reservation(
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            unit_value=unit_value,
            reduces_risk=self.is_exit,
            immediate=fills_or_dies(skeleton.order_type, skeleton.time_in_force),
        )


def prepare(
    proposal: TradeProposalEvent,
    *,
    now: datetime,
    instrument: Instrument | None,
    limits: Limits | None,
    book: Book,
    market: MarketPrice | None = None,
    switches: tuple[ActiveSwitch, ...] = (),
    trading_state: TradingState = TradingState.ACTIVE,
    approved_before: UUID | None = None,
) -> Trial:
    """Return the trial of ``proposal``: quantity, kind and valuation found once, for every check alike."""
    plan = proposal.plan
    held, on_their_way = book.quantity(proposal.symbol), book.on_their_way(proposal.symbol)
    can_close = closable(held, on_their_way, plan.intent.side)
    asked = plan.quantity or ZERO
    flagged = plan.intent.close_position or plan.intent.reduce_only
    is_exit = flagged or reduces(held, on_their_way, plan.intent.side, asked)
    quantity = _exit_quantity(plan, can_close, instrument) if is_exit else asked
    fresh = _is_fresh(market, limits, now)
    reference = _reference(plan, limits, market, fresh)
    return Trial(
        now=now,
        proposal=proposal,
        instrument=instrument,
        limits=limits,
        book=book,
        market=market,
        switches=switches,
        trading_state=trading_state,
        approved_before=approved_before,
        closable=can_close,
        is_exit=is_exit,
        quantity=quantity,
        market_is_fresh=fresh,
        reference_price=reference,
        unit_price=_unit_price(plan, reference),
    )


def fills_or_dies(order_type: OrderType, time_in_force: TimeInForce) -> bool:
    """Return whether an order never rests: it fills or is cancelled by itself."""
    return order_type is OrderType.MARKET or time_in_force in (TimeInForce.IOC, TimeInForce.FOK)


def _exit_quantity(plan: TradePlan, can_close: Decimal, instrument: Instrument | None) -> Decimal:
    asked = (
        can_close if plan.intent.close_position or plan.quantity is None else min(plan.quantity, can_close)
    )
    return asked if instrument is None else instrument.quantity(asked)


def _is_fresh(market: MarketPrice | None, limits: Limits | None, now: datetime) -> bool:
    if market is None or limits is None:
        return False
    return now - market.observed_at <= timedelta(seconds=limits.reference_age_seconds_max)


def _reference(
    plan: TradePlan, limits: Limits | None, market: MarketPrice | None, fresh: bool
) -> Decimal | None:
    if market is not None and fresh:
        return market.price
    if limits is not None and not limits.reference_required:
        return plan.reference_price
    return None


def _unit_price(plan: TradePlan, reference: Decimal | None) -> Decimal | None:
    """The price that never values the order too low: a sale may fill above its limit, a stop beyond its trigger."""
    skeleton, buying = plan.order_skeleton, plan.intent.side is Side.BUY
    if skeleton.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and skeleton.limit_price is not None:
        candidates = [skeleton.limit_price] if buying else [skeleton.limit_price, reference]
    elif skeleton.order_type is OrderType.MARKET:
        candidates = [reference]
    else:
        candidates = [reference, skeleton.stop_price]
    return max((price for price in candidates if price is not None), default=None)
