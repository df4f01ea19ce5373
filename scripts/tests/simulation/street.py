"""The whole platform in one process on the memory bus: five services, one venue, one door, all able to die."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import nkeys

from at_agents.bootstrap import build_desk
from at_agents.wiring import AGENTS
from at_core.ids import SeededIds
from at_core.instruments import Instruments
from at_core.runtime.body import Body, Job
from at_core.runtime.bus import Bus
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.process import load_instruments
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service, ServiceLimits
from at_core.runtime.signing import NkeySigner, NkeyVerifier
from at_core.testing.builders import T0
from at_core.testing.simulation import FaultRates, Host, LoopClock, SeededFaults, VirtualLoop
from at_core.topology.consumers import durables_of
from at_core.topology.wiring import Wiring
from at_exec_sim.bootstrap import build_engine, build_gate, engine_config, venue_config
from at_exec_sim.brokers.faults import Fault
from at_exec_sim.brokers.faults import SeededFaults as SeededBrokerFaults
from at_exec_sim.brokers.models import OrderRequest
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.settings import EngineSettings
from at_exec_sim.simulator.book import VenueBook
from at_exec_sim.wiring import ENGINE, GATE
from at_gateway.bootstrap import Gateway, build_gateway
from at_gateway.settings import GatewaySettings
from at_gateway.wiring import GATEWAY
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.bootstrap import build_obs, jobs_of
from at_obs.wiring import OBS
from simulation.facts import Facts, PlaceCall

__all__ = ["STRATEGIES", "Street"]

LIMITS = """
[default]
reference_required = false
price_collar_percent = 5
reference_age_seconds_max = 60
signal_age_seconds_max = 60
notional_min = 10
[account.paper]
symbols_allowed = ["BTC/USDT", "ETH/USDT"]
notional_max = 25000
symbol_exposure_max = 50000
gross_exposure_max = 100000
daily_loss_max = 50000
"""

STRATEGIES = """
[strategies.follow_signal]
use = "follow_signal"
account = "paper"
symbols = ["*"]
sizing = { method = "SIGNAL", value = "1" }

[strategies.second_opinion]
use = "follow_signal"
account = "paper"
symbols = ["ETH/USDT"]
sizing = { method = "SIGNAL", value = "1" }
"""
"""Two strategies, so that "one per strategy" means something: ETH signals concern both."""


class WatchedBroker(SimulatedBroker):
    """The paper broker, noting every order that is sent to the venue."""

    watch: Callable[[str], None]

    async def place_order(self, request: OrderRequest) -> Any:
        """Note the sending, then place."""
        self.watch(request.client_order_id)
        await asyncio.sleep(0)  # a place to die between sending and acting
        return await super().place_order(request)


class CalmableFaults:
    """Broker faults that end when the run is to settle."""

    def __init__(self, seed: int, share: float, faults: SeededFaults) -> None:
        self._own = SeededBrokerFaults(seed, share)
        self._bus_faults = faults

    def next(self, verb: str) -> Fault | None:
        """Return the fate of a call."""
        return None if self._bus_faults.calm else self._own.next(verb)


@dataclass
class Street:
    """Everything of one run. ``seed`` decides the faults; the story is the caller's."""

    loop: VirtualLoop
    seed: int
    rates: FaultRates = field(default_factory=FaultRates)
    broker_share: float = 0.1
    hosts: dict[str, Host] = field(init=False, default_factory=dict)
    place_calls: list[PlaceCall] = field(init=False, default_factory=list)
    accepted: set[UUID] = field(init=False, default_factory=set)
    gateway: Gateway | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Build the bus, the venue and the keys; start nothing."""
        self.clock = LoopClock(self.loop, T0)
        chance = random.Random(self.seed)
        self.faults = SeededFaults(chance, self.rates, self._crash)
        self.bus = MemoryBus(self.clock, faults=self.faults)
        self.instruments: Instruments = load_instruments(_settings(GatewaySettings, _GATEWAY))
        seed = nkeys.encode_seed(hashlib.sha256(str(self.seed).encode()).digest(), nkeys.PREFIX_BYTE_USER)
        self.signer = NkeySigner(bytes(seed).decode())
        engine = {
            **_BASE,
            "gate_public_key": self.signer.public_key,
            "venue_file": ":memory:",
            "poll_seconds": 2.0,
        }
        self.engine_settings = _settings(EngineSettings, engine)
        self.venue = VenueStore(self.engine_settings.venue_file)
        self.audit = SqliteAuditStore(None)
        self.broker_faults = CalmableFaults(self.seed, self.broker_share, self.faults)
        self._incarnation = 0
        builders = {"gateway": self._gateway, "agents": self._agents, "gate": self._gate}
        builders |= {"engine": self._engine, "obs": self._obs}
        self.hosts = {name: Host(name, build) for name, build in builders.items()}

    def start(self) -> None:
        """Start every service."""
        for host in self.hosts.values():
            host.start()

    async def stop(self) -> None:
        """Stop everything; raises what a service died of by its own fault."""
        for host in self.hosts.values():
            if host.failure is not None:
                raise host.failure
            await host.stop()
        self.audit.close()
        self.venue.close()

    async def post(self, body: bytes, content_type: str = "application/json") -> int:
        """Send one alert as TradingView does: again on 5xx, three times at most, 5 s apart. Returns the status."""
        status = 503
        for _ in range(4):
            gateway = self.gateway
            if gateway is not None and self.hosts["gateway"].ready:
                answer = await gateway.intake.accept(gateway.sources["tv"], content_type, body)
                status = answer.status
                if status == 202 and answer.body.get("type") == "trading.signal.created":
                    self.accepted.add(UUID(str(answer.body["signal_id"])))
            if status < 500:
                return status
            await asyncio.sleep(5)
        return status

    async def until(self, condition: Callable[[], bool], seconds: float = 300, every: float = 0.1) -> bool:
        """Wait in virtual time; False when it did not come true."""
        deadline = self.loop.time() + seconds
        while not condition():
            if self.loop.time() > deadline:
                return False
            await asyncio.sleep(every)
        return True

    def facts(self) -> Facts:
        """Read everything the laws are judged by."""
        book = self._venue_book()
        return Facts.read(
            self.bus,
            place_calls=self.place_calls,
            venue_positions={
                symbol: held.quantity for symbol, held in book.holdings.items() if held.quantity
            },
            venue_orders=set(book.orders),
            venue_fills=[
                (fill.symbol, fill.client_order_id, fill.side.sign * fill.quantity)
                for _, fill in self.venue.fills_after(0, 10_000)
            ],
            accepted=self.accepted,
        )

    def audited(self) -> int:
        """Journal messages that stand in the audit chain."""
        return sum(1 for _ in self.audit.rows())

    def _sent(self, client_order_id: str) -> None:
        known = client_order_id in self._venue_book().orders
        self.place_calls.append(PlaceCall(client_order_id, self.clock.now(), known))

    def _venue_book(self) -> VenueBook:
        return self.venue.load(self.engine_settings.paper_cash)

    def _crash(self, role: str) -> None:
        self.hosts[role].crash()

    def _service(
        self,
        role: str,
        wiring: Wiring,
        make: Callable[[Bus, Publisher, Metrics], tuple[Body, tuple[Job, ...]]],
    ) -> Service:
        self._incarnation += 1
        bus = self.bus.as_role(role)
        metrics = Metrics(role, durables=[durable.name for durable in durables_of(role)])
        signer = self.signer if role == "gate" else None
        publisher = Publisher(bus, self.clock, metrics, role=role, source=f"sim/{role}", signer=signer)
        body, jobs = make(bus, publisher, metrics)
        return Service(
            wiring,
            body,
            bus=bus,
            publisher=publisher,
            clock=self.clock,
            metrics=metrics,
            jobs=jobs,
            limits=ServiceLimits(
                fetch_seconds=20.0
            ),  # nothing polls: a virtual second of idling should cost nothing
        )

    def _gateway(self) -> Service:
        def make(bus: Bus, publisher: Publisher, metrics: Metrics) -> tuple[Body, tuple[Job, ...]]:
            self.gateway = build_gateway(
                _settings(GatewaySettings, _GATEWAY),
                bus=bus,
                clock=self.clock,
                ids=SeededIds(self.seed * 1000 + self._incarnation),
                metrics=metrics,
                instruments=self.instruments,
                publisher=publisher,
            )
            return self.gateway.body, ()

        return self._service("gateway", GATEWAY, make)

    def _agents(self) -> Service:
        return self._service(
            "agents", AGENTS, lambda _bus, _pub, m: (build_desk(STRATEGIES, self.instruments, m), ())
        )

    def _gate(self) -> Service:
        return self._service(
            "gate", GATE, lambda _bus, _pub, _m: (build_gate(limits=LIMITS, instruments=self.instruments), ())
        )

    def _engine(self) -> Service:
        def make(_bus: Bus, publisher: Publisher, metrics: Metrics) -> tuple[Body, tuple[Job, ...]]:
            settings = self.engine_settings
            broker = WatchedBroker(
                self.venue,
                venue_config(settings.venue, self.instruments, settings.currency),
                self.clock,
                account=settings.account,
                opening_cash=settings.paper_cash,
                faults=self.broker_faults,
            )
            broker.watch = self._sent
            body = build_engine(
                config=engine_config(settings),
                broker=broker,
                verifier=NkeyVerifier(self.signer.public_key),
                publisher=publisher,
                clock=self.clock,
                metrics=metrics,
                instruments=self.instruments,
            )
            return body, (Job("poll", settings.poll_seconds, body.poll),)

        return self._service("engine", ENGINE, make)

    def _obs(self) -> Service:
        def make(_bus: Bus, _publisher: Publisher, metrics: Metrics) -> tuple[Body, tuple[Job, ...]]:
            body = build_obs(self.audit, self.clock, metrics)
            return body, tuple(replace(job, every_seconds=15.0) for job in jobs_of(body))

        return self._service("obs", OBS, make)


_BASE: dict[str, Any] = {"bus": {"url": "nats://127.0.0.1:1", "seed_file": "none"}}
_GATEWAY: dict[str, Any] = {
    **_BASE,
    "sources": ({"name": "tv", "account": "paper", "token_sha256": ("0" * 64,), "signal_ttl_seconds": 120},),
    "operators": ({"name": "viewer", "role": "viewer", "token_sha256": ("1" * 64,)},),
}


def _settings(cls: Any, table: dict[str, Any]) -> Any:
    return cls(**table)
