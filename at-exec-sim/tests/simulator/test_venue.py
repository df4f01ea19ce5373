"""The venue by example: prices, sizes, lives and refusals."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from at_core.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from at_core.testing.builders import INSTRUMENTS, T0
from at_exec_sim.simulator.book import Market, VenueBook, VenueFill, VenueOrder
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.simulator.fees import FeeModel, fee_of
from at_exec_sim.simulator.latency import LatencyModel, delay_of
from at_exec_sim.simulator.slippage import SlippageModel, slipped
from at_exec_sim.simulator.venue import OrderFilled, Outcome, cancel, observe, pass_time, place

SYMBOL = "BTC/USDT"
CONFIG = VenueConfig(INSTRUMENTS)
SECOND = timedelta(seconds=1)


class Floor:
    """A venue under test."""

    def __init__(self, config: VenueConfig = CONFIG, cash: str = "1000000") -> None:
        self.config = config
        self.book = VenueBook(Decimal(cash))
        self.now = T0
        self.count = 0

    def place(self, **changes: Any) -> Outcome:
        self.count += 1
        values: dict[str, Any] = {
            "client_order_id": f"c{self.count}", "broker_order_id": f"b{self.count}", "symbol": SYMBOL,
            "side": Side.BUY, "order_type": OrderType.MARKET, "time_in_force": TimeInForce.DAY, "quantity": Decimal(1),
            "placed_at": self.now, "working_from": self.now, "updated_at": self.now,
        }  # fmt: skip
        decimals = ("quantity", "limit_price", "stop_price", "reference_price")
        given = {name: Decimal(value) if name in decimals else value for name, value in changes.items()}
        return place(self.book, VenueOrder(**{**values, **given}), self.now, self.config)

    def market(self, seconds: float = 1, **prices: Any) -> Outcome:
        self.now += timedelta(seconds=seconds)
        self.count += 1
        given = {name: Decimal(value) for name, value in prices.items()}
        market = Market(symbol=SYMBOL, tick_id=f"t{self.count}", at=self.now, **given)
        return observe(self.book, market, self.now, self.config)

    def order(self, number: int = 1) -> VenueOrder:
        return list(self.book.orders.values())[number - 1]


def fills(outcome: Outcome) -> list[VenueFill]:
    return [event.fill for event in outcome.events if isinstance(event, OrderFilled)]


def prices(outcome: Outcome) -> list[Decimal]:
    return [fill.price for fill in fills(outcome)]


def test_a_market_order_takes_the_touch_of_its_side() -> None:
    floor = Floor()
    floor.market(bid="99", ask="101")
    assert prices(floor.place()) == [Decimal(101)]
    assert prices(floor.place(side=Side.SELL)) == [Decimal(99)]


def test_without_any_market_the_reference_price_stands_in() -> None:
    floor = Floor()
    assert prices(floor.place(reference_price="100")) == [Decimal(100)]
    assert floor.place().refusal is not None


@pytest.mark.parametrize(
    ("side", "limit", "bid", "ask", "price"),
    [
        ("BUY", "101", "99", "100", "100"),
        ("BUY", "100", "99", "100", "100"),
        ("SELL", "99", "99", "100", "99"),
    ],
)
def test_a_marketable_limit_order_takes(side: str, limit: str, bid: str, ask: str, price: str) -> None:
    floor = Floor()
    floor.market(bid=bid, ask=ask)
    [fill] = fills(floor.place(side=Side(side), order_type=OrderType.LIMIT, limit_price=limit))
    assert (fill.price, fill.liquidity) == (Decimal(price), Liquidity.TAKER)


def test_a_resting_limit_order_makes_at_its_own_price() -> None:
    floor = Floor()
    floor.market(last="100")
    assert not fills(floor.place(order_type=OrderType.LIMIT, limit_price="95"))
    assert not fills(floor.market(last="96", low="95.01", high="100"))
    [fill] = fills(floor.market(last="97", low="94", high="99"))
    assert (fill.price, fill.liquidity) == (Decimal(95), Liquidity.MAKER)


@pytest.mark.parametrize(("chance", "filled"), [("1", True), ("0", False)])
def test_a_touch_fills_by_chance(chance: str, filled: bool) -> None:
    floor = Floor(replace(CONFIG, fill_at_touch=Decimal(chance)))
    floor.market(last="100")
    floor.place(order_type=OrderType.LIMIT, limit_price="95")
    assert bool(fills(floor.market(last="95"))) is filled


def test_a_stop_order_wakes_at_its_price_and_takes() -> None:
    floor = Floor()
    floor.market(last="100")
    floor.place(side=Side.SELL, order_type=OrderType.STOP, stop_price="90")
    assert not fills(floor.market(last="91"))
    assert prices(floor.market(last="89")) == [Decimal(89)]


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open() -> None:
    floor = Floor()
    floor.market(last="100")
    floor.place(order_type=OrderType.STOP, stop_price="110")
    assert prices(floor.market(open="115", high="120", low="114", last="118")) == [Decimal(115)]


def test_a_bar_that_runs_through_the_stop_fills_at_the_stop() -> None:
    floor = Floor()
    floor.market(last="100")
    floor.place(order_type=OrderType.STOP, stop_price="110")
    assert prices(floor.market(open="105", high="120", low="104", last="118")) == [Decimal(110)]


def test_a_woken_stop_limit_order_never_pays_more_than_its_limit() -> None:
    floor = Floor()
    floor.market(last="100")
    floor.place(order_type=OrderType.STOP_LIMIT, stop_price="110", limit_price="111")
    assert not fills(floor.market(last="115"))
    assert floor.order().triggered
    assert prices(floor.market(last="110.5")) == [Decimal(111)]


def test_an_order_fills_by_available_volume_and_waits_for_the_rest() -> None:
    floor = Floor()
    floor.market(last="100", available_buy="0.4")
    assert [fill.quantity for fill in fills(floor.place())] == [Decimal("0.4")]
    assert not fills(floor.place(quantity="0.1"))
    assert floor.order().status is OrderStatus.PARTIALLY_FILLED
    assert [fill.quantity for fill in fills(floor.market(last="100", available_buy="10"))] == [
        Decimal("0.6"), Decimal("0.1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("life", "filled", "status"),
    [
        ("IOC", "0.4", OrderStatus.CANCELED),
        ("FOK", "0", OrderStatus.CANCELED),
        ("DAY", "0.4", OrderStatus.PARTIALLY_FILLED),
    ],
)
def test_lives_that_do_not_wait(life: str, filled: str, status: OrderStatus) -> None:
    floor = Floor()
    floor.market(last="100", available_buy="0.4")
    floor.place(time_in_force=TimeInForce(life))
    assert (floor.order().filled_quantity, floor.order().status) == (Decimal(filled), status)


@pytest.mark.parametrize(
    ("life", "status"), [("DAY", OrderStatus.EXPIRED), ("GTC", OrderStatus.ACKNOWLEDGED)]
)
def test_the_end_of_the_day_ends_day_orders_also_after_a_restart(life: str, status: OrderStatus) -> None:
    floor = Floor()
    floor.market(last="100")
    floor.place(order_type=OrderType.LIMIT, limit_price="90", time_in_force=TimeInForce(life))
    floor.book.day = None
    pass_time(floor.book, floor.now + timedelta(days=1), floor.config)
    assert floor.order().status is status


def test_a_delayed_order_meets_the_market_only_when_its_time_has_come() -> None:
    floor = Floor(replace(CONFIG, latency=LatencyModel("fixed", 500)))
    floor.market(last="100")
    assert not fills(floor.place())
    assert not fills(pass_time(floor.book, floor.now + SECOND * 0.4, floor.config))
    [fill] = fills(pass_time(floor.book, floor.now + SECOND * 0.6, floor.config))
    assert fill.executed_at == floor.now + SECOND * 0.6


def test_an_old_or_repeated_observation_changes_nothing() -> None:
    floor = Floor()
    floor.market(last="100")
    known = floor.book.markets[SYMBOL]
    for late in (known, known.model_copy(update={"tick_id": "x", "at": T0 - SECOND, "last": Decimal(1)})):
        assert not observe(floor.book, late, floor.now, floor.config).events
    assert floor.book.markets[SYMBOL] == known


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("INVALID_TICKER", {"symbol": "DOGE"}),
        ("UNSUPPORTED", {"order_type": OrderType.TRAILING_STOP}),
        ("REJECTED", {"quantity": "0.000001"}),
        ("REJECTED", {"quantity": "1000"}),
        ("REJECTED", {"order_type": OrderType.LIMIT}),
        ("REJECTED", {"limit_price": "1"}),
        ("REJECTED", {"order_type": OrderType.STOP}),
        ("INSUFFICIENT_FUNDS", {"quantity": "20", "reference_price": "100000"}),
    ],
)
def test_refusals_leave_no_trace(code: str, changes: dict[str, Any]) -> None:
    floor = Floor()
    outcome = floor.place(**{"reference_price": "100", **changes})
    assert outcome.refusal is not None
    assert outcome.refusal.code == code
    assert (floor.book.orders, floor.book.cash, outcome.events) == ({}, Decimal(1_000_000), [])


def test_a_client_order_id_is_unique_for_ever() -> None:
    floor = Floor()
    floor.place(reference_price="100", client_order_id="one")
    assert floor.order().status is OrderStatus.FILLED
    again = floor.place(reference_price="100", client_order_id="one", broker_order_id="other")
    assert again.refusal is not None
    assert again.refusal.code == "DUPLICATE"
    assert again.refusal.existing == floor.order()


def test_a_cancel_ends_what_is_left_and_a_finished_order_stays_as_it_is() -> None:
    floor = Floor()
    floor.place(order_type=OrderType.LIMIT, limit_price="90", reference_price="100")
    cancel(floor.book, "c1", floor.now, floor.config)
    assert floor.order().status is OrderStatus.CANCELED
    assert not cancel(floor.book, "c1", floor.now, floor.config).events
    assert not fills(floor.market(last="80"))
    unknown = cancel(floor.book, "nobody", floor.now, floor.config).refusal
    assert unknown is not None
    assert unknown.code == "NOT_FOUND"


def test_a_closing_order_needs_no_margin() -> None:
    floor = Floor(cash="100")
    floor.market(last="100")
    floor.place()
    assert floor.place(quantity="0.5").refusal is not None
    assert prices(floor.place(side=Side.SELL)) == [Decimal(100)]


def test_fees_are_taken_from_cash() -> None:
    floor = Floor(replace(CONFIG, fees=FeeModel("notional", taker_bps=Decimal(10))))
    [fill] = fills(floor.place(reference_price="1000"))
    assert fill.fee == Decimal(1)
    assert floor.book.cash == Decimal(998_999)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        (SlippageModel(), "100"),
        (SlippageModel("fixed", Decimal(10)), "100.1"),
        (SlippageModel("jitter", Decimal(10)), "100.05"),
        (SlippageModel("impact", Decimal(10)), "100.05"),
    ],
)
def test_slippage_models(model: SlippageModel, price: str) -> None:
    args = (Decimal(100), Decimal(1), Decimal(4), Decimal("0.5"))
    assert slipped(model, Side.BUY, *args) == Decimal(price)
    assert slipped(model, Side.SELL, *args) == 200 - Decimal(price)


@pytest.mark.parametrize(
    ("model", "fee"),
    [
        (FeeModel(), "0"),
        (FeeModel("notional", maker_bps=Decimal(1), taker_bps=Decimal(5)), "0.5"),
        (FeeModel("unit", per_unit=Decimal(2)), "20"),
        (FeeModel("unit", per_unit=Decimal("0.01"), minimum=Decimal(1)), "1"),
    ],
)
def test_fee_models(model: FeeModel, fee: str) -> None:
    assert fee_of(model, Decimal(10), Decimal(1000), Liquidity.TAKER) == Decimal(fee)


@pytest.mark.parametrize(
    ("model", "milliseconds"),
    [(LatencyModel(), 0), (LatencyModel("fixed", 20, 90), 20), (LatencyModel("uniform", 20, 40), 30)],
)
def test_latency_models(model: LatencyModel, milliseconds: int) -> None:
    assert delay_of(model, Decimal("0.5")) == timedelta(milliseconds=milliseconds)
