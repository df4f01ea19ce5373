"""Sizing: by example, and by the properties that matter: on the grid, never more than asked, never negative."""

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.instruments import Instrument
from at_core.risk.sizing import equity_percent, fixed, notional, risk_to_stop
from at_core.testing.builders import INSTRUMENTS

BTC, AAPL, NQ = (INSTRUMENTS.find(name) for name in ("BTC/USDT", "AAPL", "NQ"))
assert BTC is not None
assert AAPL is not None
assert NQ is not None

EXACT = Context(prec=200)
amounts = st.decimals(min_value=0, max_value=Decimal("1e12"), places=6)
prices = st.decimals(min_value=Decimal("0.000001"), max_value=Decimal("1e9"), places=6)
percents = st.decimals(min_value=0, max_value=200, places=3)
instruments = st.sampled_from([BTC, AAPL, NQ])


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (fixed(Decimal("0.123456789"), BTC), "0.12345"),
        (fixed(Decimal("0.9"), AAPL), "0"),
        (notional(Decimal(1000), Decimal(300), AAPL), "3"),
        (notional(Decimal(900_000), Decimal(20_000), NQ), "2"),
        (notional(Decimal(0), Decimal(1), AAPL), "0"),
        (equity_percent(Decimal(10_000), Decimal(10), Decimal(50_000), BTC), "0.02"),
        (equity_percent(Decimal(-5), Decimal(10), Decimal(50_000), BTC), "0"),
        (risk_to_stop(Decimal(100_000), Decimal(1), Decimal(200), Decimal(195), AAPL), "200"),
        (risk_to_stop(Decimal(100_000), Decimal(1), Decimal(195), Decimal(200), AAPL), "200"),
        (risk_to_stop(Decimal(100_000), Decimal(1), Decimal(20_000), Decimal(19_990), NQ), "5"),
    ],
)
def test_examples(got: Decimal, expected: str) -> None:
    assert got == Decimal(expected)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: fixed(Decimal(-1), BTC),
        lambda: notional(Decimal(-1), Decimal(1), BTC),
        lambda: notional(Decimal(1), Decimal(0), BTC),
        lambda: equity_percent(Decimal(1), Decimal(-1), Decimal(1), BTC),
        lambda: risk_to_stop(Decimal(1), Decimal(1), Decimal(5), Decimal(5), BTC),
        lambda: risk_to_stop(Decimal(1), Decimal(1), Decimal(5), Decimal(0), BTC),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"must|equals"):
        wrong()  # type: ignore[operator]  # a table of calls


def on_grid(quantity: Decimal, instrument: Instrument) -> bool:
    return quantity >= 0 and EXACT.remainder(quantity, instrument.lot_size) == 0


@given(amounts, instruments)
def test_fixed_never_exceeds_what_was_asked(asked: Decimal, instrument: Instrument) -> None:
    quantity = fixed(asked, instrument)
    assert on_grid(quantity, instrument)
    assert quantity <= asked < quantity + instrument.lot_size


@given(amounts, prices, instruments)
def test_notional_never_costs_more_than_the_amount_and_wastes_less_than_a_lot(
    amount: Decimal, price: Decimal, instrument: Instrument
) -> None:
    quantity = notional(amount, price, instrument)
    unit = EXACT.multiply(price, instrument.multiplier)
    assert on_grid(quantity, instrument)
    assert EXACT.multiply(quantity, unit) <= amount
    assert EXACT.multiply(EXACT.add(quantity, instrument.lot_size), unit) > amount


@given(amounts, percents, prices, instruments)
def test_equity_percent_never_exceeds_the_share(
    equity: Decimal, percent: Decimal, price: Decimal, instrument: Instrument
) -> None:
    quantity = equity_percent(equity, percent, price, instrument)
    worth = EXACT.multiply(EXACT.multiply(quantity, price), instrument.multiplier)
    assert on_grid(quantity, instrument)
    assert EXACT.multiply(worth, Decimal(100)) <= EXACT.multiply(equity, percent)


@given(amounts, percents, prices, prices, instruments)
def test_risk_to_stop_never_loses_more_than_the_share(
    equity: Decimal, percent: Decimal, entry: Decimal, stop: Decimal, instrument: Instrument
) -> None:
    if entry == stop:
        return
    quantity = risk_to_stop(equity, percent, entry, stop, instrument)
    lost = EXACT.multiply(EXACT.multiply(quantity, abs(entry - stop)), instrument.multiplier)
    assert on_grid(quantity, instrument)
    assert EXACT.multiply(lost, Decimal(100)) <= EXACT.multiply(equity, percent)
