"""The engine's small world: a memory bus, a gate key, a paper broker, and a tripwire that kills at any step."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import nkeys

from at_core.clock import ManualClock
from at_core.events import Event, RiskApprovedEvent, decode
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Incoming, Outgoing, Stored
from at_core.runtime.delivery import Delivery
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.signing import NkeySigner, NkeyVerifier
from at_core.testing.builders import INSTRUMENTS, T0, a_proposal, an_approval
from at_exec_sim.brokers.faults import NO_FAULTS, Faults
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.execution.assembly import build_engine
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.engine_body import EngineBody
from at_exec_sim.simulator.config import VenueConfig

T = TypeVar("T")
SYMBOL = "BTC/USDT"


def new_seed(number: int) -> str:
    """Return a valid user seed made of ``number``: keys of tests need no secrecy, only difference."""
    raw = bytes([number]) * 32
    return bytes(nkeys.encode_seed(raw, nkeys.PREFIX_BYTE_USER)).decode()


GATE = NkeySigner(new_seed(7))
STRANGER = NkeySigner(new_seed(8))


class Crash(BaseException):
    """The process was killed here."""


class Tripwire:
    """Counts every contact with the outside and dies at one of them; the dead touch nothing any more."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.at: int | None = None
        self.after = False
        self.dead = False

    def arm(self, at: int, *, after: bool) -> None:
        self.steps, self.at, self.after, self.dead = [], at, after, False

    def disarm(self) -> None:
        self.steps, self.at, self.dead = [], None, False

    async def guard(self, name: str, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self.dead:
            raise Crash
        number = len(self.steps)
        self.steps.append(name)
        if number == self.at and not self.after:
            self.dead = True
            raise Crash
        answer = await call()
        if number == self.at:
            self.dead = True
            raise Crash
        return answer


class WiredBus:
    """The engine's handle of the bus, through the tripwire."""

    def __init__(self, bus: MemoryBus, wire: Tripwire) -> None:
        self._handle = bus.as_role("engine")
        self._wire = wire
        self.connected = True

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        name = f"publish {message.headers['at-type']}"
        return await self._wire.guard(name, lambda: self._handle.publish(message, timeout_seconds))

    async def bind(self, durable: object) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        await self._handle.close()


def _through_wire(verb: str) -> Any:
    async def call(self: "WiredBroker", *args: Any, **kwargs: Any) -> Any:
        real = getattr(SimulatedBroker, verb)
        return await self.wire.guard(verb, lambda: real(self, *args, **kwargs))

    return call


class WiredBroker(SimulatedBroker):
    """The paper broker, through the tripwire."""

    wire: Tripwire

    authenticate = _through_wire("authenticate")
    feed = _through_wire("feed")
    place_order = _through_wire("place_order")
    cancel_order = _through_wire("cancel_order")
    find_order = _through_wire("find_order")
    get_trades = _through_wire("get_trades")
    get_fills = _through_wire("get_fills")
    get_open_orders = _through_wire("get_open_orders")


class World:
    """Bus and broker live on; the engine is started, killed and started again."""

    def __init__(
        self,
        *,
        faults: Faults = NO_FAULTS,
        config: EngineConfig | None = None,
        venue: VenueConfig | None = None,
        store: VenueStore | None = None,
    ) -> None:
        self.clock = ManualClock(T0)
        self.bus = MemoryBus(self.clock)
        self.wire = Tripwire()
        self.config = config or EngineConfig()
        self.broker = WiredBroker(
            store or VenueStore(":memory:"),
            venue or VenueConfig(INSTRUMENTS),
            self.clock,
            faults=faults,
            sleep=self.sleep,
        )
        self.broker.wire = self.wire
        self.body = self._build()
        self._read: dict[str, int] = {}

    async def sleep(self, seconds: float) -> None:
        """Let only the clock go on."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def _build(self) -> EngineBody:
        metrics = Metrics("engine")
        publisher = Publisher(
            WiredBus(self.bus, self.wire), self.clock, metrics, role="engine", source="at-exec-sim/engine-1"
        )
        return build_engine(
            config=self.config,
            broker=self.broker,
            verifier=NkeyVerifier(GATE.public_key),
            publisher=publisher,
            clock=self.clock,
            metrics=metrics,
            instruments=INSTRUMENTS,
            sleep=self.sleep,
        )

    async def start(self) -> None:
        """Start the engine as the shell does: reset, fold, recover."""
        self.body = self._build()
        self.body.reset()
        self._read = {}
        self.catch_up()
        await self.body.recover()
        self.catch_up()

    def catch_up(self) -> None:
        """Fold what the streams hold and the engine has not seen yet."""
        for stream in ("SYSTEM", "EXEC", "MARKET"):
            records = self.bus.records(stream)
            for record in records[self._read.get(stream, 0) :]:
                event = decode(record.subject, record.headers, record.body)
                self.body.observe(Delivery(event, _incoming(record, stream)))
            self._read[stream] = len(records)

    def sign(
        self, approval: RiskApprovedEvent, signer: NkeySigner | None = GATE, body: bytes = b""
    ) -> Delivery:
        """Return the approval as it comes from stream RISK."""
        body = body or encode(approval)
        headers = headers_of(approval)
        if signer is not None:
            headers["at-sig"] = signer.sign(body)
        message = Incoming(subject_of(approval), body, headers, "RISK", 1, 1, 1, 0, self.clock.now())
        return Delivery(approval, message)

    async def approve(self, n: int = 1, **changes: Any) -> RiskApprovedEvent:
        """Deliver a genuine approval made now."""
        approval = self.approval(n, **changes)
        await self.deliver(approval)
        return approval

    def approval(self, n: int = 1, **changes: Any) -> RiskApprovedEvent:
        """Return an approval made now; plan keywords are allowed."""
        now = self.clock.now()
        own = {
            name: changes.pop(name)
            for name in ("approved_quantity", "expires_at", "account")
            if name in changes
        }
        life = {"valid_from": now, "valid_until": now + timedelta(minutes=1)}
        proposal = a_proposal(n, **{**life, **changes})
        return an_approval(n, proposal, **{"timestamp": now, **own})

    async def deliver(self, approval: RiskApprovedEvent) -> None:
        """Deliver an approval (again)."""
        self.catch_up()
        await self.body.react(self.sign(approval), self.clock.now())
        self.catch_up()

    async def command(self, event: Event) -> None:
        """Deliver an operator's command."""
        message = Incoming(subject_of(event), encode(event), headers_of(event), "OPERATOR", 1, 1, 1, 0, T0)
        await self.body.react(Delivery(event, message), self.clock.now())
        self.catch_up()

    async def market(self, event: Event) -> None:
        """Publish a market observation and let the engine sweep."""
        await self.bus.publish(Outgoing(subject_of(event), encode(event), headers_of(event)))
        self.catch_up()
        await self.poll()

    async def poll(self) -> None:
        """One sweep."""
        await self.body.poll()
        self.catch_up()

    def events(self, stream: str = "EXEC") -> list[Event]:
        """Return what a stream holds."""
        return [decode(one.subject, one.headers, one.body) for one in self.bus.records(stream)]

    def of(self, kind: type[T], stream: str = "EXEC") -> list[T]:
        """Return the events of one class."""
        return [event for event in self.events(stream) if isinstance(event, kind)]

    def life(self, approval: RiskApprovedEvent) -> list[str]:
        """Return the words of one order's life, in the stream's order."""
        words = []
        for event in self.events():
            if getattr(event, "client_order_id", None) != approval.client_order_id:
                continue
            word = event.type.rsplit(".", 1)[1]
            words.append(str(getattr(event, "status", word)) if word == "updated" else word)
        return words

    def last_code(self, approval: RiskApprovedEvent) -> str | None:
        """Return the code of the newest update of one order."""
        codes = [
            getattr(event, "code", None)
            for event in self.events()
            if event.type.endswith("updated")
            and getattr(event, "client_order_id", None) == approval.client_order_id
        ]
        return codes[-1] if codes else None

    @property
    def placed(self) -> int:
        """How often the broker was asked for an order."""
        return self.broker.calls.get("place_order", 0)

    @property
    def venue_orders(self) -> Sequence[Any]:
        """Every order at the venue, told by its book, not by the engine."""
        return list(self.broker._book.orders.values())

    def held(self, symbol: str = SYMBOL) -> Decimal:
        """Return the position at the venue."""
        held = self.broker._book.holdings.get(symbol)
        return held.quantity if held else Decimal(0)


def _incoming(record: Any, stream: str) -> Incoming:
    return Incoming(
        record.subject,
        record.body,
        record.headers,
        stream,
        record.sequence,
        record.sequence,
        1,
        0,
        record.stored_at,
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one test's story."""
    return asyncio.run(work)
