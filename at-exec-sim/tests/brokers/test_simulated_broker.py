"""The simulated broker passes the cards, keeps its book over kill -9, and its faults do what they say."""

import asyncio
import sqlite3
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from at_core.clock import ManualClock
from at_core.enums import OrderType, Side, TimeInForce
from at_core.errors import ConfigurationError
from at_core.testing.builders import INSTRUMENTS, T0
from at_exec_sim.brokers.faults import Fault, FaultKind, FaultScript, SeededFaults
from at_exec_sim.brokers.models import BrokerCode, BrokerRefusal, FillPage, MarketTick, OrderRequest
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.testing.broker_cards import BrokerCards
from at_exec_sim.testing.broker_place import BrokerPlace

SYMBOL = "BTC/USDT"
PRICE = Decimal(50_000)


class SimulatedPlace:
    """One paper account in a file."""

    symbol = SYMBOL
    quantity = Decimal("0.1")
    far_below = Decimal(40_000)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock(T0)
        self.script: dict[str, list[Fault | None]] = {"place_order": []}
        self.ticks = 0
        self._open()
        self.feed(PRICE)

    def _open(self) -> None:
        self.store = VenueStore(self.path)
        self.broker = SimulatedBroker(
            self.store, VenueConfig(INSTRUMENTS), self.clock, faults=FaultScript(self.script)
        )

    def feed(self, price: Decimal) -> None:
        self.ticks += 1
        self.clock.advance(1)
        tick = MarketTick(f"tick-{self.ticks}", SYMBOL, self.clock.now(), last=price)
        work = self.broker.feed([tick])
        with pytest.raises(StopIteration):
            work.send(None)

    async def move_market_to(self, price: Decimal) -> None:
        self.feed(price)

    async def restart(self) -> None:
        self.store.close()
        self._open()

    async def lose_next_answer(self) -> None:
        self.script["place_order"].append(Fault(FaultKind.LOSE_ANSWER))
        await self.restart()

    async def close(self) -> None:
        await self.broker.close()


class TestSimulatedBroker(BrokerCards):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self._path = tmp_path / "state" / "venue.sqlite"

    def make_place(self) -> BrokerPlace:
        return SimulatedPlace(self._path)


def a_request(name: str = "one", quantity: str = "0.1") -> OrderRequest:
    return OrderRequest(
        name, SYMBOL, Side.BUY, OrderType.MARKET, TimeInForce.DAY, Decimal(quantity), reference_price=PRICE
    )


def a_broker(store: VenueStore, **script: list[Fault | None]) -> SimulatedBroker:
    return SimulatedBroker(store, VenueConfig(INSTRUMENTS), ManualClock(T0), faults=FaultScript(script))


def test_the_book_survives_kill_9_right_after_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "venue.sqlite"
    code = f"""
import asyncio, os, signal
from at_core.clock import ManualClock
from at_core.testing.builders import INSTRUMENTS, T0
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.simulator.config import VenueConfig
from test_simulated_broker import a_request
broker = SimulatedBroker(VenueStore({str(path)!r}), VenueConfig(INSTRUMENTS), ManualClock(T0))
asyncio.run(broker.place_order(a_request()))
os.kill(os.getpid(), signal.SIGKILL)
"""
    paths = [str(Path(__file__).parent), *sys.path]
    done = subprocess.run(  # the child only runs the text above
        [sys.executable, "-c", f"import sys; sys.path[:] = {paths!r}{code}"], timeout=60, check=False
    )
    assert done.returncode == -9
    store = VenueStore(path)
    book = store.load(Decimal(1))
    assert book.orders["one"].filled_quantity == Decimal("0.1")
    assert book.cash == Decimal(95_000)
    assert book.holdings[SYMBOL].quantity == Decimal("0.1")
    store.close()


def test_every_answer_is_on_disk_in_one_transaction_of_full_durability(tmp_path: Path) -> None:
    async def story() -> None:
        store = VenueStore(tmp_path / "venue.sqlite")
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
        broker = a_broker(store)
        said: list[str] = []
        store._db.set_trace_callback(said.append)
        await broker.place_order(a_request())
        assert Counter(text for text in said if text in ("BEGIN IMMEDIATE", "COMMIT")) == {
            "BEGIN IMMEDIATE": 1, "COMMIT": 1,
        }  # fmt: skip
        store.close()

    asyncio.run(story())


def test_what_the_disk_refuses_did_not_happen() -> None:
    class Full(VenueStore):
        full = False

        def _save_fill(self, fill: object) -> None:
            if self.full:
                raise sqlite3.OperationalError("database or disk is full")
            super()._save_fill(fill)  # type: ignore[arg-type] - handed through

    async def story() -> None:
        store = Full(":memory:")
        broker = a_broker(store)
        store.full = True
        with pytest.raises(sqlite3.OperationalError):
            await broker.place_order(a_request())
        store.full = False
        missing = await broker.find_order("one")
        assert isinstance(missing, BrokerRefusal)
        assert missing.code is BrokerCode.NOT_FOUND
        account = await broker.get_account()
        assert not isinstance(account, BrokerRefusal)
        assert account.cash == Decimal(100_000)

    asyncio.run(story())


def test_an_existing_book_keeps_its_money_whatever_the_settings_say(tmp_path: Path) -> None:
    first = VenueStore(tmp_path / "venue.sqlite")
    first.load(Decimal(5))
    first.close()
    second = VenueStore(tmp_path / "venue.sqlite")
    assert second.load(Decimal(7)).cash == Decimal(5)
    second.close()


def test_an_unusable_place_is_refused_with_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigurationError, match="cannot keep its book"):
        VenueStore(blocked / "venue.sqlite")


@pytest.mark.parametrize(
    ("fault", "code", "exists"),
    [
        (Fault(FaultKind.REFUSE, BrokerCode.MARKET_CLOSED), BrokerCode.MARKET_CLOSED, False),
        (Fault(FaultKind.LOSE_REQUEST), BrokerCode.OUTCOME_UNKNOWN, False),
        (Fault(FaultKind.LOSE_ANSWER), BrokerCode.OUTCOME_UNKNOWN, True),
        (Fault(FaultKind.NETWORK), BrokerCode.NETWORK, False),
        (Fault(FaultKind.RATE_LIMIT, seconds=3), BrokerCode.RATE_LIMIT, False),
    ],
)
def test_faults_of_placing_do_what_they_say(fault: Fault, code: BrokerCode, exists: bool) -> None:
    async def story() -> None:
        broker = a_broker(VenueStore(":memory:"), place_order=[fault])
        answer = await broker.place_order(a_request())
        assert isinstance(answer, BrokerRefusal)
        assert answer.code is code
        assert answer.retryable == (code in (BrokerCode.NETWORK, BrokerCode.RATE_LIMIT))
        assert isinstance(await broker.find_order("one"), BrokerRefusal) is not exists

    asyncio.run(story())


def test_faults_of_reading_executions_do_what_they_say() -> None:
    async def story() -> None:
        script: list[Fault | None] = [Fault(FaultKind.HIDE_FILLS), Fault(FaultKind.DUPLICATE_FILLS), None]
        broker = a_broker(VenueStore(":memory:"), get_fills=script)
        await broker.place_order(a_request())
        pages = [await broker.get_fills(None) for _ in script]
        assert all(isinstance(page, FillPage) for page in pages)
        assert [len(page.fills) for page in pages if isinstance(page, FillPage)] == [0, 2, 1]
        hidden = pages[0]
        assert isinstance(hidden, FillPage)
        later = await broker.get_fills(hidden.cursor)
        assert isinstance(later, FillPage)
        assert len(later.fills) == 1

    asyncio.run(story())


def test_a_foreign_cursor_is_refused() -> None:
    async def story() -> None:
        answer = await a_broker(VenueStore(":memory:")).get_fills("abc")
        assert isinstance(answer, BrokerRefusal)

    asyncio.run(story())


def test_seeded_faults_are_the_same_for_the_same_seed_and_of_about_the_wanted_share() -> None:
    def drawn(seed: int) -> list[Fault | None]:
        faults = SeededFaults(seed, 0.3)
        return [faults.next("place_order") for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 250 < sum(fault is not None for fault in drawn(1)) < 350
    with pytest.raises(ValueError, match="share"):
        SeededFaults(1, 1.0)
