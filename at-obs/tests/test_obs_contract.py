"""What obs reads and writes is what its contract says: run over every sample ever frozen, held against it."""

import asyncio
from collections.abc import Iterable

import pytest
from obs_world import T0, Flow

from at_core.clock import ManualClock
from at_core.contracts.consumers.load import installed_contracts
from at_core.events import decode
from at_core.events.versions import readable_majors
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.testing.corpus import Sample, corpus, placed
from at_core.testing.field_record import FieldRecord
from at_core.testing.handling import (
    differences,
    production_differences,
    unnoticed_changes,
    wiring_differences,
)
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.bootstrap import build_obs
from at_obs.traces.build import build_trace
from at_obs.traces.render import render_text
from at_obs.wiring import HEARTBEATS, JOURNALED, OBS

(CONTRACT,) = (one for one in installed_contracts() if one.member == "at-obs")
UNTOUCHED = {
    (name, "*"): "the recorder keeps the exact bytes, which no field record sees; see the test of the rows"
    for name in JOURNALED
}


async def recorded(samples: Iterable[Sample]) -> SqliteAuditStore:
    """Let obs record the samples as a journal, start again on its file, and tell every flow in it."""
    clock, store = ManualClock(T0), SqliteAuditStore(None)
    body = build_obs(store, clock, Metrics("obs"))
    body.reset()
    await body.recover()
    messages = [
        sample.incoming(number, "JOURNAL", placed(sample), T0) for number, sample in enumerate(samples, 1)
    ]
    for message in messages:
        await body.react_raw([message])
    again = build_obs(store, clock, Metrics("obs"))
    await again.recover()
    records = [row.record for row in store.rows()]
    for record in records:
        render_text_of(record.correlation_id, [record])
    for correlation_id in {record.correlation_id for record in records}:
        render_text_of(correlation_id, [one for one in records if one.correlation_id == correlation_id])
    return store


def render_text_of(correlation_id: str, records: list) -> None:  # type: ignore[type-arg]  # of audit records
    trace = build_trace(correlation_id, records)
    assert trace is not None
    assert render_text(trace)


def beaten() -> None:
    """Fold every heartbeat."""
    body = build_obs(SqliteAuditStore(None), ManualClock(T0), Metrics("obs"))
    for number, sample in enumerate(corpus(*HEARTBEATS), 1):
        message = sample.incoming(number, "HEALTH", placed(sample), T0)
        assert not body.observe_raw(message)
        body.observe(Delivery(decode(message.subject, message.headers, message.body), message))


@pytest.fixture(scope="module")
def record() -> FieldRecord:
    flow = Flow()
    told = [*flow.whole(), flow.rejected(), flow.held()]
    with FieldRecord() as seen:
        asyncio.run(recorded(corpus(*JOURNALED)))
        asyncio.run(recorded(Sample.of(event) for event in told))
        beaten()
    return seen


def test_what_is_read_is_what_is_declared(record: FieldRecord) -> None:
    assert differences(record, CONTRACT.reads, UNTOUCHED) == []


def test_a_field_left_out_and_a_field_made_up_are_noticed(record: FieldRecord) -> None:
    assert unnoticed_changes(record, CONTRACT.reads, UNTOUCHED) == []


def test_the_rows_hold_the_exact_bytes_of_every_type_that_is_kept_whole() -> None:
    samples = corpus(*(one.event_type for one in CONTRACT.reads if one.whole), varied=False)
    store = asyncio.run(recorded(samples))
    assert {sample.event_type for sample in samples} == set(JOURNALED)
    assert [row.record.body for row in store.rows()] == [sample.body for sample in samples]
    assert {row.record.kind for row in store.rows()} == {"EVENT"}


def test_types_durables_and_majors_are_those_of_the_wiring() -> None:
    assert wiring_differences(CONTRACT.reads, OBS) == []
    assert all(one.majors == readable_majors(one.event_type) for one in CONTRACT.reads)


def test_nothing_but_its_heartbeat_is_written() -> None:
    assert production_differences(CONTRACT.writes, OBS, ()) == []
