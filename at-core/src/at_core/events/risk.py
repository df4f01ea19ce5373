"""What the gate ruled: approved, rejected or held, with every check's observed value and limit."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from at_core.enums import Side
from at_core.events.agent_run import SeenStream
from at_core.events.envelope import Event, Payload, Text, Token, UtcTime
from at_core.events.proposal import TradePlan
from at_core.numbers import Money, Price, Quantity

__all__ = [
    "CheckResult",
    "RiskApproved",
    "RiskApprovedEvent",
    "RiskHeld",
    "RiskHeldEvent",
    "RiskRejected",
    "RiskRejectedEvent",
    "RiskRuling",
]

ShortText = Annotated[str, Field(max_length=200)]
Codes = Annotated[tuple[Token, ...], Field(max_length=64)]


class CheckResult(BaseModel):
    """One check: what it saw and what it allows, as text so that every unit fits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Token
    """The reject code this check speaks with when it fails; see ``at_core.risk.codes``."""
    passed: bool
    observed: ShortText
    limit: ShortText
    waived: bool = False
    """True when a limit was passed over because the order only reduces risk (law 8)."""


class RiskRuling(Payload):
    """What all three rulings share. Enough to recompute the decision from the streams."""

    proposal_id: UUID
    plan_id: UUID
    signal_id: UUID | None = None
    strategy: Token
    symbol: Token
    side: Side
    checks: Annotated[tuple[CheckResult, ...], Field(max_length=64)]
    policy_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seen: Annotated[tuple[SeenStream, ...], Field(max_length=16)]
    reference_price: Price | None = None


class RiskApproved(RiskRuling):
    """May be executed, once, until it expires. ``plan`` is the approved plan, quantities as approved."""

    TYPE: ClassVar[str] = "trading.risk.approved"

    plan: TradePlan
    approved_quantity: Quantity
    approved_limit_price: Price | None = None
    hard_stop_loss: Price | None = None
    reduces_risk: bool
    """True when the order can only shrink a position; such orders are clipped to it at the engine."""
    reserved_notional: Money
    """Money value this approval holds against the limits until its order is terminal."""
    client_order_id: Token


class RiskApprovedEvent(RiskApproved, Event):
    """``trading.risk.approved``; signed by the gate over the exact body."""

    PRODUCER: ClassVar[str] = "gate"
    STREAM: ClassVar[str] = "RISK"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")
    EXPIRES: ClassVar[bool] = True

    type: Literal["trading.risk.approved"]


class RiskRejected(RiskRuling):
    """Must not be executed; ``reasons`` are codes of the closed set, ``explanation`` is for people."""

    TYPE: ClassVar[str] = "trading.risk.rejected"

    reasons: Codes
    explanation: Text


class RiskRejectedEvent(RiskRejected, Event):
    """``trading.risk.rejected``."""

    PRODUCER: ClassVar[str] = "gate"
    STREAM: ClassVar[str] = "RISK"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")

    type: Literal["trading.risk.rejected"]


class RiskHeld(RiskRuling):
    """Waits for a person until ``held_until``."""

    TYPE: ClassVar[str] = "trading.risk.held"

    plan: TradePlan
    reasons: Codes
    explanation: Text
    held_until: UtcTime


class RiskHeldEvent(RiskHeld, Event):
    """``trading.risk.held``."""

    PRODUCER: ClassVar[str] = "gate"
    STREAM: ClassVar[str] = "RISK"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "symbol")

    type: Literal["trading.risk.held"]
