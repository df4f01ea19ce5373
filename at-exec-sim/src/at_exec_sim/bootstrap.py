"""Composition root: builds the gate and the engine from settings and ports."""

from __future__ import annotations

from at_core.clock import Clock
from at_core.instruments import Instruments
from at_core.runtime.body import Job
from at_core.runtime.process import Composition, Runtime
from at_core.runtime.settings import read_text
from at_core.runtime.signing import NkeySigner, NkeyVerifier
from at_exec_sim.brokers.faults import NO_FAULTS, Faults
from at_exec_sim.brokers.simulated import SimulatedBroker
from at_exec_sim.brokers.venue_store import VenueStore
from at_exec_sim.execution.assembly import build_engine
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.gate.assembly import build_gate
from at_exec_sim.settings import EngineSettings, GateSettings, VenueSettings
from at_exec_sim.simulator.config import VenueConfig
from at_exec_sim.simulator.fees import FeeModel
from at_exec_sim.simulator.latency import LatencyModel
from at_exec_sim.simulator.slippage import SlippageModel
from at_exec_sim.wiring import ENGINE, GATE

__all__ = [
    "build_engine",
    "build_gate",
    "build_simulated_broker",
    "compose_engine",
    "compose_gate",
    "engine_config",
    "venue_config",
]


def compose_gate(settings: GateSettings, runtime: Runtime) -> Composition:
    """Return the gate on its wiring; raises ConfigurationError when its limits are missing or wrong."""
    signer = runtime.publisher.signer
    body = build_gate(
        limits=read_text(settings.limits_file, "the risk limits"),
        instruments=runtime.instruments,
        place=str(settings.limits_file),
        hand=NkeyVerifier(signer.public_key) if isinstance(signer, NkeySigner) else None,
    )
    return Composition(wiring=GATE, body=body)


def compose_engine(settings: EngineSettings, runtime: Runtime) -> Composition:
    """Return the engine on its wiring; raises ConfigurationError for a bad key or an unusable venue file."""
    store = VenueStore(settings.venue_file)
    broker = build_simulated_broker(settings, store, runtime.instruments, runtime.clock)
    body = build_engine(
        config=engine_config(settings),
        broker=broker,
        verifier=NkeyVerifier(settings.gate_public_key),
        publisher=runtime.publisher,
        clock=runtime.clock,
        metrics=runtime.metrics,
        instruments=runtime.instruments,
    )
    return Composition(
        wiring=ENGINE, body=body, jobs=(Job("poll", settings.poll_seconds, body.poll),), close=store.close
    )


def build_simulated_broker(
    settings: EngineSettings,
    store: VenueStore,
    instruments: Instruments,
    clock: Clock,
    faults: Faults = NO_FAULTS,
) -> SimulatedBroker:
    """Return the paper venue behind the port."""
    return SimulatedBroker(
        store,
        venue_config(settings.venue, instruments, settings.currency),
        clock,
        account=settings.account,
        opening_cash=settings.paper_cash,
        faults=faults,
    )


def venue_config(venue: VenueSettings, instruments: Instruments, currency: str = "USD") -> VenueConfig:
    """Return the venue's rules from its settings."""
    return VenueConfig(
        instruments=instruments,
        currency=currency,
        seed=venue.seed,
        slippage=SlippageModel(venue.slippage, venue.slippage_bps),
        fees=FeeModel(
            venue.fees, venue.fee_maker_bps, venue.fee_taker_bps, venue.fee_per_unit, venue.fee_minimum
        ),
        latency=LatencyModel(venue.latency, venue.latency_milliseconds_min, venue.latency_milliseconds_max),
        volume_participation=venue.volume_participation,
        fill_at_touch=venue.fill_at_touch,
    )


def engine_config(settings: EngineSettings) -> EngineConfig:
    """Return the engine's bounds from its settings."""
    return EngineConfig(
        account=settings.account,
        currency=settings.currency,
        paper_cash=settings.paper_cash,
        approval_age_seconds_max=settings.approval_age_seconds_max,
        spread_percent_max=settings.spread_percent_max,
        quote_age_seconds_max=settings.quote_age_seconds_max,
        broker_timeout_seconds=settings.broker_timeout_seconds,
        lookup_delays_seconds=settings.lookup_delays_seconds,
        settle_seconds=settings.settle_seconds,
    )
