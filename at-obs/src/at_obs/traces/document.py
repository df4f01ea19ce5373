"""The trace document: the DecisionTrace of the user's documents for one flow, in plain values that are JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Branch", "Check", "Fill", "Order", "Response", "Ruling", "Stage", "Trace"]

Result = Literal["PASS", "FAIL", "WAIVED"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One event of the flow. ``ms`` counts from the flow's start, ``sequence`` is its place in the journal."""

    stage: str
    at: str
    ms: float
    sequence: int
    event_type: str
    event_id: str
    component: str
    summary: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the gate: what it saw against what it allows."""

    code: str
    result: Result
    observed: str
    limit: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate decided. ``decision_id`` is the ruling's event id."""

    decision_id: str
    verdict: Literal["APPROVED", "REJECTED", "HELD"]
    reasons: tuple[str, ...]
    explanation: str
    checks: tuple[Check, ...]
    policy_digest: str


@dataclass(frozen=True, slots=True)
class Response:
    """One step the broker or the engine reported for an order."""

    at: str
    status: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution."""

    execution_id: str
    at: str
    quantity: str
    price: str
    fee: str
    fee_currency: str
    slippage: str


@dataclass(frozen=True, slots=True)
class Order:
    """One order as far as the journal knows it. ``intended`` False: it was stopped before the broker heard of it."""

    client_order_id: str
    broker_order_id: str
    intended: bool
    side: str
    symbol: str
    order_type: str
    quantity: str
    status: str
    filled_quantity: str
    average_price: str
    responses: tuple[Response, ...]
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One strategy's answer to the trigger, to its end."""

    strategy: str
    verdict: str
    reason_code: str
    reason: str
    proposal_id: str
    inputs_used: tuple[str, ...]
    tools_called: tuple[str, ...]
    riskgate_result: Ruling | None
    orders_submitted: tuple[Order, ...]
    reconciliation_result: tuple[str, ...]
    final_outcome: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """The life of one flow. ``final_outcome`` is that of the branch that went furthest."""

    correlation_id: str
    trace_id: str
    account: str
    user_message: str
    started_at: str
    ended_at: str
    ms: float
    final_outcome: str
    complete: bool
    stages: tuple[Stage, ...]
    branches: tuple[Branch, ...]
    explanations: tuple[str, ...]
    unreadable: tuple[int, ...]
    """Journal positions of this flow whose bytes are no event of this build."""

    def as_dict(self) -> dict[str, Any]:
        """Return the document as JSON-ready values."""
        return asdict(self)
