"""Numbers: each way of being wrong has its own code, and what is accepted keeps every digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.numbers import as_decimal, plain
from at_gateway.webhook.numbers import read_number
from at_gateway.webhook.refusals import Refusal, RefusalCode


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"), (" 1.50 ", "1.50"), ("+2", "2"), (".5", "0.5"), ("5.", "5"), ("1e-05", "0.00001"),
        ("2E3", "2000"), ("007", "7"), ("99999999999999999999.123456789012345678", None),
    ],
)  # fmt: skip
def test_a_plain_number_is_read_exactly(text: str, value: str | None) -> None:
    assert read_number("quantity", text) == Decimal(value or text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "EMPTY_NUMBER"), ("   ", "EMPTY_NUMBER"), ("NaN", "NAN_NUMBER"), ("-nan", "NAN_NUMBER"),
        ("n/a", "NAN_NUMBER"), ("Infinity", "INFINITE_NUMBER"), ("-inf", "INFINITE_NUMBER"),
        ("-1", "NEGATIVE_NUMBER"), ("0", "ZERO_NUMBER"), ("-0", "ZERO_NUMBER"), ("0e999", "ZERO_NUMBER"),
        ("{{strategy.order.contracts}}", "UNRESOLVED_PLACEHOLDER"), ("100*2", "ARITHMETIC_NUMBER"),
        ("50000 + 1", "ARITHMETIC_NUMBER"), ("(1)", "ARITHMETIC_NUMBER"), ("1-2", "ARITHMETIC_NUMBER"),
        ("1,000", "NOT_A_NUMBER"), ("10%", "NOT_A_NUMBER"), ("0x10", "NOT_A_NUMBER"), ("1_000", "NOT_A_NUMBER"),
        ("one", "NOT_A_NUMBER"), ("1 2", "NOT_A_NUMBER"), ("\uff11", "NOT_A_NUMBER"), ("1e", "NOT_A_NUMBER"),
        ("1e999", "NUMBER_TOO_LONG"), ("1e-30", "NUMBER_TOO_LONG"), ("1" * 21, "NUMBER_TOO_LONG"),
        ("0." + "1" * 19, "NUMBER_TOO_LONG"), ("9" * 5000, "NUMBER_TOO_LONG"),
    ],
)  # fmt: skip
def test_a_wrong_number_has_its_own_code(text: str, code: str) -> None:
    found = read_number("quantity", text)
    assert isinstance(found, Refusal)
    assert found.code == RefusalCode(code)
    assert "quantity" in found.text


def test_zero_and_negative_are_read_where_they_mean_something() -> None:
    assert read_number("position", "0", zero=True) == 0
    assert read_number("position", "-2.5", zero=True, negative=True) == Decimal("-2.5")


@given(st.decimals(min_value=Decimal("1e-18"), max_value=Decimal("1e19"), allow_nan=False, places=18))
def test_numbers_round_trip_through_the_wire_form(value: Decimal) -> None:
    read = read_number("price", plain(value))
    assert isinstance(read, Decimal)
    assert read == value
    assert as_decimal(plain(read)) == value


@given(st.text(max_size=60))
def test_any_text_is_a_wire_number_or_a_refusal(text: str) -> None:
    read = read_number("price", text, zero=True, negative=True)
    assert isinstance(read, Refusal) or as_decimal(plain(read)) == read
