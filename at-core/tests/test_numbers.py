"""Numbers that carry money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from at_core.numbers import Price, Quantity, WireDecimal, as_decimal, plain, to_lot, to_tick

WIRE = TypeAdapter(WireDecimal)

decimals = st.decimals(
    min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=8, allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    "bad",
    ["NaN", "Infinity", "1e5", "1E+2", "+1", " 1", "1 ", "1_000", "", ".5", "5.", "00", "01", "--1", "1,5"],
)
def test_text_that_two_readers_could_read_differently_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="plain decimal"):
        as_decimal(bad)


def test_a_secret_in_the_wrong_field_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        WIRE.validate_python("open-sesame-open-sesame")
    assert "open-sesame" not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("number", [1, 1.5, True, None])
def test_json_numbers_are_refused(number: object) -> None:
    with pytest.raises(ValidationError):
        WIRE.validate_python(number)


def test_scale_is_kept_and_exponents_are_never_written() -> None:
    assert WIRE.dump_json(WIRE.validate_python("0.100")) == b'"0.100"'
    assert WIRE.dump_json(WIRE.validate_python(Decimal("1E+2"))) == b'"100"'


@given(decimals)
def test_what_is_written_reads_back_equal(value: Decimal) -> None:
    assert as_decimal(plain(value)) == value


@given(
    st.decimals(min_value=0, max_value=10**9, places=8), st.sampled_from(["0.00001", "0.1", "1", "5", "1000"])
)
def test_a_lot_never_enlarges_an_order_and_is_on_the_grid(quantity: Decimal, lot: str) -> None:
    rounded = to_lot(quantity, Decimal(lot))
    assert rounded <= quantity < rounded + Decimal(lot)
    assert rounded % Decimal(lot) == 0


@given(st.decimals(min_value=0, max_value=10**9, places=8), st.sampled_from(["0.01", "0.25", "0.00001"]))
def test_a_tick_is_the_nearest_one(price: Decimal, tick: str) -> None:
    step = Decimal(tick)
    assert abs(to_tick(price, step) - price) <= step / 2


def test_bounds_of_price_and_quantity() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Price).validate_python("0")
    with pytest.raises(ValidationError):
        TypeAdapter(Quantity).validate_python("-1")
    assert TypeAdapter(Quantity).validate_python("0") == 0
