"""Broker cards: what every adapter must do, card by card; skipped only by what the adapter declares it cannot.

An adapter's test is a class of three lines:

    class TestSimulated(BrokerCards):
        def make_place(self) -> BrokerPlace: ...

A place is one fresh account at one broker (or its stand-in) with a market price for ``symbol``. Cards marked with
``restarts`` also need the place to bring the broker's own side back after our process died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from at_core.enums import OrderStatus, OrderType, Side, TimeInForce
from at_exec_sim.brokers.models import (
    BrokerCode,
    BrokerOrder,
    BrokerRefusal,
    ClientIdSemantics,
    FillPage,
    OrderFilter,
    OrderRequest,
    TradeFilter,
)
from at_exec_sim.testing.broker_place import BrokerPlace

__all__ = ["BrokerCards"]

T = TypeVar("T")


def _order(answer: BrokerOrder | BrokerRefusal) -> BrokerOrder:
    assert isinstance(answer, BrokerOrder), answer
    return answer


def _refusal(answer: object) -> BrokerRefusal:
    assert isinstance(answer, BrokerRefusal), answer
    return answer


class BrokerCards:
    """The cards. Each runs in a place of its own."""

    def make_place(self) -> BrokerPlace:
        """Return a fresh place."""
        raise NotImplementedError

    def story(self, tell: Coroutine[Any, Any, T]) -> T:
        """Run one card."""
        return asyncio.run(tell)

    def request(self, place: BrokerPlace, name: str = "card-1", **changes: Any) -> OrderRequest:
        """Return a request to buy at market."""
        values: dict[str, Any] = {
            "client_order_id": name,
            "symbol": place.symbol,
            "side": Side.BUY,
            "order_type": OrderType.MARKET,
            "time_in_force": TimeInForce.DAY,
            "quantity": place.quantity,
        }
        return OrderRequest(**{**values, **changes})

    def resting(self, place: BrokerPlace, name: str = "card-1") -> OrderRequest:
        """Return a request that waits on the book."""
        return self.request(place, name, order_type=OrderType.LIMIT, limit_price=place.far_below)

    def test_b01_a_market_order_fills_and_is_told_alike_by_every_verb(self) -> None:
        """A market order fills and is told alike by every verb."""

        async def card() -> None:
            place = self.make_place()
            placed = _order(await place.broker.place_order(self.request(place)))
            assert placed.client_order_id == "card-1"
            found = _order(await place.broker.find_order("card-1"))
            assert found == _order(await place.broker.get_order_status(placed.broker_order_id))
            assert (found.status, found.filled_quantity) == (OrderStatus.FILLED, place.quantity)
            trades = await place.broker.get_trades(TradeFilter(client_order_id="card-1"))
            page = await place.broker.get_fills(None)
            assert isinstance(page, FillPage)
            assert page.fills == trades
            assert sum((fill.quantity for fill in page.fills), Decimal(0)) == place.quantity
            assert found.average_price is not None
            await place.close()

        self.story(card())

    def test_b02_positions_and_cash_follow_the_executions(self) -> None:
        """Positions and cash follow the executions."""

        async def card() -> None:
            place = self.make_place()
            before = await place.broker.get_account()
            assert not isinstance(before, BrokerRefusal)
            await place.broker.place_order(self.request(place))
            snapshot = await place.broker.get_snapshot()
            assert not isinstance(snapshot, BrokerRefusal)
            [position] = snapshot.positions
            assert (position.symbol, position.quantity) == (place.symbol, place.quantity)
            assert snapshot.account.cash < before.cash
            assert snapshot.open_orders == ()
            assert snapshot.positions == await place.broker.get_positions()
            await place.close()

        self.story(card())

    def test_b03_a_resting_order_is_open_until_it_is_canceled(self) -> None:
        """A resting order is open until it is canceled."""

        async def card() -> None:
            place = self.make_place()
            placed = _order(await place.broker.place_order(self.resting(place)))
            assert placed.status is OrderStatus.ACKNOWLEDGED
            assert await place.broker.get_open_orders() == (placed,)
            canceled = _order(await place.broker.cancel_order(placed.broker_order_id))
            assert canceled.status is OrderStatus.CANCELED
            assert await place.broker.get_open_orders() == ()
            listed = await place.broker.get_orders(OrderFilter(symbol=place.symbol))
            assert listed == (canceled,)
            assert await place.broker.get_orders(OrderFilter(open_only=True)) == ()
            await place.close()

        self.story(card())

    def test_b04_a_resting_order_fills_when_the_market_comes_to_it(self) -> None:
        """A resting order fills when the market comes to it."""

        async def card() -> None:
            place = self.make_place()
            await place.broker.place_order(self.resting(place))
            await place.move_market_to(place.far_below * Decimal("0.9"))
            found = _order(await place.broker.find_order("card-1"))
            assert found.status is OrderStatus.FILLED
            assert found.average_price is not None
            assert found.average_price <= place.far_below
            await place.close()

        self.story(card())

    def test_b05_a_permanent_client_order_id_is_never_accepted_twice(self) -> None:
        """A permanent client order id is never accepted twice."""

        async def card() -> None:
            place = self.make_place()
            if place.broker.capabilities.client_id_semantics is not ClientIdSemantics.PERMANENT:
                pytest.skip("the adapter declares ids that are not permanent")
            placed = _order(await place.broker.place_order(self.resting(place)))
            for _ in range(2):
                again = _refusal(await place.broker.place_order(self.resting(place)))
                assert again.code is BrokerCode.DUPLICATE
                if again.existing is not None:
                    assert again.existing.broker_order_id == placed.broker_order_id
                await place.broker.cancel_order(placed.broker_order_id)
            orders = await place.broker.get_orders(OrderFilter())
            assert not isinstance(orders, BrokerRefusal)
            assert len(orders) == 1
            await place.close()

        self.story(card())

    def test_b06_a_lost_answer_is_unknown_and_the_order_can_be_found(self) -> None:
        """A lost answer is unknown and the order can be found."""

        async def card() -> None:
            place = self.make_place()
            await place.lose_next_answer()
            lost = _refusal(await place.broker.place_order(self.request(place)))
            assert lost.code is BrokerCode.OUTCOME_UNKNOWN
            assert not lost.retryable
            assert _order(await place.broker.find_order("card-1")).client_order_id == "card-1"
            await place.close()

        self.story(card())

    def test_b07_an_order_nobody_placed_is_not_found(self) -> None:
        """An order nobody placed is not found."""

        async def card() -> None:
            place = self.make_place()
            assert _refusal(await place.broker.find_order("nobody")).code is BrokerCode.NOT_FOUND
            assert _refusal(await place.broker.get_order_status("nobody")).code is BrokerCode.NOT_FOUND
            assert _refusal(await place.broker.cancel_order("nobody")).code is BrokerCode.NOT_FOUND
            await place.close()

        self.story(card())

    def test_b08_refusals_are_values_with_codes_and_leave_no_order(self) -> None:
        """Refusals are values with codes and leave no order."""

        async def card() -> None:
            place = self.make_place()
            unknown = self.request(place, symbol="NO-SUCH-TICKER")
            assert _refusal(await place.broker.place_order(unknown)).code is BrokerCode.INVALID_TICKER
            rich = self.request(place, quantity=place.quantity * 1000)
            assert _refusal(await place.broker.place_order(rich)).code in (
                BrokerCode.INSUFFICIENT_FUNDS,
                BrokerCode.REJECTED,
            )
            assert await place.broker.get_orders(OrderFilter()) == ()
            placed = _order(await place.broker.place_order(self.request(place)))
            assert placed.status is OrderStatus.FILLED, "a refused order does not use its id up"
            await place.close()

        self.story(card())

    def test_b09_an_order_type_that_is_not_declared_is_unsupported(self) -> None:
        """An order type that is not declared is unsupported."""

        async def card() -> None:
            place = self.make_place()
            missing = sorted(set(OrderType) - place.broker.capabilities.order_types)
            if not missing:
                pytest.skip("the adapter declares every order type")
            answer = _refusal(await place.broker.place_order(self.request(place, order_type=missing[0])))
            assert answer.code is BrokerCode.UNSUPPORTED
            await place.close()

        self.story(card())

    def test_b10_a_cursor_never_skips_and_pages_add_up(self) -> None:
        """A cursor never skips and pages add up."""

        async def card() -> None:
            place = self.make_place()
            for number in range(5):
                side = Side.BUY if number % 2 == 0 else Side.SELL
                await place.broker.place_order(self.request(place, f"card-{number}", side=side))
            seen: list[str] = []
            cursor: str | None = None
            more = True
            while more:
                page = await place.broker.get_fills(cursor, limit=2)
                assert isinstance(page, FillPage)
                seen += [fill.execution_id for fill in page.fills]
                cursor, more = page.cursor, page.more
            whole = await place.broker.get_fills(None)
            assert isinstance(whole, FillPage)
            assert list(dict.fromkeys(seen)) == [fill.execution_id for fill in whole.fills]
            assert len(seen) >= 5
            await place.broker.place_order(self.request(place, "card-last"))
            fresh = await place.broker.get_fills(cursor)
            assert isinstance(fresh, FillPage)
            assert fresh.fills[-1].client_order_id == "card-last"
            await place.close()

        self.story(card())

    def test_b11_executions_can_be_asked_for_from_a_time_on(self) -> None:
        """Executions can be asked for from a time on."""

        async def card() -> None:
            place = self.make_place()
            placed = _order(await place.broker.place_order(self.request(place)))
            early = await place.broker.get_fills(placed.submitted_at - timedelta(hours=1))
            late = await place.broker.get_fills(placed.submitted_at + timedelta(hours=1))
            assert isinstance(early, FillPage)
            assert isinstance(late, FillPage)
            assert (len(early.fills), len(late.fills)) == (1, 0)
            await place.close()

        self.story(card())

    def test_b12_restarts_the_broker_remembers_orders_ids_and_executions(self) -> None:
        """The broker remembers orders ids and executions, over a restart."""

        async def card() -> None:
            place = self.make_place()
            await place.broker.place_order(self.request(place))
            await place.broker.place_order(self.resting(place, "card-2"))
            before = await place.broker.get_snapshot()
            executions = await place.broker.get_fills(None)
            await place.restart()
            after = await place.broker.get_snapshot()
            assert not isinstance(before, BrokerRefusal)
            assert not isinstance(after, BrokerRefusal)
            assert (after.account, after.positions, after.open_orders) == (
                before.account,
                before.positions,
                before.open_orders,
            )
            assert await place.broker.get_fills(None) == executions
            if place.broker.capabilities.client_id_semantics is ClientIdSemantics.PERMANENT:
                again = _refusal(await place.broker.place_order(self.request(place)))
                assert again.code is BrokerCode.DUPLICATE
            await place.close()

        self.story(card())

    def test_b13_quotes_are_told_for_known_symbols_only(self) -> None:
        """Quotes are told for known symbols only."""

        async def card() -> None:
            place = self.make_place()
            await place.move_market_to(place.far_below)
            quotes = await place.broker.get_quotes([place.symbol, "NO-SUCH-TICKER"])
            assert not isinstance(quotes, BrokerRefusal)
            assert [quote.symbol for quote in quotes] == [place.symbol]
            assert quotes[0].last == place.far_below
            await place.close()

        self.story(card())

    def test_b14_canceling_a_finished_order_tells_how_it_ended(self) -> None:
        """Canceling a finished order tells how it ended."""

        async def card() -> None:
            place = self.make_place()
            placed = _order(await place.broker.place_order(self.request(place)))
            answer = await place.broker.cancel_order(placed.broker_order_id)
            if isinstance(answer, BrokerOrder):
                assert answer.status is OrderStatus.FILLED
            else:
                assert answer.code is BrokerCode.REJECTED
            await place.close()

        self.story(card())
