"""What the recipe of an event type promises, looked at one by one. Run by test_recipe_event.py in its copy."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import at_core
from at_core.clock import ManualClock
from at_core.contracts.frozen import frozen_contracts, frozen_samples
from at_core.contracts.schema_files import schema_files
from at_core.errors import PermissionDenied
from at_core.events import Emit, Event, NoteEvent, NoteWritten, decode, encode
from at_core.events.codec import decode_body, headers_of
from at_core.events.registry import class_for, producer_of, stream_of
from at_core.events.subjects import message_id, subject_of
from at_core.runtime.bus import Incoming
from at_core.runtime.consumer import Consumer
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.publisher import Publisher
from at_core.testing.bus_place import take
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import durable
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.bootstrap import build_obs

ROOT = Path(__file__).resolve().parents[3]
TYPE = "operator.note.written"
SUBJECT = f"{TYPE}.v1.paper.alice"
NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
ID = UUID("01234567-89ab-7def-8123-456789abcdef")
NOTE = NoteWritten(operator="alice", symbol="ETH/USDT", text="A big seller.")


class Reader:
    """A body that keeps what it is handed."""

    def __init__(self) -> None:
        self.seen: list[Event] = []

    def reset(self) -> None:
        self.seen.clear()

    def observe(self, delivery: Delivery) -> None:
        self.seen.append(delivery.event)

    async def recover(self) -> None:
        return None

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        self.seen.append(delivery.event)
        return ()

    def emitted(self, event: Event) -> None:
        self.seen.append(event)


def publisher_of(bus: NatsBus, role: str, metrics: Metrics) -> Publisher:
    return Publisher(bus, ManualClock(NOW), metrics, role=role, source=f"at/{role}-1")


def a_note(account: str = "paper") -> Event:
    return NoteEvent.wrap(
        NOTE,
        event_id=ID,
        timestamp=NOW,
        source="at/gateway-1",
        trace_id=ID.hex,
        correlation_id=ID,
        account=account,
    )


@asynccontextmanager
async def connected(place: NatsPlace, role: str) -> AsyncIterator[NatsBus]:
    bus = await place.connect(role)
    try:
        yield bus
    finally:
        await bus.close()


async def kept_by_the_audit(messages: Sequence[Incoming]) -> None:
    """Obs writes the message from the JOURNAL down as it does in production: exact bytes, in a verified chain."""
    store = SqliteAuditStore(None)
    body = build_obs(store, ManualClock(NOW), Metrics("obs"))
    body.reset()
    await body.recover()
    await body.react_raw(messages)
    (row,) = store.rows()
    assert (row.record.kind, row.record.event_type, row.record.account) == ("EVENT", TYPE, "paper")
    assert (row.record.source_stream, row.record.body) == ("OPERATOR", messages[0].body)


def test_this_is_the_copy() -> None:
    assert Path(at_core.__file__).is_relative_to(ROOT)
    assert (class_for(TYPE), producer_of(TYPE), stream_of(TYPE)) == (NoteEvent, "gateway", "OPERATOR")


def test_the_subject_the_id_that_suppresses_duplicates_and_the_headers() -> None:
    event = a_note()
    assert subject_of(event) == SUBJECT
    assert message_id(event) == f"{ID}.v1"
    headers = headers_of(event)
    assert (headers["at-type"], headers["at-schema"], headers["at-correlation"]) == (TYPE, "1.0", str(ID))
    assert headers["traceparent"].startswith(f"00-{ID.hex}-")


def test_the_round_trip_and_the_samples() -> None:
    event = a_note()
    assert decode(subject_of(event), headers_of(event), encode(event)) == event
    samples = frozen_samples(TYPE, "1.0")
    assert {"full", "minimal", "every-field", "unknown-field"} <= set(samples)
    for body in samples.values():
        assert decode_body(TYPE, 1, body).type == TYPE
    assert json.loads(samples["full"])["text"] == "Watch the open."
    assert [contract.version for contract in frozen_contracts()[TYPE]] == ["1.0"]


def test_the_pages_and_the_schemas() -> None:
    docs = ROOT / "docs"
    page = (docs / "EVENTS.md").read_text()
    section = page.partition(f"\n## `{TYPE}` 1.0\n")[2].partition("\n## ")[0]
    assert "A remark of an operator, kept for whoever reads the audit." in section
    assert f"`{TYPE}.v1.<account>.<operator>`" in section
    assert "`obs-journal` (obs, queue on JOURNAL)" in section
    assert "| `text` | yes | string, at most 2000 characters | 1.0 |" in section
    assert f"[`{TYPE}` 1.0](#operatornotewritten-10)" in page
    assert (
        f"| `{TYPE}` | gateway | outside: operator notes | obs | gateway |"
        in (docs / "DATAFLOW.md").read_text()
    )
    document = json.loads((docs / "asyncapi.json").read_text())
    assert document["channels"][f"{TYPE}.v1.sent"]["address"] == f"{TYPE}.v1.{{account}}.{{operator}}"
    assert {f"gateway.sends.{TYPE}.v1", f"obs-journal.receives.{TYPE}.v1"} <= set(document["operations"])
    assert f"{TYPE}/1.0.reader.schema.json" in schema_files()


def test_the_changelogs_say_so() -> None:
    for member in ("at-core", "at-gateway"):
        assert f"`{TYPE}`" in (ROOT / member / "CHANGELOG.md").read_text()


async def test_the_publisher_the_consumer_the_labels_and_the_suppression(nats_place: NatsPlace) -> None:
    metrics, heard = Metrics("gateway"), Metrics("obs", durables=("obs-journal",))
    async with connected(nats_place, "gateway") as gateway, connected(nats_place, "obs") as obs:
        publisher = publisher_of(gateway, "gateway", metrics)
        event = publisher.originate(Emit(NOTE, "paper"), ID, NOW)
        first, again = await publisher.publish(event), await publisher.publish(event)
        assert (first.duplicate, again.duplicate) == (False, True)
        for outcome in ("stored", "duplicate"):
            assert metrics.value("at_events_published_total", type=TYPE, outcome=outcome) == 1
        inbox = await obs.bind(durable("obs-journal"))
        messages = await take(inbox, 1)
        reader = Reader()
        consumer = Consumer(reader, obs, publisher_of(obs, "obs", heard), ManualClock(NOW), heard)
        await consumer.react(inbox, messages)
        assert reader.seen == [event]
        assert messages[0].subject == SUBJECT
        await kept_by_the_audit(messages)
        assert heard.value("at_events_consumed_total", durable="obs-journal", outcome="handled") == 1


@pytest.mark.parametrize("role", ["agents", "gate", "engine", "obs"])
async def test_nobody_but_the_producer_may_publish_it(nats_place: NatsPlace, role: str) -> None:
    async with connected(nats_place, role) as bus:
        with pytest.raises(PermissionDenied):
            await publisher_of(bus, role, Metrics(role)).publish(a_note("forged"))
