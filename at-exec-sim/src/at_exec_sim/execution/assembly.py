"""Assembly of the engine: ports in, a ready body out. Pure construction: no file, no socket, no clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from at_core.clock import Clock
from at_core.instruments import Instruments
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_exec_sim.brokers.port import BrokerAPI
from at_exec_sim.execution.announcer import Announcer
from at_exec_sim.execution.calls import BrokerCalls
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.desk import OrderDesk
from at_exec_sim.execution.engine_body import EngineBody
from at_exec_sim.execution.state import EngineState
from at_exec_sim.execution.sweep import Sweep
from at_exec_sim.execution.verify import Verifier

__all__ = ["build_engine"]


def build_engine(
    *,
    config: EngineConfig,
    broker: BrokerAPI,
    verifier: Verifier,
    publisher: Publisher,
    clock: Clock,
    metrics: Metrics,
    instruments: Instruments,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> EngineBody:
    """Return the engine for one account at one broker. ``publisher`` must publish as role ``engine``."""
    state = EngineState(config, instruments)
    calls = BrokerCalls(metrics, config.broker_timeout_seconds)
    announcer = Announcer(publisher, state, clock, metrics, config.account)
    desk = OrderDesk(broker, calls, announcer, state, clock, config, sleep)
    sweep = Sweep(broker, calls, announcer, desk, state, clock, config)
    return EngineBody(
        broker=broker,
        calls=calls,
        announcer=announcer,
        desk=desk,
        sweep=sweep,
        state=state,
        verifier=verifier,
        clock=clock,
        config=config,
    )
