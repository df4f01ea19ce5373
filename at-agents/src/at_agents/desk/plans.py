"""Plans: a strategy's wish completed into a plan the gate can check; on the instrument's grids, within its life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from at_agents.catalogue import Seat
from at_core.enums import AssetClass, OrderType, PositionSide, QuantityUnit, SignalKind, SizingMethod
from at_core.events import (
    MarketDataEvent,
    OrderSkeleton,
    ProposalCreated,
    RiskModel,
    SignalEvent,
    TradeIntent,
    TradePlan,
)
from at_core.ids import plan_id
from at_core.instruments import Instrument
from at_core.strategy import Abstain, Context, Sized, TradeProposal

__all__ = ["Trigger", "asks_to_exit", "complete", "life_ends"]

Trigger = SignalEvent | MarketDataEvent

RATIONALE_MAX = 2000


def asks_to_exit(trigger: Trigger) -> bool:
    """Whether the trigger may lead to nothing but a smaller position."""
    if not isinstance(trigger, SignalEvent):
        return False
    if trigger.kind is SignalKind.TARGET:
        flat = trigger.market_position is PositionSide.FLAT
        return flat if trigger.target_position is None else trigger.target_position == 0
    return trigger.kind is SignalKind.CLOSE or trigger.reduce_only


def life_ends(seat: Seat, trigger: Trigger, wish: TradeProposal, began: datetime) -> datetime:
    """Return when the plan stops being valid: its time to live after ``began``, at most the signal's own end.

    An exit is never refused for the age of its alert (law 8), so an exit of an expired signal gets a life of its own.
    """
    seconds = min(seat.proposal_ttl_seconds, wish.ttl_seconds or seat.proposal_ttl_seconds)
    end = began + timedelta(seconds=seconds)
    limit = trigger.expires_at
    if limit is None or (wish.exits and limit <= began):
        return end
    return min(end, limit)


def complete(seat: Seat, trigger: Trigger, ctx: Context, wish: TradeProposal) -> ProposalCreated | Abstain:
    """Return the proposal for ``wish``, or why it cannot be one; raises ValueError when the wish is malformed."""
    if asks_to_exit(trigger) and not wish.exits:
        wish = replace(wish, reduce_only=True)
    if wish.exits:
        wish = _bare_exit(wish)
    size = _size(trigger, ctx, wish)
    if isinstance(size, Abstain):
        return size
    quantity, method = size
    instrument = ctx.instruments.get(wish.symbol)
    if instrument is not None and quantity is not None:
        quantity = instrument.quantity(quantity)
    if quantity == 0:
        return Abstain("QUANTITY_BELOW_LOT", "the quantity is smaller than one lot of the instrument")
    return ProposalCreated(
        strategy=seat.name,
        strategy_version=seat.strategy.version,
        symbol=wish.symbol,
        signal_id=trigger.event_id if isinstance(trigger, SignalEvent) else None,
        plan=_plan(seat, trigger, ctx, wish, instrument, quantity, method),
        rationale=wish.rationale[:RATIONALE_MAX],
        confidence=wish.confidence,
    )


def _bare_exit(wish: TradeProposal) -> TradeProposal:
    """Take from an exit whatever could get it refused as malformed: law 8 lets it die of nothing else.

    An order type whose price is missing (or that nobody can execute) becomes MARKET; stop and target belong to the
    entry and have nothing to protect here; without a quantity all of it goes.
    """
    needs_limit = wish.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and wish.limit_price is None
    needs_stop = wish.order_type in (OrderType.STOP, OrderType.STOP_LIMIT) and wish.stop_price is None
    at_market = needs_limit or needs_stop or wish.order_type is OrderType.TRAILING_STOP
    return replace(
        wish,
        order_type=OrderType.MARKET if at_market else wish.order_type,
        close_position=wish.close_position or wish.quantity is None,
        stop_loss=None,
        take_profit=None,
    )


def _size(
    trigger: Trigger, ctx: Context, wish: TradeProposal
) -> tuple[Decimal | None, SizingMethod] | Abstain:
    if isinstance(wish.quantity, Sized):
        return wish.quantity.quantity, wish.quantity.method
    if wish.quantity is not None:
        from_signal = isinstance(trigger, SignalEvent)
        return wish.quantity, SizingMethod.SIGNAL if from_signal else SizingMethod.FIXED
    if wish.close_position:
        return None, SizingMethod.CLOSE_POSITION
    # A claimed price never stands above market data: sizing with a wrong one would multiply the order.
    price = wish.limit_price or ctx.last_price(wish.symbol) or wish.reference_price
    signal = trigger if isinstance(trigger, SignalEvent) else None
    size = ctx.size(wish.symbol, wish.side, price, wish.stop_loss, signal)
    return size if isinstance(size, Abstain) else (size.quantity, size.method)


def _plan(
    seat: Seat,
    trigger: Trigger,
    ctx: Context,
    wish: TradeProposal,
    instrument: Instrument | None,
    quantity: Decimal | None,
    method: SizingMethod,
) -> TradePlan:
    def on_tick(price: Decimal | None) -> Decimal | None:
        return instrument.price(price) if instrument is not None and price is not None else price

    contracts = instrument is not None and instrument.asset_class is AssetClass.FUTURE
    return TradePlan(
        plan_id=plan_id(trigger.event_id, seat.name),
        intent=TradeIntent(
            symbol=wish.symbol,
            venue=instrument.venue if instrument is not None else None,
            side=wish.side,
            quantity=quantity,
            quantity_unit=QuantityUnit.CONTRACTS if contracts else QuantityUnit.BASE,
            reduce_only=wish.reduce_only,
            close_position=wish.close_position,
        ),
        sizing_method=method,
        quantity=quantity,
        risk_model=RiskModel(stop_loss=on_tick(wish.stop_loss), take_profit=on_tick(wish.take_profit)),
        order_skeleton=OrderSkeleton(
            order_type=wish.order_type,
            limit_price=on_tick(wish.limit_price),
            stop_price=on_tick(wish.stop_price),
            time_in_force=wish.time_in_force,
        ),
        reference_price=on_tick(wish.reference_price or ctx.last_price(wish.symbol)),
        valid_from=ctx.now,
        valid_until=life_ends(seat, trigger, wish, ctx.now),
        idempotency_scope=f"{seat.name}:{trigger.event_id}",
    )
