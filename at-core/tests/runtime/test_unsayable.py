"""An event that cannot be said in the configured major: nothing is sent, its cause is kept, others go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from at_core.clock import ManualClock
from at_core.enums import BodyEncoding
from at_core.errors import ConfigurationError, Unsayable
from at_core.events import AlertQuarantined, Emit, Event
from at_core.events.codec import encode, headers_of
from at_core.events.downcasters import DOWNCASTERS, Downcaster
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.consumer import Consumer
from at_core.runtime.delivery import Delivery
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.testing.builders import T0, a_signal
from at_core.topology.consumers import durable

TYPE = "intake.alert.quarantined"


@dataclass
class Complainer:
    """Answers every signal with two complaints; the second of signal 2 cannot be said in version 1."""

    told: list[Event] = field(default_factory=list)

    def reset(self) -> None:
        return None

    def observe(self, delivery: Delivery) -> None:
        return None

    async def recover(self) -> None:
        return None

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        last = delivery.event.event_id == a_signal(2).event_id
        return [Emit(complaint("fine"), slot="1"), Emit(complaint("secret" if last else "fine"), slot="2")]

    def emitted(self, event: Event) -> None:
        self.told.append(event)


def complaint(hint: str) -> AlertQuarantined:
    return AlertQuarantined(
        signal_source="tv", code="X", hint=hint, content_type="", body_text="", body_encoding=BodyEncoding.UTF8,
        truncated=False, body_size=0, body_digest="0" * 64, received_at=T0,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def version_1_cannot_say_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    step = DOWNCASTERS[TYPE, 2].step

    def refuse(data: dict[str, Any]) -> dict[str, Any]:
        if data["hint"] == "secret":
            raise ValueError("it would be misread")
        return step(data)

    monkeypatch.setitem(DOWNCASTERS, (TYPE, 2), Downcaster("1.0", refuse))  # type: ignore[arg-type]  # a dict behind it


async def handled(bus: MemoryBus, majors: dict[str, int]) -> tuple[Complainer, Metrics]:
    metrics = Metrics("gateway", durables=["agents-signals"])
    publisher = Publisher(bus, bus.clock, metrics, role="gateway", source="g", emit_major=majors)
    body = Complainer()
    consumer = Consumer(body, bus, publisher, bus.clock, metrics)
    inbox = await bus.bind(durable("agents-signals"))
    await consumer.react(inbox, await inbox.fetch(10, 0))
    await inbox.close()
    return body, metrics


def send(bus: MemoryBus, *numbers: int) -> None:
    for number in numbers:
        event = a_signal(number)
        bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))


async def test_the_cause_is_dead_lettered_nothing_of_its_answer_is_sent_and_the_body_is_not_told() -> None:
    bus = MemoryBus(ManualClock(T0))
    send(bus, 1, 2, 3)
    body, metrics = await handled(bus, {TYPE: 1})
    assert [record.subject for record in bus.records("DLQ")] == [
        "dlq.gateway.agents-signals.DOWNCAST_REFUSED"
    ]
    assert len(bus.records("QUARANTINE")) == len(body.told) == 4
    assert {event.causation_id for event in body.told} == {a_signal(1).event_id, a_signal(3).event_id}
    assert {event.schema_version for event in body.told} == {"2.0"}, "own memory keeps the newest form"
    assert metrics.value("at_events_published_total", type=TYPE, outcome="unsayable") == 1
    code = {"durable": "agents-signals", "code": "DOWNCAST_REFUSED"}
    assert metrics.value("at_events_set_aside_total", **code) == 1


async def test_with_the_entry_removed_the_same_cause_is_answered() -> None:
    bus = MemoryBus(ManualClock(T0))
    send(bus, 2)
    body, _ = await handled(bus, {})
    assert len(bus.records("QUARANTINE")) == len(body.told) == 2
    assert not bus.records("DLQ")


async def test_a_direct_publish_raises_before_anything_is_sent() -> None:
    bus = MemoryBus(ManualClock(T0))
    metrics = Metrics("gateway")
    publisher = Publisher(bus, bus.clock, metrics, role="gateway", source="g", emit_major={TYPE: 1})
    event = publisher.originate(Emit(complaint("secret")), a_signal().event_id, T0)
    with pytest.raises(Unsayable, match="DOWNCAST_REFUSED"):
        await publisher.publish_all([event])
    assert not bus.records("QUARANTINE")


def test_a_publisher_of_another_role_refuses_the_entry_at_the_start() -> None:
    bus = MemoryBus(ManualClock(T0))
    with pytest.raises(ConfigurationError, match="role agents does not emit it"):
        Publisher(bus, bus.clock, Metrics("agents"), role="agents", source="a", emit_major={TYPE: 1})
