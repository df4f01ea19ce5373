"""What an agent wants: an intent, completed into a plan that can be checked."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from at_core.enums import OrderType, QuantityUnit, Side, SizingMethod, TimeInForce
from at_core.events.envelope import Event, Payload, Text, Token, UtcTime
from at_core.numbers import Percent, Price, Quantity, Ratio

__all__ = ["OrderSkeleton", "ProposalCreated", "RiskModel", "TradeIntent", "TradePlan", "TradeProposalEvent"]

_PART = ConfigDict(frozen=True, extra="ignore")


class TradeIntent(BaseModel):
    """What the user or strategy wants, in its own terms."""

    model_config = _PART

    symbol: Token
    venue: Token | None = None
    side: Side
    quantity: Quantity | None = None
    quantity_unit: QuantityUnit = QuantityUnit.DEFAULT
    reduce_only: bool = False
    close_position: bool = False
    """Bring the position to zero; the quantity is found at the gate. Never opens."""
    product: Token | None = None
    slippage_max: Percent | None = None


class OrderSkeleton(BaseModel):
    """How the order should look at the broker."""

    model_config = _PART

    order_type: OrderType = OrderType.MARKET
    limit_price: Price | None = None
    stop_price: Price | None = None
    time_in_force: TimeInForce = TimeInForce.DAY


class RiskModel(BaseModel):
    """Where the plan is wrong (stop) and where it is right (target)."""

    model_config = _PART

    stop_loss: Price | None = None
    take_profit: Price | None = None


class TradePlan(BaseModel):
    """The complete, checkable plan. Everything the gate rules on is in here or in its own state."""

    model_config = _PART

    plan_id: UUID
    intent: TradeIntent
    entry_rules: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    sizing_method: SizingMethod
    quantity: Quantity | None = None
    """Quantity in the instrument's own unit; None only for ``close_position``."""
    risk_model: RiskModel = RiskModel()
    order_skeleton: OrderSkeleton = OrderSkeleton()
    reference_price: Price | None = None
    """The price the plan was made at; a claim of the proposer, never trusted above market data."""
    valid_from: UtcTime
    valid_until: UtcTime
    idempotency_scope: Annotated[str, Field(min_length=1, max_length=200)]
    """Within one account, at most one approved plan per scope."""


class ProposalCreated(Payload):
    """A strategy's wish, with its reasons."""

    TYPE: ClassVar[str] = "trading.proposal.created"

    strategy: Token
    strategy_version: Token
    symbol: Token
    signal_id: UUID | None = None
    """The signal that caused it; None when market data did."""
    plan: TradePlan
    rationale: Text = ""
    confidence: Ratio | None = None


class TradeProposalEvent(ProposalCreated, Event):
    """``trading.proposal.created``."""

    PRODUCER: ClassVar[str] = "agents"
    STREAM: ClassVar[str] = "PROPOSALS"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")
    EXPIRES: ClassVar[bool] = True

    type: Literal["trading.proposal.created"]
