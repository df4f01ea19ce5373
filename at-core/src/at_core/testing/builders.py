"""Builders: one valid, deterministic example of everything, with any field overridden by keyword.

Ids are derived from the overrides: the same call builds the same event, a different call another one; ``n`` tells
equal events apart. Times stand still at ``T0``. Values are validated like bytes from the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID

from at_core import ids
from at_core.enums import AssetClass, SizingMethod
from at_core.events import (
    AccountEvent,
    Event,
    MarketDataEvent,
    OrderSkeleton,
    PositionEvent,
    RiskApprovedEvent,
    RiskModel,
    SignalEvent,
    TradeIntent,
    TradePlan,
    TradeProposalEvent,
)
from at_core.instruments import Instrument, Instruments
from at_core.strategy import Context, Params, Position, SizingPolicy

__all__ = [
    "INSTRUMENTS",
    "T0",
    "a_context",
    "a_market_bar",
    "a_plan",
    "a_position",
    "a_proposal",
    "a_signal",
    "a_sizing",
    "an_account",
    "an_approval",
]

T0: Final = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""The builders' present: a Monday with every market open."""

_EventT = TypeVar("_EventT", bound=Event)


def _instrument(
    symbol: str, asset_class: AssetClass, tick: str, lot: str, largest: str, **more: Any
) -> Instrument:
    venue = {AssetClass.CRYPTO: "BINANCE", AssetClass.FUTURE: "CME"}.get(asset_class, "NASDAQ")
    return Instrument(
        symbol=symbol,
        venue=venue,
        asset_class=asset_class,
        currency="USD",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        quantity_min=Decimal(lot),
        quantity_max=Decimal(largest),
        **more,
    )


INSTRUMENTS: Final = Instruments(
    (
        _instrument("BTC/USDT", AssetClass.CRYPTO, "0.01", "0.00001", "100"),
        _instrument("ETH/USDT", AssetClass.CRYPTO, "0.01", "0.0001", "1000"),
        _instrument("AAPL", AssetClass.EQUITY, "0.01", "1", "100000"),
        _instrument("NQ", AssetClass.FUTURE, "0.25", "1", "100", multiplier=Decimal(20), aliases=("NQ1!",)),
    )
)
"""A small registry of its own, so that no test depends on the shipped one."""


def a_signal(n: int = 1, **changes: Any) -> SignalEvent:
    """Return an alert to buy 0.5 BTC at market."""
    digest = _digest("signal", n, changes)
    values = {
        "signal_source": "tradingview", "dialect": "tradingview-json", "kind": "ORDER", "symbol": "BTC/USDT",
        "side": "BUY", "quantity": "0.5", "quantity_unit": "BASE", "reference_price": "50000",
        "received_at": T0, "natural_key": digest, "body_digest": digest,
    }  # fmt: skip
    return _root(SignalEvent, digest, {**values, "expires_at": T0 + timedelta(minutes=5)}, changes)


def a_market_bar(n: int = 1, **changes: Any) -> MarketDataEvent:
    """Return a final one-minute bar of ETH/USDT; bar ``n`` closes ``n`` - 1 minutes after T0.

    ``close`` alone is enough to say: open, high and low follow it.
    """
    closed = T0 + timedelta(minutes=n - 1)
    close = changes.get("close", "2000")
    values = {
        "venue": "BINANCE", "symbol": "ETH/USDT", "kind": "BAR", "provider": "tradingview", "exchange_time": closed,
        "received_at": closed, "open": close, "high": close, "low": close, "close": close, "volume": "10",
        "interval": "1", "bar_time": closed - timedelta(minutes=1), "timestamp": closed, "account": None,
    }  # fmt: skip
    return _root(MarketDataEvent, _digest("bar", n, changes), values, changes)


def a_plan(cause: UUID | None = None, strategy: str = "follow_signal", **changes: Any) -> TradePlan:
    """Return a plan to buy 0.5 BTC at market; keywords reach the plan, its intent, skeleton and risk model."""
    cause = cause or a_signal().event_id
    values: dict[str, Any] = {
        "plan_id": ids.plan_id(cause, strategy), "symbol": "BTC/USDT", "side": "BUY", "quantity": "0.5",
        "quantity_unit": "BASE", "sizing_method": SizingMethod.SIGNAL, "reference_price": "50000", "valid_from": T0,
        "valid_until": T0 + timedelta(minutes=1), "idempotency_scope": f"{strategy}:{cause}", **changes,
    }  # fmt: skip
    parts = {
        "intent": TradeIntent.model_validate(_take(values, TradeIntent)),
        "order_skeleton": OrderSkeleton.model_validate(_take(values, OrderSkeleton)),
        "risk_model": RiskModel.model_validate(_take(values, RiskModel)),
    }
    known = {name: value for name, value in values.items() if name in TradePlan.model_fields}
    return TradePlan.model_validate({**parts, **known})


def a_proposal(n: int = 1, **changes: Any) -> TradeProposalEvent:
    """Return the proposal that ``a_signal(n)`` leads to; plan keywords (side, limit_price ...) are allowed."""
    cause = a_signal(n)
    strategy = changes.get("strategy", "follow_signal")
    plan = changes.get("plan") or a_plan(
        cause.event_id, strategy, **_without(changes, TradeProposalEvent, "symbol")
    )
    values = {
        "strategy": strategy, "strategy_version": "1", "symbol": plan.intent.symbol, "signal_id": cause.event_id,
        "plan": plan, "rationale": "as alerted", "expires_at": plan.valid_until,
    }  # fmt: skip
    own = {name: value for name, value in changes.items() if name in TradeProposalEvent.model_fields}
    return _caused(TradeProposalEvent, cause, strategy, values, own)


def an_approval(n: int = 1, proposal: TradeProposalEvent | None = None, **changes: Any) -> RiskApprovedEvent:
    """Return the approval of ``proposal``, or of ``a_proposal(n)``, as proposed."""
    cause = proposal or a_proposal(n)
    plan, quantity = cause.plan, cause.plan.quantity or Decimal("0.5")
    values = {
        "proposal_id": cause.event_id, "plan_id": plan.plan_id, "signal_id": cause.signal_id,
        "strategy": cause.strategy, "symbol": cause.symbol, "side": plan.intent.side, "checks": (),
        "policy_digest": "0" * 64, "seen": (), "reference_price": plan.reference_price, "plan": plan,
        "approved_quantity": quantity, "approved_limit_price": plan.order_skeleton.limit_price,
        "reduces_risk": plan.intent.reduce_only or plan.intent.close_position,
        "reserved_notional": quantity * (plan.reference_price or Decimal(0)),
        "client_order_id": ids.client_order_id(plan.plan_id), "expires_at": plan.valid_until,
        "event_id": ids.derived_id(cause.event_id, "gate", "ruling"),
    }  # fmt: skip
    return _caused(RiskApprovedEvent, cause, "", values, changes)


def a_position(n: int = 1, **changes: Any) -> PositionEvent:
    """Return the news that the account holds 0.5 BTC, bought at 50000."""
    values = {
        "symbol": "BTC/USDT", "venue": "BINANCE", "currency": "USD", "quantity": "0.5", "average_price": "50000",
        "multiplier": "1", "realized_pnl": "0", "last_price": "50000", "fill_count": n,
    }  # fmt: skip
    digest = _digest("position", n, changes)
    return _root(PositionEvent, digest, values, changes)


def an_account(n: int = 1, **changes: Any) -> AccountEvent:
    """Return the news that the account is worth 100000, all of it cash."""
    values = {
        "currency": "USD", "cash": "100000", "equity": "100000", "trading_day": f"{T0:%Y-%m-%d}",
        "day_start_equity": "100000", "realized_pnl": "0", "realized_pnl_day": "0", "fees": "0",
        "gross_exposure": "0", "fill_count": n,
    }  # fmt: skip
    digest = _digest("account", n, changes)
    return _root(AccountEvent, digest, values, changes)


def a_sizing(value: str = "1", method: str = "FIXED") -> SizingPolicy:
    """Return a sizing policy: always ``value`` units, or another method."""
    return SizingPolicy(SizingMethod(method), Decimal(value))


def a_context(**changes: Any) -> Context:
    """Return a context of account ``paper``: flat, worth 100000, BTC at 50000 and ETH at 2000, sized one unit each.

    ``positions`` may map a symbol to a signed quantity as text: ``a_context(positions={"BTC/USDT": "0.5"})``.
    """
    positions: Mapping[str, Any] = changes.pop("positions", {})
    prices: Mapping[str, Any] = changes.pop("last_prices", {"BTC/USDT": "50000", "ETH/USDT": "2000"})
    params: Params = changes.pop("params", {})
    values: dict[str, Any] = {
        "account": "paper", "now": T0, "instruments": INSTRUMENTS, "sizing": a_sizing(),
        "equity": Decimal(100000), **changes,
    }  # fmt: skip
    held = {
        symbol: held if isinstance(held, Position) else Position(Decimal(held))
        for symbol, held in positions.items()
    }
    last = {symbol: Decimal(price) for symbol, price in prices.items()}
    return Context(positions=held, last_prices=last, params=params, **values)


def _digest(kind: str, n: int, changes: Mapping[str, Any]) -> str:
    said = ",".join(f"{name}={changes[name]!s}" for name in sorted(changes))
    return sha256(f"{kind}:{n}:{said}".encode()).hexdigest()


def _root(cls: type[_EventT], digest: str, values: Mapping[str, Any], changes: Mapping[str, Any]) -> _EventT:
    event_id = changes.get("event_id", ids.natural_id("builders", digest))
    envelope = {
        "event_id": event_id, "type": cls.types()[0], "schema_version": cls.VERSION, "timestamp": T0,
        "source": f"at-{cls.PRODUCER}/test", "trace_id": UUID(str(event_id)).hex, "correlation_id": event_id,
        "account": "paper",
    }  # fmt: skip
    return cls.model_validate({**envelope, **values, **changes})


def _caused(
    cls: type[_EventT], cause: Event, slot: str, values: Mapping[str, Any], changes: Mapping[str, Any]
) -> _EventT:
    kind = cls.types()[0]
    envelope = {
        "event_id": ids.derived_id(cause.event_id, cls.PRODUCER, kind, slot), "type": kind,
        "schema_version": cls.VERSION, "timestamp": T0, "source": f"at-{cls.PRODUCER}/test",
        "trace_id": cause.trace_id, "correlation_id": cause.correlation_id, "causation_id": cause.event_id,
        "account": cause.account,
    }  # fmt: skip
    return cls.model_validate({**envelope, **values, **changes})


def _take(values: Mapping[str, Any], part: type[TradeIntent | OrderSkeleton | RiskModel]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in part.model_fields}


def _without(changes: Mapping[str, Any], cls: type[Event], *kept: str) -> dict[str, Any]:
    parts = (TradePlan, TradeIntent, OrderSkeleton, RiskModel)
    plan_only = {name for part in parts for name in part.model_fields}
    wanted = (plan_only - set(cls.model_fields)) | set(kept)
    return {name: value for name, value in changes.items() if name in wanted}
