"""The venue as a state machine: whatever is asked of it, money and quantity are conserved and the seed decides."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from at_core.enums import OrderStatus, OrderType, Side, TimeInForce
from at_core.testing.builders import INSTRUMENTS, T0
from at_exec_sim.portfolio import notional
from at_exec_sim.simulator.book import Market, VenueBook, VenueFill, VenueOrder
from at_exec_sim.simulator.chance import chance
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.simulator.fees import FeeModel
from at_exec_sim.simulator.latency import LatencyModel
from at_exec_sim.simulator.slippage import SlippageModel
from at_exec_sim.simulator.venue import OrderFilled, Outcome, cancel, observe, pass_time, place

SYMBOLS = st.sampled_from(["BTC/USDT", "NQ"])
PRICES = st.integers(min_value=90, max_value=110).map(Decimal)
SIZES = st.integers(min_value=1, max_value=30).map(Decimal)
OPENING = Decimal(100_000)


@dataclass(frozen=True)
class Command:
    """One command, so that a second venue can be given exactly the same."""

    verb: Any
    argument: Any
    now: datetime

    def run(self, book: VenueBook, config: VenueConfig) -> Outcome:
        arguments = () if self.argument is None else (self.argument,)
        outcome: Outcome = self.verb(book, *arguments, self.now, config)
        return outcome


class VenueMachine(RuleBasedStateMachine):
    """Orders, cancels, markets and time in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.book = VenueBook(OPENING)
        self.commands: list[Command] = []
        self.fills: list[VenueFill] = []
        self.accepted: dict[str, VenueOrder] = {}
        self.outcomes: list[Any] = []
        self.ticks = 0

    @initialize(seed=st.integers(0, 3), delayed=st.booleans())
    def configure(self, seed: int, delayed: bool) -> None:
        self.config = VenueConfig(
            INSTRUMENTS,
            seed=seed,
            slippage=SlippageModel("jitter", Decimal(50)),
            fees=FeeModel("notional", Decimal(1), Decimal(5)),
            latency=LatencyModel("uniform", 0, 1500) if delayed else LatencyModel(),
            fill_at_touch=Decimal("0.5"),
        )

    def _do(self, verb: Any, argument: Any) -> Outcome:
        command = Command(verb, argument, self.now)
        self.commands.append(command)
        outcome = command.run(self.book, self.config)
        self.outcomes.append(list(outcome.events))
        for event in outcome.events:
            if isinstance(event, OrderFilled):
                self.fills.append(event.fill)
                self._price_is_fair(event.order, event.fill)
        return outcome

    def _price_is_fair(self, order: VenueOrder, fill: VenueFill) -> None:
        assert fill.quantity > 0
        assert fill.price > 0
        if order.limit_price is not None:
            gain = (order.limit_price - fill.price) * order.side.sign
            assert gain >= 0, "a limit order never trades beyond its limit"

    @rule(
        number=st.integers(1, 12), symbol=SYMBOLS, side=st.sampled_from(list(Side)), quantity=SIZES, price=PRICES,
        stop=PRICES, kind=st.sampled_from(list(OrderType)), life=st.sampled_from(list(TimeInForce)),
        referenced=st.booleans(),
    )  # fmt: skip
    def order(
        self, number: int, symbol: str, side: Side, quantity: Decimal, price: Decimal, stop: Decimal, kind: OrderType,
        life: TimeInForce, referenced: bool,
    ) -> None:  # fmt: skip
        draft = VenueOrder(
            client_order_id=f"c{number}", broker_order_id=f"b{number}", symbol=symbol, side=side, order_type=kind,
            time_in_force=life, quantity=quantity,
            limit_price=price if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
            stop_price=stop if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None,
            reference_price=price if referenced else None,
            placed_at=self.now, working_from=self.now, updated_at=self.now,
        )  # fmt: skip
        known = draft.client_order_id in self.book.orders
        outcome = self._do(place, draft)
        if known:
            assert outcome.refusal is not None
            assert outcome.refusal.code == "DUPLICATE"
        elif outcome.refusal is None:
            self.accepted[draft.client_order_id] = draft
        else:
            assert draft.client_order_id not in self.book.orders

    @rule(number=st.integers(1, 12))
    def cancel(self, number: int) -> None:
        self._do(cancel, f"c{number}")
        order = self.book.orders.get(f"c{number}")
        assert order is None or order.status.terminal

    @rule(symbol=SYMBOLS, price=PRICES, spread=st.integers(0, 2), size=st.none() | SIZES, bar=st.booleans())
    def market(self, symbol: str, price: Decimal, spread: int, size: Decimal | None, bar: bool) -> None:
        self.ticks += 1
        shape: dict[str, Any] = {"bid": price - spread, "ask": price + spread}
        if bar:
            shape = {"open": price, "high": price + spread, "low": price - spread, "last": price}
        market = Market(
            symbol=symbol,
            tick_id=str(self.ticks),
            at=self.now,
            available_buy=size,
            available_sell=size,
            **shape,
        )
        before = {name: order.filled_quantity for name, order in self.book.orders.items()}
        self._do(observe, market)
        if size is not None:
            for side in Side:
                taken = sum(
                    (order.filled_quantity - before.get(name, Decimal(0)) for name, order in self.book.orders.items()
                     if order.symbol == symbol and order.side is side), Decimal(0),
                )  # fmt: skip
                assert taken <= size, "more was traded than there was"

    @rule(seconds=st.sampled_from([0.5, 1, 3600, 43_200]))
    def time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._do(pass_time, None)

    @invariant()
    def no_order_is_overfilled(self) -> None:
        for name, order in self.book.orders.items():
            filled = sum((fill.quantity for fill in self.fills if fill.client_order_id == name), Decimal(0))
            assert filled == order.filled_quantity <= order.quantity
            assert (order.status is OrderStatus.FILLED) == (filled == order.quantity)
            assert (name in self.book.working) == (not order.status.terminal)

    @invariant()
    def money_and_quantity_are_conserved(self) -> None:
        cash = OPENING
        positions: dict[str, Decimal] = {}
        for fill in self.fills:
            instrument = INSTRUMENTS.get(fill.symbol)
            assert instrument is not None
            signed = fill.quantity * fill.side.sign
            cash -= notional(signed, fill.price, instrument.multiplier) + fill.fee
            positions[fill.symbol] = positions.get(fill.symbol, Decimal(0)) + signed
        assert self.book.cash == cash
        assert {name: held.quantity for name, held in self.book.holdings.items()} == positions

    @invariant()
    def executions_are_unique(self) -> None:
        names = [fill.execution_id for fill in self.fills]
        assert len(set(names)) == len(names)

    @invariant()
    def accepted_orders_are_never_forgotten(self) -> None:
        assert set(self.accepted) == set(self.book.orders)

    def teardown(self) -> None:
        """The same commands on a new book give the same events: the seed decides, nothing else does."""
        twin = VenueBook(OPENING)
        for command, events in zip(self.commands, self.outcomes, strict=True):
            assert command.run(twin, self.config).events == events
        assert twin == self.book


TestVenue = VenueMachine.TestCase
TestVenue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_chance_is_uniform_enough_and_depends_on_all_it_is_given() -> None:
    drawn = [chance(1, f"order-{n}", "slippage") for n in range(2000)]
    assert all(0 <= value < 1 for value in drawn)
    assert Decimal("0.47") < sum(drawn) / len(drawn) < Decimal("0.53")
    assert len({chance(1, "a", "x"), chance(2, "a", "x"), chance(1, "b", "x"), chance(1, "a", "y")}) == 4
