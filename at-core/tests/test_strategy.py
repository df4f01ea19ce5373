"""Tests of what strategy authors import: the context's answers and its sizing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from at_core.enums import Side, SizingMethod
from at_core.strategy import FLAT, Abstain, Sized, Strategy, TradeProposal
from at_core.testing.builders import INSTRUMENTS, a_context, a_signal, a_sizing

BTC = "BTC/USDT"


def test_a_strategy_is_tested_in_five_lines() -> None:
    def fade(signal: Any, ctx: Any) -> TradeProposal:
        return TradeProposal(
            signal.symbol, signal.side.opposite, rationale=f"held {ctx.position(signal.symbol).quantity}"
        )

    wish = Strategy("fade", fade).propose(a_signal(side="BUY"), a_context(positions={BTC: "2"}))
    assert wish == TradeProposal(BTC, Side.SELL, rationale="held 2")


def test_an_unknown_position_is_flat_and_an_unknown_price_is_none() -> None:
    assert a_context().position("AAPL") == FLAT
    assert a_context().last_price("AAPL") is None


def test_a_context_and_a_proposal_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        a_context().equity = Decimal(1)  # type: ignore[misc]  # the point of the test
    with pytest.raises(FrozenInstanceError):
        TradeProposal(BTC, Side.BUY).quantity = Decimal(1)  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize(
    ("method", "value", "quantity"),
    [
        ("FIXED", "0.5", "0.5"),
        ("SIGNAL", "0", "0.25"),
        ("NOTIONAL", "1000", "0.02"),
        ("EQUITY_PERCENT", "2", "0.04"),
        ("RISK_TO_STOP", "1", "1"),
    ],
)
def test_each_policy_finds_its_quantity(method: str, value: str, quantity: str) -> None:
    ctx = a_context(sizing=a_sizing(value, method))
    size = ctx.size(BTC, Side.BUY, Decimal(50_000), Decimal(49_000), a_signal(quantity="0.25"))
    assert size == Sized(Decimal(quantity), SizingMethod(method))


def test_the_price_defaults_to_the_last_one_known() -> None:
    assert a_context(sizing=a_sizing("1000", "NOTIONAL")).size(BTC, Side.BUY) == Sized(
        Decimal("0.02"), SizingMethod.NOTIONAL
    )


@pytest.mark.parametrize(
    ("method", "context", "arguments", "code"),
    [
        ("FIXED", {}, {"symbol": "DOGE"}, "UNKNOWN_INSTRUMENT"),
        ("FIXED", {"value": "0.000001"}, {}, "SIZE_BELOW_LOT"),
        ("SIGNAL", {}, {}, "NO_QUANTITY"),
        ("SIGNAL", {}, {"signal": a_signal(quantity_unit="EQUITY_PERCENT")}, "NO_QUANTITY"),
        ("NOTIONAL", {"last_prices": {}}, {}, "NO_PRICE"),
        ("EQUITY_PERCENT", {"equity": None}, {}, "NO_EQUITY"),
        ("RISK_TO_STOP", {}, {}, "NO_STOP"),
        ("RISK_TO_STOP", {}, {"stop": Decimal(50_000)}, "NO_STOP"),
        ("RISK_TO_STOP", {}, {"stop": Decimal(51_000)}, "NO_STOP"),
        ("RISK_TO_STOP", {}, {"side": Side.SELL, "stop": Decimal(49_000)}, "NO_STOP"),
    ],
)
def test_a_policy_that_lacks_something_says_what(
    method: str, context: dict[str, Any], arguments: dict[str, Any], code: str
) -> None:
    changes = {"value": "1", **context}
    ctx = a_context(sizing=a_sizing(changes.pop("value"), method), **changes)
    size = ctx.size(**{"symbol": BTC, "side": Side.BUY, **arguments})
    assert isinstance(size, Abstain)
    assert size.code == code


amounts = st.decimals(min_value="0.01", max_value="1000000", places=2)


@given(st.sampled_from([instrument.symbol for instrument in INSTRUMENTS]), amounts, amounts)
@settings(max_examples=100, deadline=None)
def test_a_size_is_on_the_lot_grid_and_never_worth_more_than_the_policy_gives(
    symbol: str, amount: Decimal, price: Decimal
) -> None:
    size = a_context(sizing=a_sizing(str(amount), "NOTIONAL")).size(symbol, Side.BUY, price)
    instrument = INSTRUMENTS.get(symbol)
    assert instrument is not None
    if isinstance(size, Abstain):
        assert instrument.notional(instrument.lot_size, price) > amount
    else:
        assert instrument.quantity(size.quantity) == size.quantity
        assert instrument.notional(size.quantity, price) <= amount


def test_a_reduction_and_a_close_are_exits() -> None:
    wishes = [TradeProposal(BTC, Side.SELL, **{name: True}) for name in ("reduce_only", "close_position")]
    assert [wish.exits for wish in [*wishes, TradeProposal(BTC, Side.SELL)]] == [True, True, False]
