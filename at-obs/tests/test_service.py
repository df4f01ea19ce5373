"""The body in the real shell, on the memory bus, under a virtual clock, with faults."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from obs_world import Flow

from at_core.events import encode
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.runtime.service import Service
from at_core.testing.builders import T0
from at_core.testing.simulation import FaultRates, LoopClock, SeededFaults, VirtualLoop, run_virtual
from at_obs.audit.chain import Verdict, verify
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.bootstrap import build_obs, jobs_of
from at_obs.wiring import OBS

FLOWS = 12
RATES = FaultRates(
    drop_before_store=0,
    drop_confirmation=0,
    crash_on_ack=0,
    crash_on_publish=0,
    lose_ack=0.2,
    lose_delivery=0.1,
)
"""Only what happens to deliveries: obs publishes nothing here, and its death is the test's own doing."""


async def recorded(loop: VirtualLoop, path: Path, seed: int, restarts: int) -> tuple[Verdict, list[bytes]]:
    """Publish whole flows while obs is run, killed and run again; return what the file and the journal hold."""
    clock = LoopClock(loop, T0)
    faults = SeededFaults(random.Random(seed), RATES)
    bus = MemoryBus(clock, faults=faults)
    publisher = bus._own
    for life in range(restarts + 1):
        store = SqliteAuditStore(path)
        metrics = Metrics("obs", durables=[entry.durable for entry in (*OBS.reacts, *OBS.observes)])
        body = build_obs(store, clock, metrics)
        own = bus.as_role("obs")
        service = Service(
            OBS, body, bus=own, clock=clock, metrics=metrics, jobs=jobs_of(body),
            publisher=Publisher(own, clock, metrics, role="obs", source="at-obs/obs-1"),
        )  # fmt: skip
        running = asyncio.create_task(service.run())
        for n in range(life * FLOWS, (life + 1) * FLOWS):
            for event in Flow(n + 1).whole():
                await publisher.publish(Outgoing(subject_of(event), encode(event), headers_of(event)))
        if life == restarts:
            await until_all_is_recorded(running, store, bus)
            service.stop()
            await running
        else:
            await asyncio.sleep(0.3)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        store.close()
    assert {"duplicate", "deliver_delay", "lose_delivery", "lose_ack"} <= set(faults.injected)
    store = SqliteAuditStore(path)
    verdict = verify(store.rows())
    bodies = [row.record.body for row in store.rows()]
    store.close()
    return verdict, bodies if bodies == [entry.body for entry in bus.records("JOURNAL")] else []


async def until_all_is_recorded(running: asyncio.Task[None], store: SqliteAuditStore, bus: MemoryBus) -> None:
    for _ in range(1000):
        if running.done() or store.head().sequence == len(bus.records("JOURNAL")):
            return
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("seed", range(6))
def test_the_file_equals_the_journal_after_duplicates_lost_acks_delays_and_kills(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "audit.db"
    verdict, bodies = run_virtual(lambda loop: recorded(loop, path, seed, restarts=2))
    assert verdict.ok
    assert verdict.gaps == ()
    assert verdict.position == len(bodies) == 3 * FLOWS * 9
