"""The ruling: one proposal, one decision, from state, policy and time alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from at_core.enums import OrderType
from at_core.errors import OurFault
from at_core.events import (
    CheckResult,
    Emit,
    RiskApproved,
    RiskHeld,
    RiskRejected,
    TradePlan,
    TradeProposalEvent,
)
from at_core.ids import client_order_id
from at_core.instruments import Instrument, Instruments
from at_core.numbers import ZERO, round_money
from at_core.risk.checks import examine, refusals
from at_core.risk.codes import HOLD_CODES, sentence
from at_core.risk.limits import Policy
from at_core.risk.trial import Trial, prepare
from at_exec_sim.gate.state import GateState

__all__ = ["RULING", "decide"]

RULING: Final = "ruling"
"""Approval, rejection and hold share one derived id, so a proposal can never have two rulings."""

_EXPLANATION_MAX: Final = 2000
_TTL_SECONDS_OF_EXITS: Final = 30
"""For exits from an account that nobody wrote limits for."""


def decide(
    state: GateState, proposal: TradeProposalEvent, policy: Policy, instruments: Instruments, now: datetime
) -> Emit:
    """Return the one ruling on ``proposal``. Equal arguments give equal bytes."""
    trial = _trial(state, proposal, policy, instruments, now)
    checks = examine(trial)
    failed = refusals(checks)
    shared = _shared(trial, checks, policy, state)
    if not failed:
        return _approved(trial, shared)
    told: dict[str, Any] = {"reasons": failed, "explanation": _explanation(checks)}
    if HOLD_CODES.issuperset(failed):
        held = RiskHeld(**shared, **told, plan=proposal.plan, held_until=proposal.plan.valid_until)
        return Emit(held, account=proposal.account, decision=RULING)
    return Emit(RiskRejected(**shared, **told), account=proposal.account, decision=RULING)


def _trial(
    state: GateState, proposal: TradeProposalEvent, policy: Policy, instruments: Instruments, now: datetime
) -> Trial:
    multipliers = {instrument.symbol: instrument.multiplier for instrument in instruments}
    return prepare(
        proposal,
        now=now,
        instrument=instruments.get(proposal.symbol),
        limits=policy.limits(proposal.account or "", proposal.symbol),
        book=state.book(proposal.account).view(state.marks, multipliers),
        market=state.prices.get(proposal.symbol),
        switches=state.covering(proposal.account, proposal.strategy),
        trading_state=state.trading_state(proposal.account),
        approved_before=state.approved_before(proposal),
    )


def _shared(trial: Trial, checks: Sequence[CheckResult], policy: Policy, state: GateState) -> dict[str, Any]:
    proposal = trial.proposal
    return {
        "proposal_id": proposal.event_id,
        "plan_id": proposal.plan.plan_id,
        "signal_id": proposal.signal_id,
        "strategy": proposal.strategy,
        "symbol": proposal.symbol,
        "side": trial.side,
        "checks": tuple(checks),
        "policy_digest": policy.digest,
        "seen": state.seen,
        "reference_price": trial.reference_price,
    }


def _approved(trial: Trial, shared: dict[str, Any]) -> Emit:
    instrument, reservation = trial.instrument, trial.reservation
    if instrument is None or reservation is None or trial.quantity <= ZERO:
        raise OurFault(
            f"every check passed proposal {trial.proposal.event_id}, but it cannot be valued: a check is missing"
        )
    plan = _as_approved(trial.plan, trial.quantity, instrument)
    ttl = _TTL_SECONDS_OF_EXITS if trial.limits is None else trial.limits.approval_ttl_seconds
    payload = RiskApproved(
        **shared,
        plan=plan,
        approved_quantity=trial.quantity,
        approved_limit_price=plan.order_skeleton.limit_price,
        hard_stop_loss=plan.risk_model.stop_loss,
        reduces_risk=trial.is_exit,
        reserved_notional=round_money(reservation.notional),
        client_order_id=client_order_id(plan.plan_id),
    )
    return Emit(
        payload, account=trial.account, decision=RULING, expires_at=_end(trial, timedelta(seconds=ttl))
    )


def _end(trial: Trial, life: timedelta) -> datetime:
    """The plan's own end within ``life``; an exit that came after its end (waived) gets a life of its own."""
    ends = (trial.plan.valid_until, trial.proposal.expires_at)
    return min((trial.now + life, *(moment for moment in ends if moment is not None and moment > trial.now)))


def _as_approved(plan: TradePlan, quantity: Decimal, instrument: Instrument) -> TradePlan:
    """The plan with the quantity and the prices that may be sent; a price its order type does not use is dropped."""
    skeleton = plan.order_skeleton
    limited = skeleton.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    stopped = skeleton.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    as_sent = skeleton.model_copy(
        update={
            "limit_price": _on_grid(skeleton.limit_price, instrument) if limited else None,
            "stop_price": _on_grid(skeleton.stop_price, instrument) if stopped else None,
        }
    )
    return plan.model_copy(update={"quantity": quantity, "order_skeleton": as_sent})


def _on_grid(price: Decimal | None, instrument: Instrument) -> Decimal | None:
    return None if price is None else max(instrument.price(price), instrument.tick_size)


def _explanation(checks: Sequence[CheckResult]) -> str:
    told = (
        f"{sentence(check.code)} (observed {check.observed}; limit {check.limit})"
        for check in checks
        if not check.passed
    )
    return " ".join(told)[:_EXPLANATION_MAX]
