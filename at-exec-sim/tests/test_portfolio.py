"""Portfolio arithmetic by example and by property."""

from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.enums import Side
from at_exec_sim.portfolio import Holding, market_value, money, notional, with_fill

Fill = tuple[str, str, str]
FILLS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.decimals("0.0001", "1000", places=4),
        st.decimals("0.01", "99999", places=2),
    ),
    max_size=12,
)


def _folded(fills: list[tuple[Side, Decimal, Decimal]], multiplier: Decimal = Decimal(1)) -> Holding:
    return reduce(lambda held, fill: with_fill(held, *fill), fills, Holding(multiplier=multiplier))


@pytest.mark.parametrize(
    ("fills", "quantity", "average", "realized"),
    [
        ([("BUY", "1", "100")], "1", "100", "0"),
        ([("BUY", "1", "100"), ("BUY", "3", "120")], "4", "115", "0"),
        ([("BUY", "2", "100"), ("SELL", "1", "130")], "1", "100", "30"),
        ([("BUY", "2", "100"), ("SELL", "2", "90")], "0", None, "-20"),
        ([("BUY", "1", "100"), ("SELL", "3", "110")], "-2", "110", "10"),
        ([("SELL", "2", "100"), ("BUY", "1", "80")], "-1", "100", "20"),
        ([("SELL", "2", "100"), ("BUY", "3", "110")], "1", "110", "-20"),
    ],
)
def test_statements_by_example(fills: list[Fill], quantity: str, average: str | None, realized: str) -> None:
    held = _folded([(Side(side), Decimal(size), Decimal(price)) for side, size, price in fills])
    assert held.quantity == Decimal(quantity)
    assert held.average_price == (None if average is None else Decimal(average))
    assert held.realized_pnl == Decimal(realized)
    assert held.fill_count == len(fills)


@given(FILLS, st.sampled_from([Decimal(1), Decimal(20)]), st.decimals("0.01", "99999", places=2))
def test_profit_is_what_came_in_minus_what_went_out(
    fills: list[tuple[Side, Decimal, Decimal]], multiplier: Decimal, last: Decimal
) -> None:
    held = _folded(fills, multiplier)
    cash = -sum((notional(size * side.sign, price, multiplier) for side, size, price in fills), Decimal(0))
    assert held.quantity == sum((size * side.sign for side, size, _ in fills), Decimal(0))
    assert (held.average_price is None) == (held.quantity == 0)
    entry = notional(held.quantity, held.average_price, multiplier) if held.average_price else Decimal(0)
    unrealized = market_value(held, last) - entry
    assert abs(cash + market_value(held, last) - held.realized_pnl - unrealized) < Decimal("0.0001")


@given(st.decimals("-1e15", "1e15", places=16))
def test_money_keeps_plain_notation_and_twelve_places(value: Decimal) -> None:
    kept = money(value)
    assert abs(kept - value) <= Decimal("5e-13")
    assert -kept.as_tuple().exponent <= 12  # type: ignore[operator] - a finite decimal has a number there
    assert "E" not in format(kept, "f")
