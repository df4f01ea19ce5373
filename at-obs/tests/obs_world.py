"""A small world for the tests of at-obs: flows as events, events as journal messages, rows as chains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from at_core import ids
from at_core.enums import (
    AgentVerdict,
    KillSwitchLevel,
    KillSwitchScope,
    Liquidity,
    OperatorCommandKind,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from at_core.events import (
    AgentRunCompleted,
    CheckResult,
    Emit,
    Event,
    FillRecorded,
    KillSwitchActivated,
    OperatorCommandIssued,
    OrderStatusUpdated,
    OrderSubmitted,
    PositionChanged,
    RiskApproved,
    RiskApprovedEvent,
    RiskHeld,
    RiskRejected,
    SeenStream,
    SignalEvent,
    TradeProposalEvent,
    derive,
    encode,
    originate,
)
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Incoming
from at_core.testing.builders import T0, a_proposal, a_signal
from at_obs.audit.chain import GENESIS, ChainRow, seal
from at_obs.audit.record import digest, read_event, record_of

CHECKS = (
    CheckResult(code="KILL_SWITCH", passed=True, observed="ACTIVE", limit="ACTIVE"),
    CheckResult(code="NOTIONAL_TOO_LARGE", passed=True, observed="25000", limit="50000"),
)


def at(milliseconds: float) -> datetime:
    return T0 + timedelta(milliseconds=milliseconds)


class Flow:
    """One alert and what followed. Every verb returns the event it made; times are milliseconds after T0."""

    def __init__(self, n: int = 1, strategy: str = "follow_signal") -> None:
        self.signal: SignalEvent = a_signal(n).model_copy(update={"timestamp": at(2)})
        proposal = a_proposal(n, strategy=strategy)
        self.proposal: TradeProposalEvent = proposal.model_copy(update={"timestamp": at(12)})
        self.strategy = strategy
        self.plan = self.proposal.plan
        self.client_order_id = ids.client_order_id(self.plan.plan_id)

    @property
    def correlation_id(self) -> str:
        return str(self.signal.event_id)

    def answered(
        self, verdict: AgentVerdict = AgentVerdict.PROPOSED, code: str = "PROPOSED", reason: str = ""
    ) -> Event:
        proposed = verdict is AgentVerdict.PROPOSED
        payload = AgentRunCompleted(
            strategy=self.strategy, strategy_version="1", trigger_type=self.signal.type,
            trigger_id=self.signal.event_id, verdict=verdict, reason_code=code, reason=reason,
            proposal_id=self.proposal.event_id if proposed else None, seen=(SeenStream(stream="SIGNALS", sequence=7),),
        )  # fmt: skip
        return self._after(Emit(payload, account="paper", slot=self.strategy), self.signal, "agents", 11)

    def approved(self) -> Event:
        quantity = self.plan.quantity or Decimal(1)
        payload = RiskApproved(
            **self._ruling(CHECKS), plan=self.plan, approved_quantity=quantity, reduces_risk=False,
            reserved_notional=quantity * 50000, client_order_id=self.client_order_id,
        )  # fmt: skip
        emit = Emit(payload, account="paper", decision="ruling", expires_at=at(5000))
        return self._after(emit, self.proposal, "gate", 20)

    def rejected(self) -> Event:
        failed = CheckResult(code="NOTIONAL_TOO_LARGE", passed=False, observed="250000", limit="50000")
        payload = RiskRejected(
            **self._ruling((CHECKS[0], failed)), reasons=("NOTIONAL_TOO_LARGE",), explanation="Too large."
        )
        return self._after(Emit(payload, account="paper", decision="ruling"), self.proposal, "gate", 20)

    def held(self) -> Event:
        failed = CheckResult(code="NOTIONAL_NEEDS_PERSON", passed=False, observed="45000", limit="40000")
        payload = RiskHeld(
            **self._ruling((failed,)), plan=self.plan, reasons=("NOTIONAL_NEEDS_PERSON",), explanation="Ask.",
            held_until=at(60_000),
        )  # fmt: skip
        return self._after(Emit(payload, account="paper", decision="ruling"), self.proposal, "gate", 20)

    def submitted(self) -> Event:
        approval = self.approved()
        assert isinstance(approval, RiskApprovedEvent)
        payload = OrderSubmitted(
            client_order_id=self.client_order_id, internal_order_id=ids.internal_order_id(self.plan.plan_id),
            approval_id=approval.event_id, approval_digest=digest(encode(approval)),
            proposal_id=self.proposal.event_id, plan_id=self.plan.plan_id, signal_id=self.signal.event_id,
            strategy=self.strategy, broker="simulator", symbol="BTC/USDT", side=Side.BUY,
            order_type=OrderType.MARKET, time_in_force=TimeInForce.DAY, quantity=Decimal("0.5"), reduces_risk=False,
        )  # fmt: skip
        return self._after(Emit(payload, account="paper", expires_at=at(5000)), approval, "engine", 30)

    def updated(
        self, status: OrderStatus, milliseconds: float, filled: str = "0", code: str | None = None
    ) -> Event:
        payload = OrderStatusUpdated(
            client_order_id=self.client_order_id, broker_order_id="brk-1", proposal_id=self.proposal.event_id,
            plan_id=self.plan.plan_id, strategy=self.strategy, symbol="BTC/USDT", side=Side.BUY, status=status,
            quantity=Decimal("0.5"), filled_quantity=Decimal(filled), leaves_quantity=Decimal("0.5") - Decimal(filled),
            average_price=Decimal("50010") if Decimal(filled) else None, code=code,
        )  # fmt: skip
        return self._after(
            Emit(payload, account="paper", slot=status), self.submitted(), "engine", milliseconds
        )

    def fill(self, milliseconds: float = 50, quantity: str = "0.5") -> Event:
        payload = FillRecorded(
            client_order_id=self.client_order_id, broker_order_id="brk-1", execution_id="x-1",
            proposal_id=self.proposal.event_id, plan_id=self.plan.plan_id, strategy=self.strategy,
            symbol="BTC/USDT", side=Side.BUY, quantity=Decimal(quantity), price=Decimal("50010"), fee=Decimal("5.5"),
            fee_currency="USD", liquidity=Liquidity.TAKER, executed_at=at(milliseconds),
            filled_quantity=Decimal(quantity), leaves_quantity=Decimal("0.5") - Decimal(quantity),
            status=OrderStatus.FILLED if quantity == "0.5" else OrderStatus.PARTIALLY_FILLED, slippage=Decimal(10),
        )  # fmt: skip
        return self._after(
            Emit(payload, account="paper", slot="x-1"), self.submitted(), "engine", milliseconds
        )

    def position(self) -> Event:
        payload = PositionChanged(
            symbol="BTC/USDT", venue="BINANCE", currency="USD", quantity=Decimal("0.5"),
            average_price=Decimal("50010"), multiplier=Decimal(1), realized_pnl=Decimal(0), fill_count=1,
        )  # fmt: skip
        return self._after(Emit(payload, account="paper"), self.fill(), "engine", 52)

    def whole(self) -> list[Event]:
        return [
            self.signal, self.proposal, self.answered(), self.approved(), self.submitted(),
            self.updated(OrderStatus.ACKNOWLEDGED, 40), self.fill(), self.updated(OrderStatus.FILLED, 51, "0.5"),
            self.position(),
        ]  # fmt: skip

    def _ruling(self, checks: tuple[CheckResult, ...]) -> dict[str, object]:
        return {
            "proposal_id": self.proposal.event_id, "plan_id": self.plan.plan_id, "signal_id": self.signal.event_id,
            "strategy": self.strategy, "symbol": "BTC/USDT", "side": Side.BUY, "checks": checks,
            "policy_digest": "a" * 64, "seen": (SeenStream(stream="EXEC", sequence=3),),
        }  # fmt: skip

    @staticmethod
    def _after(emit: Emit, cause: Event, role: str, milliseconds: float) -> Event:
        return derive(emit, cause, role=role, source=f"at-x/{role}-1", now=at(milliseconds))


def a_command(n: int = 1) -> Event:
    payload = OperatorCommandIssued(
        command=OperatorCommandKind.KILL_SWITCH_ACTIVATE, operator="ann", operator_role="operator", reason="strange",
    )  # fmt: skip
    return originate(Emit(payload), ids.natural_id("test", f"command-{n}"), source="at-gateway/1", now=at(0))


def a_kill_switch(cause: Event) -> Event:
    payload = KillSwitchActivated(
        scope=KillSwitchScope.GLOBAL, scope_value="all", level=KillSwitchLevel.STOP_ENTRIES, reason="strange",
        triggered_by="ann", action_taken="ENTRIES_STOPPED",
    )  # fmt: skip
    return derive(Emit(payload), cause, role="engine", source="at-exec-sim/engine-1", now=at(5))


def message(
    sequence: int,
    event: Event,
    *,
    pending: int = 0,
    deliveries: int = 1,
    headers: Mapping[str, str] | None = None,
) -> Incoming:
    source = {"Nats-Stream-Source": f"{event.STREAM} {sequence + 100} > > {subject_of(event)}"}
    return raw(
        sequence, subject_of(event), encode(event), {**headers_of(event), **source, **(headers or {})},
        pending=pending, deliveries=deliveries,
    )  # fmt: skip


def raw(
    sequence: int, subject: str, body: bytes, headers: Mapping[str, str], *, pending: int = 0, deliveries: int = 1,
    stream: str = "JOURNAL",
) -> Incoming:  # fmt: skip
    return Incoming(
        subject=subject, body=body, headers=headers, stream=stream, sequence=sequence, consumer_sequence=sequence,
        deliveries=deliveries, pending=pending, stored_at=at(sequence),
    )  # fmt: skip


def journal(events: Iterable[Event], first: int = 1) -> list[Incoming]:
    return [message(sequence, event) for sequence, event in enumerate(events, start=first)]


def signals(count: int) -> list[Incoming]:
    return journal(a_signal(n) for n in range(1, count + 1))


def chain_of(messages: Sequence[Incoming]) -> list[ChainRow]:
    """Seal messages as they stand, without any store."""
    rows: list[ChainRow] = []
    for entry in messages:
        record = record_of(entry, read_event(entry), lambda _: None)
        rows.append(seal(record, len(rows) + 1, rows[-1].row_hash if rows else GENESIS))
    return rows
