"""The simulation harness itself: a seed repeats, time is virtual, a deadlock is a finding."""

import asyncio
import random
from typing import Any

import pytest

from at_core.errors import OurFault
from at_core.runtime.bus import Outgoing
from at_core.testing.builders import T0
from at_core.testing.simulation import (
    Deadlock,
    FaultRates,
    Host,
    LoopClock,
    SeededFaults,
    VirtualLoop,
    run_virtual,
)


def test_an_hour_passes_in_no_time_and_the_clock_follows() -> None:
    async def main(loop: VirtualLoop) -> float:
        clock = LoopClock(loop, T0)
        await asyncio.sleep(3600)
        assert (clock.now() - T0).total_seconds() == 3600
        return loop.time()

    assert run_virtual(main) == 3600


def test_waiting_for_nothing_is_reported() -> None:
    async def main(loop: VirtualLoop) -> None:
        await loop.create_future()

    with pytest.raises(Deadlock):
        run_virtual(main)


def _draw(seed: int) -> list[Any]:
    died: list[str] = []
    faults = SeededFaults(random.Random(seed), FaultRates(), died.append)
    drawn: list[Any] = [faults.on_publish("gate", Outgoing("a", b"")) for _ in range(300)]
    return [*drawn, *died, sorted(faults.injected.items())]


def test_a_seed_is_a_complete_description_of_what_goes_wrong() -> None:
    assert _draw(1) == _draw(1)
    assert _draw(1) != _draw(2)


class FakeService:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.ready = True

    async def run(self) -> None:
        await asyncio.sleep(10)
        if self.error:
            raise self.error


def test_a_host_comes_back_after_a_crash_and_reports_its_own_faults() -> None:
    built: list[FakeService] = []

    def build() -> Any:
        built.append(FakeService(OurFault("broken") if len(built) == 2 else None))
        return built[-1]

    async def main(loop: VirtualLoop) -> Host:
        host = Host("gate", build)
        host.start()
        for _ in range(2):
            await asyncio.sleep(1)
            host.crash()
        await asyncio.sleep(30)
        return host

    host = run_virtual(main)
    assert host.crashes == 2
    assert len(built) == 3
    assert isinstance(host.failure, OurFault)
