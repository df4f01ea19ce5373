"""Decide: run one strategy on one trigger and say what came of it; pure, deterministic, and it never raises.

Law 10: whatever a strategy does (propose, abstain, raise, answer nonsense) becomes exactly one verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import ValidationError

from at_agents.catalogue import DESK, Seat
from at_agents.desk.plans import Trigger, complete
from at_core.enums import AgentVerdict, MarketDataKind
from at_core.events import AgentRunCompleted, Emit, MarketDataEvent, ProposalCreated, SignalEvent
from at_core.ids import derived_id
from at_core.strategy import Abstain, Context, TradeProposal

__all__ = ["Known", "Verdict", "answer", "broke", "decide", "failed", "nobody", "observed_at"]

ROLE: Final = "agents"
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
_INTERVAL: Final = re.compile(r"(\d{0,5})([SsmHhDdWwM]?)")
_UNIT_SECONDS: Final = {"s": 1, "": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "M": 2_678_400}


@dataclass(frozen=True, slots=True)
class Known:
    """What the stream already holds of one answer: its proposal, its run, and whether that run speaks of a proposal."""

    proposal: bool = False
    run: bool = False
    run_proposed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one strategy and one trigger. ``proposal`` is there exactly when it PROPOSED."""

    verdict: AgentVerdict
    code: str
    reason: str = ""
    proposal: ProposalCreated | None = None


def answer(seat: Seat, trigger: Trigger, ctx: Context, now: datetime, known: Known) -> list[Emit]:
    """Return what is still missing of this seat's answer: the proposal, then the run.

    A proposal whose run was lost in a crash gets the run alone; a run whose proposal was lost gets the proposal, if
    the strategy still wants it. A market observation that changes nothing is no decision worth a record.
    """
    if known.run and (known.proposal or not known.run_proposed):
        return []
    if known.proposal:
        return [
            _run(seat, trigger, Verdict(AgentVerdict.PROPOSED, "PROPOSED", "recorded after a restart"), None)
        ]
    verdict = decide(seat, trigger, ctx, now)
    emits = [] if known.run else _record(seat, trigger, verdict, ctx)
    return [_wish(seat, verdict.proposal), *emits] if verdict.proposal is not None else emits


def broke(seat: Seat, observation: MarketDataEvent, verdict: Verdict, known: Known) -> list[Emit]:
    """Return the run of a seat whose fold raised on ``observation``, unless it was told before."""
    return [] if known.run else [_run(seat, observation, verdict, None)]


def decide(seat: Seat, trigger: Trigger, ctx: Context, now: datetime) -> Verdict:
    """Run the strategy and judge its answer; deterministic in its arguments."""
    try:
        wish: object = seat.strategy.propose(trigger, ctx)
    except Exception as error:  # noqa: BLE001 - a strategy is foreign code; its bug is its verdict, not ours
        return failed(error)
    if wish is None:
        return Verdict(AgentVerdict.ABSTAINED, "ABSTAINED")
    if isinstance(wish, Abstain):
        return _abstained(wish)
    if not isinstance(wish, TradeProposal):
        return _bad(f"answered with a {type(wish).__name__}")
    if not seat.trades(wish.symbol):
        return Verdict(
            AgentVerdict.FAILED,
            "SYMBOL_NOT_CONFIGURED",
            "the proposed symbol is not among the strategy's symbols",
        )
    try:
        proposal = complete(seat, trigger, ctx, wish)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return _bad(f"{'.'.join(str(part) for part in first['loc'])}: {first['type']}")
    except Exception as error:  # noqa: BLE001 - values of a wrong kind inside the wish fail in many ways
        return _bad(type(error).__name__)
    if isinstance(proposal, Abstain):
        return _abstained(proposal)
    if proposal.plan.valid_until <= now:
        late = "SIGNAL_EXPIRED" if isinstance(trigger, SignalEvent) else "TOO_LATE"
        return Verdict(AgentVerdict.ABSTAINED, late, "the plan would be born expired")
    return Verdict(AgentVerdict.PROPOSED, "PROPOSED", proposal=proposal)


def failed(error: Exception) -> Verdict:
    """The verdict on a strategy that raised: the kind of error only, since its text may hold anything."""
    return Verdict(AgentVerdict.FAILED, "STRATEGY_ERROR", type(error).__name__[:200])


def nobody(signal: SignalEvent, seats: Iterable[Seat]) -> Emit:
    """Return the desk's own run for a signal that concerns no strategy, so that it does not vanish."""
    count = sum(seat.enabled for seat in seats)
    reason = (
        f"none of {count} enabled strategies takes {signal.symbol} "
        f"from source {signal.signal_source} for account {signal.account}"
    )
    run = AgentRunCompleted(
        strategy=DESK,
        strategy_version="1",
        trigger_type=signal.type,
        trigger_id=signal.event_id,
        verdict=AgentVerdict.ABSTAINED,
        reason_code="NO_STRATEGY",
        reason=reason,
    )
    return Emit(run, account=signal.account, slot=DESK)


def observed_at(observation: MarketDataEvent) -> datetime:
    """Return when an observation was news: never later than it reached us, so that history sent late stays history.

    A bar is news when it closes, which is its start plus its interval; senders stamp either end.
    """
    said = observation.exchange_time
    if observation.kind is MarketDataKind.BAR and observation.bar_time is not None:
        length = _length(observation.interval or "")
        if observation.received_at - observation.bar_time <= length:
            return observation.received_at
        said = max(said, observation.bar_time + length)
    return min(said, observation.received_at)


def _record(seat: Seat, trigger: Trigger, verdict: Verdict, ctx: Context) -> list[Emit]:
    silent = isinstance(trigger, MarketDataEvent) and verdict.verdict is AgentVerdict.ABSTAINED
    return [] if silent else [_run(seat, trigger, verdict, ctx)]


def _wish(seat: Seat, proposal: ProposalCreated) -> Emit:
    return Emit(proposal, account=seat.account, slot=seat.name, expires_at=proposal.plan.valid_until)


def _run(seat: Seat, trigger: Trigger, verdict: Verdict, ctx: Context | None) -> Emit:
    proposed = verdict.verdict is AgentVerdict.PROPOSED
    run = AgentRunCompleted(
        strategy=seat.name,
        strategy_version=seat.strategy.version,
        trigger_type=trigger.type,
        trigger_id=trigger.event_id,
        verdict=verdict.verdict,
        reason_code=verdict.code,
        reason=verdict.reason,
        proposal_id=derived_id(trigger.event_id, ROLE, ProposalCreated.TYPE, seat.name) if proposed else None,
        seen=ctx.seen if ctx is not None else (),
        context_digest=_digest(ctx, trigger.symbol) if ctx is not None else None,
    )
    return Emit(run, account=seat.account, slot=seat.name)


def _digest(ctx: Context, symbol: str) -> str:
    """Digest of what the strategy could see besides the trigger and its own fold (which ``seen`` pins down)."""
    held = ctx.position(symbol)
    sight = {
        "account": ctx.account, "now": ctx.now, "equity": ctx.equity, "quantity": held.quantity,
        "average_price": held.average_price, "last_price": ctx.last_price(symbol), "params": dict(ctx.params),
        "sizing": (ctx.sizing.method, ctx.sizing.value),
    }  # fmt: skip
    return sha256(json.dumps(sight, sort_keys=True, default=str).encode()).hexdigest()


def _abstained(why: Abstain) -> Verdict:
    if not _CODE.fullmatch(str(why.code)):
        return _bad("abstained with a code that is no token")
    return Verdict(AgentVerdict.ABSTAINED, str(why.code), str(why.reason)[:2000])


def _bad(what: str) -> Verdict:
    return Verdict(AgentVerdict.FAILED, "BAD_ANSWER", what[:2000])


def _length(interval: str) -> timedelta:
    """Length of an interval as TradingView writes it (``1`` and ``240`` minutes, ``30S``, ``D``, ``2W``, ``M``)."""
    match = _INTERVAL.fullmatch(interval)
    if match is None or not interval:
        return timedelta(0)
    unit = match[2] if match[2] == "M" else match[2].lower()
    return timedelta(seconds=int(match[1] or 1) * _UNIT_SECONDS[unit])
