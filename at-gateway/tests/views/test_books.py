"""Books and quarantine: the newest fact wins, copies change nothing, the oldest go first."""

from __future__ import annotations

from datetime import timedelta

from test_traces import Story

from at_core.enums import BodyEncoding
from at_core.events import AlertQuarantined, AlertQuarantinedEvent, Emit, originate
from at_core.ids import natural_id
from at_core.testing.builders import T0, a_position, a_signal, an_account
from at_gateway.views.books import Books
from at_gateway.views.quarantine import Quarantine


def test_the_newest_position_of_each_symbol_is_shown() -> None:
    books = Books(10, 10)
    books.fold(a_position(2, quantity="1"))
    books.fold(a_position(1, quantity="0.5"))
    books.fold(a_position(1, symbol="ETH/USDT", account="other"))
    rows = {(row["account"], row["symbol"]): row["quantity"] for row in books.positions()}
    assert rows == {("paper", "BTC/USDT"): "1", ("other", "ETH/USDT"): "0.5"}


def test_a_flat_position_stays_visible_with_its_result() -> None:
    books = Books(10, 10)
    books.fold(a_position(1))
    books.fold(a_position(2, quantity="0", average_price=None, realized_pnl="12"))
    (row,) = books.positions()
    assert (row["quantity"], row["realized_pnl"]) == ("0", "12")


def test_the_newest_account_is_shown() -> None:
    books = Books(10, 10)
    books.fold(an_account(2, cash="90"))
    books.fold(an_account(1, cash="100"))
    assert [row["cash"] for row in books.accounts()] == ["90"]


def test_an_order_is_followed_through_its_life() -> None:
    story, books = Story(), Books(10, 10)
    steps = [story.submitted(), story.updated("ACKNOWLEDGED"), story.updated("FILLED", "0.5")]
    seen = []
    for step in steps:
        books.fold(step)
        seen.append(books.orders()[0]["status"])
    assert seen == ["CREATED", "ACKNOWLEDGED", "FILLED"]
    (row,) = books.orders()
    assert (row["filled_quantity"], row["broker"], row["order_type"]) == ("0.5", "sim", "MARKET")
    for copy in steps:
        books.fold(copy)
    assert books.orders()[0]["status"] == "FILLED"


def test_an_update_may_arrive_before_its_intent() -> None:
    story, books = Story(), Books(10, 10)
    intent, update = story.submitted(), story.updated("FILLED", "0.5")
    books.fold(update)
    books.fold(intent)
    (row,) = books.orders()
    assert (row["status"], row["filled_quantity"], row["broker"]) == ("FILLED", "0.5", "sim")


def test_fills_are_listed_once_and_the_newest_first() -> None:
    story, books = Story(), Books(10, 2)
    fills = [
        story.fill("PARTIALLY_FILLED", "0.1"),
        story.fill("PARTIALLY_FILLED", "0.2"),
        story.fill("FILLED", "0.5"),
    ]
    for fill in (*fills, *fills[1:]):
        books.fold(fill)
    assert [row["filled_quantity"] for row in books.fills()] == ["0.5", "0.2"]


def test_orders_are_bounded_and_other_events_ignored() -> None:
    books = Books(2, 2)
    for n in range(4):
        story = Story(n)
        books.fold(story.submitted())
    books.fold(a_signal())
    assert len(books.orders()) == 2


def test_the_quarantine_is_bounded_and_newest_first() -> None:
    room = Quarantine(2)
    for n in range(3):
        payload = AlertQuarantined(
            signal_source="tv", code="BROKEN_JSON", hint="h", content_type="", body_text=str(n), body_size=1,
            body_encoding=BodyEncoding.UTF8, truncated=False, body_digest="0" * 64,
            received_at=T0 + timedelta(seconds=n),
        )  # fmt: skip
        event = originate(
            Emit(payload, account="paper"), natural_id("tv", str(n)), source="at-gateway/1", now=T0
        )
        assert isinstance(event, AlertQuarantinedEvent)
        room.fold(event)
        room.fold(event)
    assert [entry["body"] for entry in room.entries()] == ["2", "1"]
