"""What the engine reads and writes is what its contract says: run over every sample ever frozen, held against it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from engine_world import GATE, SYMBOL, Crash, World, run

from at_core.contracts.consumers.load import installed_contracts
from at_core.contracts.consumers.model import Reading, Writing
from at_core.events import Emit, Event, OperatorCommandIssued, originate
from at_core.events.versions import readable_majors
from at_core.ids import natural_id
from at_core.runtime.delivery import Delivery
from at_core.testing.builders import T0, a_market_bar
from at_core.testing.corpus import Sample, corpus
from at_core.testing.field_record import FieldRecord
from at_core.testing.handling import (
    differences,
    production_differences,
    run_body,
    unnoticed_changes,
    wiring_differences,
)
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.engine_body import EngineBody
from at_exec_sim.wiring import ENGINE

Seen = tuple[FieldRecord, list[Event]]
(CONTRACT,) = (one for one in installed_contracts() if one.member == "at-exec-sim")
READS: list[Reading] = [one for one in CONTRACT.reads if one.role == "engine"]
WRITES: list[Writing] = [one for one in CONTRACT.writes if one.role == "engine"]
TYPES = [name for entry in (*ENGINE.observes, *ENGINE.reacts) for name in entry.types]


class Signed(EngineBody):
    """The engine behind a gate whose hand signs every approval it is given."""

    async def react(self, delivery: Delivery, now: Any) -> Any:
        if delivery.event.type == "trading.risk.approved":
            message = delivery.message
            headers = {**message.headers, "at-sig": GATE.sign(message.body)}
            delivery = Delivery(delivery.event, replace(message, headers=headers))
        return await super().react(delivery, now)


class Watched(World):
    """A world in which what is delivered is recorded, as what is folded from the streams is."""

    def __init__(self, record: FieldRecord, **parts: Any) -> None:
        super().__init__(**parts)
        self.record = record

    def sign(self, *args: Any, **kwargs: Any) -> Delivery:
        delivery = super().sign(*args, **kwargs)
        return Delivery(self.record.watch(delivery.event), delivery.message)

    async def order(self, event: Event) -> None:
        """Deliver an operator's command."""
        message = self.sign(event, None).message  # type: ignore[arg-type]  # any event has a subject and a body
        await self.body.react(Delivery(self.record.watch(event), message), self.clock.now())


def a_command(kind: str, **values: Any) -> Event:
    told = {"operator": "ann", "operator_role": "ADMIN", "reason": "test", **values}
    payload = OperatorCommandIssued.model_validate({"command": kind, **told})
    event_id = natural_id("command", f"{kind}{values}")
    return originate(Emit(payload, "paper"), event_id, source="at-gateway/1", now=T0)


def quote(n: int, bid: str, ask: str) -> Event:
    return a_market_bar(
        n, symbol=SYMBOL, kind="QUOTE", bid=bid, ask=ask, bid_size="9", ask_size="9", close=bid
    )


async def every_sample(*types: str) -> list[Event]:
    """All samples of the types through one engine, at the time they speak of."""
    samples = corpus(*types)
    world = World(config=EngineConfig(approval_age_seconds_max=10**9))
    world.body.__class__ = Signed
    await run_body(world.body, ENGINE, samples, samples[0].event.timestamp)
    return plain(world)


async def killed_everywhere(record: FieldRecord) -> list[Event]:
    """One order, the engine killed at each of its first steps and started again."""
    made: list[Event] = []
    for at in range(10):
        world = Watched(record)
        await world.start()
        await world.market(quote(1, "50000", "50001"))
        approval = world.approval(stop_loss="49000", take_profit="52000")
        world.wire.arm(at, after=True)
        try:
            await world.deliver(approval)
        except Crash:
            world.wire.disarm()
            await world.start()
            await world.deliver(approval)
        world.wire.disarm()
        await world.poll()
        made += plain(world)
    return made


async def a_working_life(record: FieldRecord) -> list[Event]:
    """Orders that wait, a stop that cancels them, a restart in between, a new day, an exit, and a release."""
    world = Watched(record)
    await world.start()
    await world.market(quote(1, "50000", "50001"))
    await world.approve(1, quantity="0.1")
    await world.approve(2, order_type="LIMIT", limit_price="49000", quantity="0.1")
    await world.approve(3, order_type="STOP", stop_price="51000", quantity="0.1")
    await world.start()
    await world.poll()
    await world.order(a_command("KILL_SWITCH_ACTIVATE", level="CANCEL_AND_REDUCE", scope="GLOBAL"))
    await world.start()
    await world.approve(4, side="SELL", quantity="0.1", reduce_only=True)
    await world.approve(5, quantity="0.1")
    await world.order(a_command("KILL_SWITCH_ACTIVATE", scope="ACCOUNT", scope_value="paper"))
    await world.order(a_command("KILL_SWITCH_RELEASE", scope="ACCOUNT", scope_value="paper"))
    world.clock.advance(timedelta(days=1).total_seconds())
    await world.poll()
    return plain(world)


def plain(world: World) -> list[Event]:
    return [event for stream in ("EXEC", "SYSTEM") for event in world.events(stream)]


async def everything(record: FieldRecord) -> list[Event]:
    # The approvals once more alone: beside all the others, their order has been sent already.
    samples = [*await every_sample(*TYPES), *await every_sample("trading.risk.approved")]
    return [*samples, *await killed_everywhere(record), *await a_working_life(record)]


@pytest.fixture(scope="module")
def seen() -> Seen:
    with FieldRecord() as record:
        made = run(everything(record))
    return record, [Sample.of(event).event for event in made]


def test_what_is_read_is_what_is_declared(seen: Seen) -> None:
    assert differences(seen[0], READS) == []


def test_a_field_left_out_and_a_field_made_up_are_noticed(seen: Seen) -> None:
    assert unnoticed_changes(seen[0], READS) == []


def test_types_durables_and_majors_are_those_of_the_wiring() -> None:
    assert wiring_differences(READS, ENGINE) == []
    assert all(one.majors == readable_majors(one.event_type) for one in READS)


def test_what_is_written_is_what_is_declared(seen: Seen) -> None:
    assert production_differences(WRITES, ENGINE, seen[1]) == []
