"""Small builders of the gate tests: a gate on its wiring, and what the engine would say about an order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from at_core import ids
from at_core.enums import OrderStatus
from at_core.events import (
    Event,
    FillEvent,
    KillSwitchEvent,
    OrderStatusUpdatedEvent,
    PositionEvent,
    RiskApproved,
    RiskApprovedEvent,
    TradingModeEvent,
)
from at_core.testing.builders import INSTRUMENTS, T0, a_market_bar, an_account
from at_core.testing.scenario import Scenario
from at_exec_sim.gate.assembly import build_gate
from at_exec_sim.gate.forgery import Hand
from at_exec_sim.gate.gate_body import GateBody
from at_exec_sim.gate.state import GateState
from at_exec_sim.wiring import GATE

SYMBOL = "BTC/USDT"
SECOND = timedelta(seconds=1)

LIMITS = """
[account.paper]
symbols_allowed = ["*"]
notional_max = 30_000
symbol_exposure_max = 50_000
gross_exposure_max = 60_000
daily_loss_max = 2_000
price_collar_percent = 5
reference_age_seconds_max = 60
signal_age_seconds_max = 60
"""


def a_gate(limits: str = LIMITS, hand: Hand | None = None) -> GateBody:
    return build_gate(limits=limits, instruments=INSTRUMENTS, hand=hand)


def a_scenario(limits: str = LIMITS) -> Scenario:
    """A gate that knows the account (100000, flat) and the price of BTC (50000)."""
    return Scenario(a_gate(limits), wiring=GATE, now=T0).given(an_account(fill_count=0), a_price())


def a_price(close: str = "50000", n: int = 1, **changes: Any) -> Event:
    return a_market_bar(n, symbol=SYMBOL, close=close, **changes)


def ruling(scenario: Scenario) -> Any:
    (emit,) = scenario.emits
    return emit.payload


def approved(scenario: Scenario) -> RiskApproved:
    payload = ruling(scenario)
    assert isinstance(payload, RiskApproved), payload.explanation
    return payload


def state_of(scenario: Scenario) -> GateState:
    assert isinstance(scenario.body, GateBody)
    return scenario.body.state


def open_quantity(scenario: Scenario, account: str = "paper") -> Decimal:
    book = state_of(scenario).book(account).view({}, {})
    return sum((held.quantity for held in book.reservations.values()), Decimal(0))


def position(scenario: Scenario, symbol: str = SYMBOL) -> Decimal:
    return state_of(scenario).book("paper").view({}, {}).quantity(symbol)


def _event(cls: type[Any], key: str, **values: Any) -> Any:
    event_id = ids.natural_id("gate-tests", f"{cls.__name__}:{key}")
    envelope = {
        "event_id": event_id, "type": cls.types()[0], "schema_version": cls.VERSION, "timestamp": T0,
        "source": "at-exec-sim/test", "trace_id": event_id.hex, "correlation_id": event_id, "account": "paper",
    }  # fmt: skip
    return cls.model_validate({**envelope, **values})


def _order(of: RiskApproved | RiskApprovedEvent) -> dict[str, Any]:
    return {
        "client_order_id": of.client_order_id, "proposal_id": of.proposal_id, "plan_id": of.plan_id,
        "strategy": of.strategy, "symbol": of.symbol, "side": of.side,
    }  # fmt: skip


def an_update(
    of: RiskApproved | RiskApprovedEvent, status: str, filled: str = "0", quantity: str | None = None
) -> OrderStatusUpdatedEvent:
    """What the engine says about the order of an approval; ``filled`` is cumulative."""
    size = of.approved_quantity if quantity is None else Decimal(quantity)
    left = Decimal(0) if OrderStatus(status).terminal else size - Decimal(filled)
    values = {"status": status, "quantity": size, "filled_quantity": filled, "leaves_quantity": left}
    said: OrderStatusUpdatedEvent = _event(
        OrderStatusUpdatedEvent, f"{of.client_order_id}:{status}:{filled}", **_order(of), **values
    )
    return said


def a_fill(
    of: RiskApproved | RiskApprovedEvent, quantity: str, filled: str, price: str = "50000"
) -> FillEvent:
    """One execution of ``quantity`` that brings the order's cumulative quantity to ``filled``."""
    left = of.approved_quantity - Decimal(filled)
    said: FillEvent = _event(
        FillEvent,
        f"{of.client_order_id}:{filled}",
        **_order(of),
        broker_order_id="b",
        execution_id=f"x-{filled}",
        quantity=quantity,
        price=price,
        fee="0",
        fee_currency="USD",
        liquidity="TAKER",
        executed_at=T0,
        filled_quantity=filled,
        leaves_quantity=max(left, Decimal(0)),
        status="FILLED" if left <= 0 else "PARTIALLY_FILLED",
    )
    return said


def a_position_of(
    quantity: str, fill_count: int, symbol: str = SYMBOL, last_price: str = "50000"
) -> PositionEvent:
    said: PositionEvent = _event(
        PositionEvent,
        f"{symbol}:{quantity}:{fill_count}",
        symbol=symbol,
        venue="BINANCE",
        currency="USD",
        quantity=quantity,
        average_price=last_price,
        multiplier="1",
        realized_pnl="0",
        last_price=last_price,
        fill_count=fill_count,
    )
    return said


def a_kill_switch(
    scope: str = "GLOBAL", value: str = "all", level: str = "STOP_ENTRIES", on: bool = True
) -> KillSwitchEvent:
    kind = "system.killswitch.activated" if on else "system.killswitch.released"
    said: KillSwitchEvent = _event(
        KillSwitchEvent,
        f"{scope}:{value}:{level}:{on}",
        type=kind,
        scope=scope,
        scope_value=value,
        level=level,
        reason="test",
        triggered_by="operator",
        action_taken="none",
    )
    return said


def a_trading_state(state: str, account: str | None = None) -> TradingModeEvent:
    said: TradingModeEvent = _event(
        TradingModeEvent,
        f"{state}:{account}",
        account=account,
        mode="PAPER",
        trading_state=state,
        reason="test",
        triggered_by="operator",
    )
    return said


def order_id(plan: UUID) -> str:
    return ids.client_order_id(plan)
