from __future__ import annotations

import re

import pytest
from obs_world import Flow

from at_core.enums import AgentVerdict, OrderStatus
from at_core.risk.codes import RejectCode
from at_core.runtime.metrics import Metrics
from at_obs.flow.fold import FlowFold, StageTime
from at_obs.flow.metrics import ADVISORIES, STAGE_BUCKETS, ObsMetrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("obs")


@pytest.fixture
def declared(metrics: Metrics) -> ObsMetrics:
    return ObsMetrics(metrics, tuple(RejectCode))


def test_a_whole_flow_is_counted(metrics: Metrics, declared: ObsMetrics) -> None:
    fold = FlowFold()
    for event in Flow().whole():
        declared.event(event, fold.fold(event), len(fold))
    assert metrics.value("at_flow_signals_total", kind="ORDER") == 1
    assert metrics.value("at_flow_runs_total", verdict="PROPOSED") == 1
    assert metrics.value("at_risk_decisions_total", verdict="APPROVED", code="NONE") == 1
    assert metrics.value("at_flow_orders_total", status="SUBMITTED") == 1
    assert metrics.value("at_flow_orders_total", status="ACKNOWLEDGED") == 1
    assert metrics.value("at_flow_orders_total", status="FILLED") == 1
    assert metrics.value("at_flow_fills_total") == 1
    assert metrics.value("at_flow_followed") == 1
    assert metrics.value("at_flow_stage_seconds_sum", stage="signal_to_fill") == pytest.approx(0.05)


def test_refusals_are_counted_by_verdict_and_code(metrics: Metrics, declared: ObsMetrics) -> None:
    flow = Flow()
    declared.event(flow.rejected(), [], 0)
    declared.event(flow.held(), [], 0)
    declared.event(flow.answered(AgentVerdict.ABSTAINED, "NOTHING_TO_CLOSE"), [], 0)
    assert metrics.value("at_risk_decisions_total", verdict="REJECTED", code="NOTIONAL_TOO_LARGE") == 1
    assert metrics.value("at_risk_decisions_total", verdict="HELD", code="NOTIONAL_NEEDS_PERSON") == 1
    assert metrics.value("at_flow_runs_total", verdict="ABSTAINED") == 1


def test_a_code_outside_the_closed_set_is_counted_as_other(metrics: Metrics, declared: ObsMetrics) -> None:
    declared.event(Flow().rejected().model_copy(update={"reasons": ("INVENTED",)}), [], 0)
    assert metrics.value("at_risk_decisions_total", verdict="REJECTED", code="INVENTED") is None
    assert metrics.value("at_risk_decisions_total", verdict="REJECTED", code="other") == 1


def test_the_intent_counts_once_when_the_status_repeats_it(metrics: Metrics, declared: ObsMetrics) -> None:
    flow = Flow()
    for event in (flow.submitted(), flow.updated(OrderStatus.SUBMITTED, 31)):
        declared.event(event, [], 0)
    assert metrics.value("at_flow_orders_total", status="SUBMITTED") == 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("at_risk_decisions_total", {"verdict": "HELD", "code": "DAILY_LOSS"}),
        ("at_flow_orders_total", {"status": "UNKNOWN"}),
        ("at_flow_stage_seconds_count", {"stage": "order_to_fill"}),
        ("at_flow_runs_total", {"verdict": "FAILED"}),
        ("at_dead_letters", {"durable": "engine-approvals"}),
        ("at_delivery_advisories", {"kind": "MAX_DELIVERIES"}),
        ("at_heartbeat_age_seconds", {"role": "engine"}),
        ("at_audit_rows_total", {"outcome": "gap"}),
        ("at_flow_fills_total", {}),
    ],
)
def test_series_exist_at_zero_before_anything_happened(
    metrics: Metrics, declared: ObsMetrics, name: str, labels: dict[str, str]
) -> None:
    assert metrics.value(name, **labels) == 0


def test_names_follow_the_rules_and_buckets_hold_the_promised_bound(
    metrics: Metrics, declared: ObsMetrics
) -> None:
    names = re.findall(r"^# TYPE (\S+)", metrics.render().decode(), re.MULTILINE)
    assert {name for name in names if not name.startswith("at_")} == set()
    assert (STAGE_BUCKETS[0], STAGE_BUCKETS[-1]) == (0.005, 10.0)
    declared.event(Flow().signal, [StageTime("signal_to_fill", 0.5)], 1)
    inside = metrics.value("at_flow_stage_seconds_bucket", stage="signal_to_fill", le="0.5")
    below = metrics.value("at_flow_stage_seconds_bucket", stage="signal_to_fill", le="0.25")
    assert (inside, below) == (1, 0)


def test_forgetting_sets_the_kept_records_back_to_zero(metrics: Metrics, declared: ObsMetrics) -> None:
    declared.dead_letters("gate-proposals", 3, 1000.0)
    declared.advisories(ADVISORIES[0], 2, 1000.0)
    declared.forget_records()
    assert metrics.value("at_dead_letters", durable="gate-proposals") == 0
    assert metrics.value("at_dead_letter_newest_timestamp_seconds") == 0
    assert metrics.value("at_delivery_advisories", kind=ADVISORIES[0]) == 0
