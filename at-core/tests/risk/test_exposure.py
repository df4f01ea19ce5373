"""Exposure: by example, and the properties the limits rest on."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from risk_world import SYMBOL, a_book, reserved, some_money

from at_core.enums import Side
from at_core.risk.exposure import (
    Book,
    Position,
    Reservation,
    closable,
    gross_exposure,
    marked_equity,
    reduces,
    symbol_exposure,
)

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (a_book(), 0),
        (a_book("1"), 50_000),
        (a_book("-1"), 50_000),
        (a_book("1", reserved(BUY, "1")), 100_000),
        (a_book("1", reserved(SELL, "0.5", exit_=True)), 50_000),
        (a_book("0", reserved(BUY, "1"), reserved(SELL, "3")), 150_000),
        (a_book("1", reserved(SELL, "3")), 150_000),
        (a_book("1", reserved(BUY, "1", symbol="ETH/USDT")), 50_000),
    ],
)
def test_the_worst_case_of_a_symbol(book: Book, expected: int) -> None:
    assert symbol_exposure(book, SYMBOL) == expected


def test_positions_are_valued_at_the_newest_price_with_their_multiplier() -> None:
    book = Book(positions={"NQ": Position(Decimal(2), Decimal(20_000), Decimal(20))})
    assert symbol_exposure(book, "NQ") == 800_000
    assert symbol_exposure(replace(book, marks={"NQ": Decimal(21_000)}), "NQ") == 840_000


def test_gross_exposure_adds_the_symbols_up() -> None:
    book = a_book("1", reserved(BUY, "2", "2000", symbol="ETH/USDT"))
    assert gross_exposure(book) == 54_000
    assert gross_exposure(book, reserved(BUY, "1", "100", symbol="AAPL")) == 54_100
    assert gross_exposure(book, reserved(BUY, "1")) == 104_000


@pytest.mark.parametrize(
    ("position", "held", "side", "expected"),
    [
        ("5", [], SELL, "5"),
        ("-5", [], BUY, "5"),
        ("5", [], BUY, "0"),
        ("0", [], SELL, "0"),
        ("0", [reserved(BUY, "3")], SELL, "3"),
        ("5", [reserved(BUY, "3")], SELL, "8"),
        ("5", [reserved(SELL, "5", exit_=True)], SELL, "0"),
        ("5", [reserved(SELL, "2", exit_=True)], SELL, "3"),
        ("5", [reserved(SELL, "5", exit_=True, rests=True)], SELL, "5"),
        ("5", [reserved(SELL, "9")], SELL, "0"),
        ("-5", [reserved(BUY, "2", exit_=True), reserved(SELL, "1")], BUY, "4"),
    ],
)
def test_what_an_exit_may_close(position: str, held: list[Reservation], side: Side, expected: str) -> None:
    assert closable(Decimal(position), held, side) == Decimal(expected)


@pytest.mark.parametrize(
    ("position", "held", "side", "quantity", "expected"),
    [
        ("5", [], SELL, "5", True),
        ("5", [], SELL, "5.01", False),
        ("5", [], BUY, "1", False),
        ("5", [], SELL, "0", False),
        ("0", [reserved(BUY, "5")], SELL, "5", False),
        ("5", [reserved(SELL, "3", exit_=True)], SELL, "2", True),
        ("5", [reserved(SELL, "3", exit_=True)], SELL, "3", False),
    ],
)
def test_when_an_order_only_reduces(
    position: str, held: list[Reservation], side: Side, quantity: str, expected: bool
) -> None:
    assert reduces(Decimal(position), held, side, Decimal(quantity)) is expected


def test_equity_is_marked_only_when_money_and_positions_speak_of_the_same_fills() -> None:
    holding = {SYMBOL: Position(Decimal(1), Decimal(50_000), fill_count=3)}
    money = some_money(cash=Decimal(50_000), equity=Decimal(100_000), fill_count=3)
    book = Book(positions=holding, account=money, marks={SYMBOL: Decimal(48_000)})
    assert marked_equity(book) == 98_000
    assert marked_equity(replace(book, account=replace(money, fill_count=2))) == 100_000
    assert marked_equity(replace(book, account=None)) is None


quantities = st.integers(1, 50).map(Decimal)
sides = st.sampled_from([BUY, SELL])
reservations = st.builds(
    Reservation, st.just(SYMBOL), sides, quantities, st.just(Decimal(10)), st.booleans(), st.booleans()
)
books = st.builds(
    lambda position, held: Book(
        positions={SYMBOL: Position(Decimal(position), Decimal(10))},
        reservations={str(number): item for number, item in enumerate(held)},
    ),
    st.integers(-50, 50),
    st.lists(reservations, max_size=6),
)


@given(books, reservations)
def test_more_on_its_way_is_never_less_exposure(book: Book, adding: Reservation) -> None:
    before, after = symbol_exposure(book, SYMBOL), symbol_exposure(book, SYMBOL, adding)
    assert before <= after <= before + adding.notional
    assert gross_exposure(book, adding) == after


@given(books, st.data())
def test_no_fill_and_no_cancel_of_what_was_approved_raises_the_exposure(
    book: Book, data: st.DataObject
) -> None:
    """Clipping is the engine's: a reducing order fills at most what it faces."""
    exposure = symbol_exposure(book, SYMBOL)
    for _ in range(4):
        if not book.reservations:
            return
        key = data.draw(st.sampled_from(sorted(book.reservations)))
        order, position = book.reservations[key], book.positions[SYMBOL]
        filled = data.draw(st.integers(0, int(order.quantity)).map(Decimal))
        if order.reduces_risk:
            filled = min(filled, max(Decimal(0), -order.side.sign * position.quantity))
        after = replace(position, quantity=position.quantity + order.side.sign * filled)
        book = Book(
            positions={SYMBOL: after},
            reservations={**book.reservations, key: replace(order, quantity=order.quantity - filled)},
        )
        assert symbol_exposure(book, SYMBOL) <= exposure
        exposure = symbol_exposure(book, SYMBOL)


@given(st.integers(-50, 50), st.lists(reservations, max_size=6), sides, quantities)
def test_what_reduces_is_always_closable(
    position: int, held: list[Reservation], side: Side, quantity: Decimal
) -> None:
    if reduces(Decimal(position), held, side, quantity):
        assert quantity <= closable(Decimal(position), held, side)
        assert abs(position + side.sign * quantity) < abs(position)
