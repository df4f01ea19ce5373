"""The fixed values of the golden samples, payload by payload."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from at_core.enums import (
    AgentVerdict,
    BodyEncoding,
    KillSwitchLevel,
    KillSwitchScope,
    Liquidity,
    MarketDataKind,
    OperatorCommandKind,
    OrderStatus,
    OrderType,
    PositionSide,
    QuantityUnit,
    Side,
    SignalKind,
    SizingMethod,
    TimeInForce,
    TradingMode,
    TradingState,
)
from at_core.events.agent_run import AgentRunCompleted, SeenStream
from at_core.events.envelope import Payload
from at_core.events.fill import FillRecorded
from at_core.events.intake import AlertQuarantined
from at_core.events.market import MarketObserved
from at_core.events.operator import OperatorCommandIssued
from at_core.events.order import OrderStatusUpdated, OrderSubmitted
from at_core.events.portfolio import AccountChanged, PositionChanged
from at_core.events.proposal import OrderSkeleton, ProposalCreated, RiskModel, TradeIntent, TradePlan
from at_core.events.risk import CheckResult, RiskApproved, RiskHeld, RiskRejected
from at_core.events.signal import SignalCreated
from at_core.events.system import Heartbeat, KillSwitchActivated, KillSwitchReleased, TradingModeChanged
from at_core.ids import client_order_id, internal_order_id, natural_id, plan_id

__all__ = ["NOW", "SIGNAL_ID", "derived_payloads", "root_payloads", "signal"]

NOW = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
SIGNAL_ID = natural_id("golden", "signal")
PLAN_ID = plan_id(SIGNAL_ID, "follow_signal")
PROPOSAL_ID = natural_id("golden", "proposal")
SEEN = (SeenStream(stream="EXEC", sequence=7),)
ORDER_ID = client_order_id(PLAN_ID)


def signal() -> SignalCreated:
    """The alert that the sample flow begins with."""
    return SignalCreated(
        signal_source="tradingview",
        dialect="strategy_json",
        kind=SignalKind.ORDER,
        symbol="BTC/USDT",
        venue="BINANCE",
        strategy="Breakout",
        side=Side.BUY,
        quantity=Decimal("0.10"),
        quantity_unit=QuantityUnit.CONTRACTS,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("42000.50"),
        stop_price=Decimal("41900"),
        stop_loss=Decimal("41000"),
        take_profit=Decimal("45000"),
        reference_price=Decimal("42010.25"),
        target_position=Decimal("-0.5"),
        market_position=PositionSide.LONG,
        market_position_size=Decimal("0.10"),
        prev_market_position=PositionSide.FLAT,
        prev_market_position_size=Decimal("0"),
        order_id="Long",
        comment="entry",
        interval="5",
        bar_time=NOW - timedelta(minutes=5),
        fired_at=NOW - timedelta(seconds=1),
        received_at=NOW,
        natural_key=DIGEST,
        body_digest=DIGEST,
    )


def _plan() -> TradePlan:
    return TradePlan(
        plan_id=PLAN_ID,
        intent=TradeIntent(
            symbol="BTC/USDT",
            venue="BINANCE",
            side=Side.BUY,
            quantity=Decimal("0.10"),
            quantity_unit=QuantityUnit.BASE,
            slippage_max=Decimal("0.5"),
        ),
        entry_rules=("alert received",),
        sizing_method=SizingMethod.SIGNAL,
        quantity=Decimal("0.10"),
        risk_model=RiskModel(stop_loss=Decimal("41000"), take_profit=Decimal("45000")),
        order_skeleton=OrderSkeleton(
            order_type=OrderType.LIMIT, limit_price=Decimal("42000.50"), time_in_force=TimeInForce.GTC
        ),
        reference_price=Decimal("42010.25"),
        valid_from=NOW,
        valid_until=NOW + timedelta(seconds=30),
        idempotency_scope=f"follow_signal:{SIGNAL_ID}",
    )


def _ruling() -> dict[str, Any]:
    return {
        "proposal_id": PROPOSAL_ID,
        "plan_id": PLAN_ID,
        "signal_id": SIGNAL_ID,
        "strategy": "follow_signal",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "checks": (CheckResult(code="NOTIONAL_TOO_LARGE", passed=True, observed="4201.025", limit="25000"),),
        "policy_digest": DIGEST,
        "seen": SEEN,
        "reference_price": Decimal("42010.25"),
    }


def root_payloads() -> list[Payload]:
    """The other facts that come from outside."""
    return [
        AlertQuarantined(
            signal_source="tradingview",
            code="BROKEN_JSON",
            hint="line 1, column 9: a value is missing",
            content_type="text/plain",
            body_text='{"side":}\\xff\\\\',
            body_encoding=BodyEncoding.ESCAPED,
            truncated=False,
            body_size=11,
            body_digest="af7e0ff3e3406ae2505f30fe1e8f9fa29499dcfe78b353c7d526cfa9e878f492",
            received_at=NOW,
        ),
        OperatorCommandIssued(
            command=OperatorCommandKind.KILL_SWITCH_ACTIVATE,
            operator="alice",
            operator_role="operator",
            reason="drill",
            scope=KillSwitchScope.ACCOUNT,
            scope_value="paper",
            level=KillSwitchLevel.STOP_ENTRIES,
            subject_id=PROPOSAL_ID,
            flag="monitoring_enabled",
            flag_value=True,
        ),
        MarketObserved(
            venue="BINANCE",
            symbol="BTC/USDT",
            kind=MarketDataKind.BAR,
            provider="tradingview",
            exchange_time=NOW,
            received_at=NOW,
            open=Decimal("42000"),
            high=Decimal("42100"),
            low=Decimal("41950"),
            close=Decimal("42010.25"),
            volume=Decimal("12.5"),
            interval="1",
            bar_time=NOW - timedelta(minutes=1),
        ),
    ]


def derived_payloads() -> list[Payload]:
    """Everything that follows from the alert, in the order of the flow."""
    return [*_proposed(), *_ruled(), *_executed(), *_portfolio(), *_states()]


def _proposed() -> list[Payload]:
    return [
        ProposalCreated(
            strategy="follow_signal",
            strategy_version="1",
            symbol="BTC/USDT",
            signal_id=SIGNAL_ID,
            plan=_plan(),
            rationale="the alert asked for it",
            confidence=Decimal("0.75"),
        ),
        AgentRunCompleted(
            strategy="follow_signal",
            strategy_version="1",
            trigger_type="trading.signal.created",
            trigger_id=SIGNAL_ID,
            verdict=AgentVerdict.PROPOSED,
            reason_code="PROPOSED",
            reason="the alert asked for it",
            proposal_id=PROPOSAL_ID,
            seen=SEEN,
            context_digest=DIGEST,
            prompt_digest=DIGEST,
            model="none",
            input_tokens=0,
            output_tokens=0,
        ),
    ]


def _ruled() -> list[Payload]:
    return [
        RiskApproved(
            **_ruling(),
            plan=_plan(),
            approved_quantity=Decimal("0.10"),
            approved_limit_price=Decimal("42000.50"),
            hard_stop_loss=Decimal("41000"),
            reduces_risk=False,
            reserved_notional=Decimal("4200.05"),
            client_order_id=ORDER_ID,
        ),
        RiskRejected(
            **_ruling(), reasons=("NOTIONAL_TOO_LARGE",), explanation="The order is worth too much."
        ),
        RiskHeld(
            **_ruling(),
            plan=_plan(),
            reasons=("NOTIONAL_TOO_LARGE",),
            explanation="A person has to look at this.",
            held_until=NOW + timedelta(minutes=5),
        ),
    ]


def _order() -> dict[str, Any]:
    return {
        "client_order_id": ORDER_ID,
        "proposal_id": PROPOSAL_ID,
        "plan_id": PLAN_ID,
        "strategy": "follow_signal",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
    }


def _executed() -> list[Payload]:
    return [
        OrderSubmitted(
            **_order(),
            internal_order_id=internal_order_id(PLAN_ID),
            approval_id=natural_id("golden", "approval"),
            approval_digest=DIGEST,
            signal_id=SIGNAL_ID,
            broker="simulated",
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal("0.10"),
            limit_price=Decimal("42000.50"),
            stop_price=Decimal("41900"),
            stop_loss=Decimal("41000"),
            take_profit=Decimal("45000"),
            reduces_risk=False,
            reference_price=Decimal("42010.25"),
        ),
        OrderStatusUpdated(
            **_order(),
            broker_order_id="SIM-1",
            status=OrderStatus.PARTIALLY_FILLED,
            previous_status=OrderStatus.ACKNOWLEDGED,
            quantity=Decimal("0.10"),
            filled_quantity=Decimal("0.04"),
            leaves_quantity=Decimal("0.06"),
            average_price=Decimal("42000.50"),
            last_price=Decimal("42000.50"),
            code="NONE",
            reason="filled in part",
        ),
        FillRecorded(
            **_order(),
            broker_order_id="SIM-1",
            execution_id="SIM-1-1",
            quantity=Decimal("0.04"),
            price=Decimal("42000.50"),
            fee=Decimal("1.68002"),
            fee_currency="USDT",
            liquidity=Liquidity.TAKER,
            executed_at=NOW,
            filled_quantity=Decimal("0.04"),
            leaves_quantity=Decimal("0.06"),
            status=OrderStatus.PARTIALLY_FILLED,
            reference_price=Decimal("42010.25"),
            slippage=Decimal("-9.75"),
            broker="simulated",
        ),
    ]


def _portfolio() -> list[Payload]:
    return [
        PositionChanged(
            symbol="BTC/USDT",
            venue="BINANCE",
            currency="USDT",
            quantity=Decimal("0.04"),
            average_price=Decimal("42000.50"),
            multiplier=Decimal("1"),
            realized_pnl=Decimal("0"),
            last_price=Decimal("42000.50"),
            fill_count=1,
        ),
        AccountChanged(
            currency="USD",
            cash=Decimal("98318.29998"),
            equity=Decimal("99998.31998"),
            trading_day="2026-01-02",
            day_start_equity=Decimal("100000"),
            realized_pnl=Decimal("0"),
            realized_pnl_day=Decimal("0"),
            fees=Decimal("1.68002"),
            gross_exposure=Decimal("1680.02"),
            fill_count=1,
        ),
    ]


def _states() -> list[Payload]:
    switch: dict[str, Any] = {
        "scope": KillSwitchScope.GLOBAL,
        "scope_value": "all",
        "level": KillSwitchLevel.CANCEL_AND_REDUCE,
        "reason": "drill",
        "triggered_by": "alice",
        "action_taken": "ENTRIES_STOPPED",
    }
    beats: list[Payload] = [
        Heartbeat(role=role, instance="1", version="0.1.0", ready=True, started_at=NOW)
        for role in ("gateway", "agents", "gate", "engine", "obs")
    ]
    return [
        KillSwitchActivated(**switch),
        KillSwitchReleased(**switch),
        TradingModeChanged(
            mode=TradingMode.PAPER,
            trading_state=TradingState.REDUCING,
            previous_trading_state=TradingState.ACTIVE,
            reason="drill",
            triggered_by="alice",
        ),
        *beats,
    ]
