from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from obs_world import T0, Flow, journal, message, raw, signals

from at_core.clock import ManualClock
from at_core.events import Heartbeat
from at_core.events.emit import Emit, originate
from at_core.ids import natural_id
from at_core.runtime.body import Body, RawObserver, RawReactor
from at_core.runtime.bus import Stored
from at_core.runtime.dead_letter import dead_letter, requeue_marker
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics
from at_core.topology.consumers import durable
from at_obs.audit.chain import verify
from at_obs.audit.recorder import HoleLimits
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.audit.store import AuditUnavailable
from at_obs.bootstrap import build_obs
from at_obs.observer import Observer
from at_obs.wiring import OBS


class World:
    """One observer with everything around it in reach."""

    def __init__(self, store: SqliteAuditStore | None = None) -> None:
        self.clock = ManualClock(T0)
        self.metrics = Metrics("obs")
        self.store = store or SqliteAuditStore(None)
        self.body = build_obs(self.store, self.clock, self.metrics, limits=HoleLimits(60, 100))

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.value(name, **labels)


@pytest.fixture
def world() -> World:
    return World()


def a_beat(role: str, milliseconds: float) -> Delivery:
    started = T0 + timedelta(milliseconds=milliseconds)
    payload = Heartbeat(role=role, instance="1", version="1", ready=True, started_at=started)  # type: ignore[arg-type]  # a role name
    event = originate(
        Emit(payload), natural_id("beat", f"{role}{milliseconds}"), source=f"at-x/{role}", now=started
    )
    return Delivery(event, message(1, event))


async def test_the_observer_keeps_every_promise_of_a_body_and_of_both_raw_hooks(world: World) -> None:
    body: Body = world.body
    assert isinstance(body, RawObserver)
    assert isinstance(body, RawReactor)
    assert body.raw_durables == {reaction.durable for reaction in OBS.reacts}
    assert await body.react(Delivery(Flow().signal, message(1, Flow().signal)), T0) == ()


async def test_a_batch_is_in_the_file_when_the_hook_returns_and_counted(world: World) -> None:
    await world.body.react_raw(journal(Flow().whole()))
    assert verify(world.store.rows()).position == 9
    assert world.value("at_audit_chain_rows") == 9
    assert world.value("at_audit_journal_sequence") == 9
    assert world.value("at_audit_rows_total", outcome="appended") == 9
    assert world.value("at_flow_stage_seconds_count", stage="signal_to_fill") == 1
    assert world.value("at_flow_orders_total", status="FILLED") == 1


async def test_redelivery_is_counted_as_duplicate_and_not_in_the_flow(world: World) -> None:
    batch = journal(Flow().whole())
    await world.body.react_raw(batch)
    await world.body.react_raw(batch)
    assert world.value("at_audit_rows_total", outcome="duplicate") == 9
    assert world.value("at_flow_fills_total") == 1


async def test_an_undecodable_journal_message_is_recorded_counted_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.body.react_raw([raw(1, "trading.signal.created.v9.paper.x", b"\x00\xff", {})])
    assert world.value("at_audit_rows_total", outcome="undecodable") == 1
    assert verify(world.store.rows()).ok
    assert "no event of this build" in caplog.text


async def test_lag_shows_how_late_the_batch_was_and_returns_to_zero_when_idle(world: World) -> None:
    world.clock.advance(12)
    await world.body.react_raw([message(1, Flow().signal, pending=40)])
    assert world.value("at_audit_pending_messages") == 40
    assert world.value("at_audit_lag_seconds") == pytest.approx(11.999)
    await world.body.react_raw([message(2, Flow(2).signal, pending=0)])
    assert (world.value("at_audit_pending_messages"), world.value("at_audit_lag_seconds")) == (0, 0)


async def test_an_audit_that_cannot_write_looks_late_and_acknowledges_nothing(world: World) -> None:
    world.clock.advance(30)
    world.store.append = _disk_full  # type: ignore[method-assign,assignment]  # the fault
    with pytest.raises(AuditUnavailable):
        await world.body.react_raw(signals(2))
    assert world.value("at_audit_lag_seconds") == pytest.approx(29.999)
    assert world.value("at_audit_rows_total", outcome="appended") == 0


def _disk_full(*_: object) -> None:
    raise AuditUnavailable("disk full")


async def test_a_hole_is_shown_while_it_lasts_and_declared_by_the_tick(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    batch = signals(4)
    await world.body.react_raw([batch[0], batch[3]])
    world.clock.advance(30)
    await world.body.tick()
    assert (world.value("at_audit_parked_messages"), world.value("at_audit_hole_age_seconds")) == (1, 30)
    world.clock.advance(30)
    await world.body.tick()
    assert (world.value("at_audit_parked_messages"), world.value("at_audit_hole_age_seconds")) == (0, 0)
    assert (world.value("at_audit_gaps"), world.value("at_audit_rows_total", outcome="gap")) == (1, 1)
    assert "journal gap declared" in caplog.text


async def test_a_restart_takes_up_the_chain_and_the_open_flows(audit_file: Path) -> None:
    whole = journal(Flow().whole())
    first = World(SqliteAuditStore(audit_file))
    await first.body.react_raw(whole[:5])
    first.store.close()
    second = World(SqliteAuditStore(audit_file))
    second.body.reset()
    await second.body.recover()
    assert second.value("at_audit_chain_rows") == 5
    assert second.value("at_flow_fills_total") == 0
    await second.body.react_raw(whole[3:])
    assert second.value("at_flow_stage_seconds_count", stage="order_to_fill") == 1
    assert second.value("at_flow_stage_seconds_count", stage="signal_to_fill") == 1
    assert second.value("at_flow_stage_seconds_count", stage="ruling_to_order") == 0
    assert verify(second.store.rows()).position == 9
    second.store.close()


async def test_heartbeats_give_the_age_of_the_newest_per_role(world: World) -> None:
    world.body.observe(a_beat("gate", 2000))
    world.body.observe(a_beat("gate", 1000))
    world.clock.advance(10)
    await world.body.tick()
    assert world.value("at_heartbeat_age_seconds", role="gate") == 8
    assert world.value("at_heartbeat_age_seconds", role="engine") == 10


def a_dead_letter(world: World, sequence: int) -> bool:
    made = dead_letter(
        "engine", "engine-approvals", message(1, Flow().approved()), "UNAUTHENTIC", "no signature"
    )
    return world.body.observe_raw(raw(sequence, made.subject, made.body, made.headers, stream="DLQ"))


def test_dead_letters_and_advisories_are_counted_and_counted_afresh_after_a_reset(world: World) -> None:
    advisory = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.RISK.engine-approvals"
    for _ in range(2):
        world.body.reset()
        assert a_dead_letter(world, 1)
        assert a_dead_letter(world, 2)
        assert world.body.observe_raw(raw(1, advisory, b"{}", {}, stream="ADVISORY"))
    assert world.value("at_dead_letters", durable="engine-approvals") == 2
    assert world.value("at_dead_letter_newest_timestamp_seconds") == pytest.approx(T0.timestamp() + 0.002)
    assert world.value("at_delivery_advisories", kind="MAX_DELIVERIES") == 1


def test_a_letter_that_was_put_back_is_no_new_dead_letter(world: World) -> None:
    assert a_dead_letter(world, 1)
    newest = world.value("at_dead_letter_newest_timestamp_seconds")
    marker = requeue_marker("gate", "engine-approvals", 1, 1, Stored("RISK", 9), "corrected")
    assert world.body.observe_raw(raw(2, marker.subject, marker.body, {}, stream="DLQ"))
    assert world.value("at_dead_letters", durable="engine-approvals") == 1
    assert world.value("at_dead_letter_newest_timestamp_seconds") == newest


@pytest.mark.parametrize("subject", ["dlq", "dlq.engine", "dlq.engine.=ZZ.X", "dlq.engine.unknown-durable.X"])
def test_an_odd_dead_letter_subject_is_counted_as_other(world: World, subject: str) -> None:
    assert world.body.observe_raw(raw(1, subject, b"", {}, stream="DLQ"))
    counted = world.value("at_dead_letters", durable="other")
    assert counted == 1


def test_heartbeats_are_left_to_be_decoded(world: World) -> None:
    assert not world.body.observe_raw(a_beat("gate", 0).message)


async def test_a_checkpoint_is_logged_so_that_it_leaves_the_machine(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("at_obs.observer.CHECKPOINT_ROWS", 3)
    with caplog.at_level(logging.INFO):
        await world.body.react_raw(signals(7))
    logged = [entry for entry in caplog.records if entry.message == "audit checkpoint"]
    rows = list(world.store.rows())
    assert [(entry.position, entry.head) for entry in logged] == [  # type: ignore[attr-defined]  # extra fields
        (3, rows[2].row_hash),
        (6, rows[5].row_hash),
    ]


def test_the_wiring_binds_only_durables_of_obs_and_emits_nothing() -> None:
    names = [*(entry.durable for entry in OBS.reacts), *(entry.durable for entry in OBS.observes)]
    assert {durable(name).role for name in names} == {"obs"}
    assert OBS.emits == frozenset()


def test_construction_opens_nothing(world: World) -> None:
    assert isinstance(world.body, Observer)
    assert list(world.store.rows()) == []
