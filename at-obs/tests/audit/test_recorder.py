from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obs_world import T0, Flow, journal, signals

from at_core.runtime.bus import Incoming
from at_obs.audit.chain import ChainRow, Gap, verify
from at_obs.audit.recorder import HoleLimits, Recorder
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.audit.store import AuditConflict, AuditUnavailable

LIMITS = HoleLimits(seconds_max=60, messages_max=8)
MESSAGES = signals(10)


def a_recorder(store: SqliteAuditStore | None = None) -> tuple[Recorder, SqliteAuditStore]:
    store = store or SqliteAuditStore(None)
    return Recorder(store, limits=LIMITS), store


def later(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def sequences(store: SqliteAuditStore) -> list[int]:
    return [row.record.sequence for row in store.rows()]


def test_a_batch_is_appended_in_journal_order_and_verifies() -> None:
    recorder, store = a_recorder()
    done = recorder.append(MESSAGES, T0)
    assert sequences(store) == list(range(1, 11))
    assert verify(store.rows()).ok
    assert (done.head.position, done.head.sequence, done.parked, done.duplicates) == (10, 10, 0, 0)
    assert len(done.events) == 10


def test_redelivery_of_everything_changes_nothing() -> None:
    recorder, _ = a_recorder()
    first = recorder.append(MESSAGES, T0)
    again = recorder.append([replace(entry, deliveries=2) for entry in MESSAGES], later(1))
    assert again.rows == ()
    assert again.duplicates == 10
    assert again.head == first.head


def test_a_message_twice_in_one_batch_is_one_row() -> None:
    recorder, store = a_recorder()
    assert recorder.append([MESSAGES[0], MESSAGES[0], MESSAGES[1]], T0).duplicates == 1
    assert sequences(store) == [1, 2]


@given(
    order=st.permutations(MESSAGES),
    again=st.lists(st.sampled_from(MESSAGES), max_size=6),
    cuts=st.sets(st.integers(min_value=1, max_value=15)),
)
def test_any_order_of_delivery_with_copies_in_any_batches_gives_the_same_chain(
    order: Sequence[Incoming], again: Sequence[Incoming], cuts: set[int]
) -> None:
    straight, expected = a_recorder()
    straight.append(MESSAGES, T0)
    store = SqliteAuditStore(None)
    recorder = Recorder(store, limits=HoleLimits(60, 50))
    deliveries = [*order, *again]
    edges = [0, *sorted(cut for cut in cuts if cut < len(deliveries)), len(deliveries)]
    for begin, end in pairwise(edges):
        recorder.append(deliveries[begin:end], T0)
    assert list(store.rows()) == list(expected.rows())
    assert store.parked() == []
    store.close()
    expected.close()


def test_what_is_ahead_of_a_hole_waits_durable_and_outside_the_chain(audit_file: Path) -> None:
    recorder, store = a_recorder(SqliteAuditStore(audit_file))
    done = recorder.append([MESSAGES[0], MESSAGES[2], MESSAGES[3]], T0)
    assert (done.head.sequence, done.parked) == (1, 2)
    store.close()
    recorder, store = a_recorder(SqliteAuditStore(audit_file))
    assert [entry.sequence for entry in store.parked()] == [3, 4]
    done = recorder.append([MESSAGES[1]], later(5))
    assert sequences(store) == [1, 2, 3, 4]
    assert (done.parked, store.parked()) == (0, [])
    assert verify(store.rows()).ok
    store.close()


def test_a_parked_message_gives_the_same_row_as_one_that_came_in_order() -> None:
    flow = journal(Flow().whole())
    recorder, store = a_recorder()
    recorder.append(flow[1:], T0)
    recorder.append(flow[:1], T0)
    straight, expected = a_recorder()
    straight.append(flow, T0)
    assert list(store.rows()) == list(expected.rows())


def test_a_hole_is_given_up_only_after_its_time_and_declared() -> None:
    recorder, store = a_recorder()
    recorder.append([MESSAGES[0], MESSAGES[4]], T0)
    assert recorder.append((), later(59)).hole_seconds == 59
    assert sequences(store) == [1]
    done = recorder.append((), later(60))
    assert [row.record.kind for row in done.rows] == ["GAP", "EVENT"]
    assert done.rows[0].record.problem == "not delivered for 60 s"
    verdict = verify(store.rows())
    assert verdict.ok
    assert verdict.gaps == (Gap(2, 4),)
    assert done.head.gaps == 1


def test_a_hole_is_given_up_when_too_much_waits_behind_it() -> None:
    recorder, store = a_recorder()
    recorder.append(MESSAGES[2:10], T0)
    assert sequences(store) == []
    recorder.append(journal([Flow(11).signal], first=11), T0)
    assert verify(store.rows()).gaps == (Gap(1, 2),)


def test_after_a_restart_a_hole_gets_its_time_for_redelivery_again() -> None:
    recorder, store = a_recorder()
    recorder.append([MESSAGES[0], MESSAGES[2]], T0)
    recorder, store = a_recorder(store)
    recorder.append((), later(600))
    assert sequences(store) == [1]
    recorder.append([MESSAGES[1]], later(601))
    assert verify(store.rows()).gaps == ()


def test_what_comes_after_its_gap_was_declared_is_kept_as_late() -> None:
    recorder, store = a_recorder()
    recorder.append([MESSAGES[0], MESSAGES[4]], T0)
    recorder.append((), later(60))
    done = recorder.append([MESSAGES[2], MESSAGES[5]], later(61))
    assert [(row.record.sequence, row.record.late) for row in done.rows] == [(3, True), (6, False)]
    again = recorder.append([MESSAGES[2]], later(62))
    assert (again.rows, again.duplicates) == ((), 1)
    verdict = verify(store.rows())
    assert verdict.ok
    assert (verdict.late, verdict.sequence) == (1, 6)


@pytest.mark.parametrize("known", ["in the chain", "parked", "in the same batch"])
def test_another_body_at_a_known_position_is_refused_and_nothing_of_the_batch_is_written(known: str) -> None:
    recorder, store = a_recorder()
    forged = replace(MESSAGES[3], body=b"{}")
    batch = [MESSAGES[1], forged]
    if known == "in the chain":
        recorder.append(MESSAGES[:5], T0)
    elif known == "parked":
        recorder.append([MESSAGES[3]], T0)
    else:
        batch = [MESSAGES[3], forged]
    before = list(store.rows()), store.parked()
    with pytest.raises(AuditConflict, match="position 4 was recorded with another body"):
        recorder.append(batch, T0)
    assert (list(store.rows()), store.parked()) == before


def test_the_input_hash_is_found_inside_the_same_batch_and_across_batches() -> None:
    flow = Flow()
    entries = journal([flow.signal, flow.proposal, flow.rejected()])
    together, one = a_recorder()
    together.append(entries, T0)
    apart, two = a_recorder()
    for entry in entries:
        apart.append([entry], T0)
    hashes = [row.record.input_hash for row in one.rows()]
    rows = list(one.rows())
    assert hashes[2] == rows[1].body_digest
    assert hashes == [row.record.input_hash for row in two.rows()]


class FailingStore(SqliteAuditStore):
    """Fails in the middle of the next appends, after some rows were written."""

    failures = 1

    def append(self, rows: Sequence[ChainRow], park: Sequence[Incoming], unpark: Sequence[int]) -> None:
        if self.failures:
            self.failures -= 1
            raise AuditUnavailable("disk full")
        super().append(rows, park, unpark)


def test_a_batch_that_could_not_be_written_can_come_again() -> None:
    store = FailingStore(None)
    recorder, _ = a_recorder(store)
    with pytest.raises(AuditUnavailable):
        recorder.append(MESSAGES, T0)
    assert sequences(store) == []
    recorder.append(MESSAGES, T0)
    assert verify(store.rows()).position == 10
