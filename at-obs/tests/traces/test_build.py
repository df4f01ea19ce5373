from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obs_world import Flow, a_command, a_kill_switch, chain_of, journal, message

from at_core.enums import AgentVerdict, OrderStatus
from at_core.events import Event
from at_core.events.registry import EVENT_CLASSES
from at_core.topology.streams import JOURNAL_SOURCES
from at_obs.traces.branches import OUTCOMES
from at_obs.traces.build import build_trace
from at_obs.traces.document import Trace
from at_obs.traces.render import render_text
from at_obs.traces.sentences import _SAY

FLOW = Flow()
WHOLE = FLOW.whole()


def traced(events: Sequence[Event]) -> Trace:
    trace = build_trace(str(events[0].correlation_id), [row.record for row in chain_of(journal(events))])
    assert trace is not None
    return trace


def test_a_full_flow_is_told_from_alert_to_position() -> None:
    trace = traced(WHOLE)
    assert [(stage.stage, stage.ms) for stage in trace.stages] == [
        ("signal", 2.0), ("answer", 11.0), ("proposal", 12.0), ("ruling", 20.0), ("order", 30.0),
        ("order status", 40.0), ("fill", 50.0), ("order status", 51.0), ("position", 52.0),
    ]  # fmt: skip
    assert (trace.final_outcome, trace.complete, trace.ms) == ("ORDER_FILLED", True, 52.0)
    assert (trace.account, trace.started_at) == ("paper", "2026-01-05T15:00:00.000000Z")
    assert trace.trace_id == FLOW.signal.trace_id


def test_the_branch_of_a_full_flow_holds_ruling_checks_order_responses_and_fill() -> None:
    (branch,) = traced(WHOLE).branches
    assert branch.inputs_used == ("SIGNALS@7",)
    assert branch.riskgate_result is not None
    assert branch.riskgate_result.decision_id == str(FLOW.approved().event_id)
    assert [
        (check.code, check.result, check.observed, check.limit) for check in branch.riskgate_result.checks
    ] == [
        ("KILL_SWITCH", "PASS", "ACTIVE", "ACTIVE"),
        ("NOTIONAL_TOO_LARGE", "PASS", "25000", "50000"),
    ]
    (order,) = branch.orders_submitted
    assert (order.status, order.filled_quantity, order.average_price) == ("FILLED", "0.5", "50010")
    assert [response.status for response in order.responses] == ["ACKNOWLEDGED", "FILLED"]
    assert [(fill.quantity, fill.price, fill.fee) for fill in order.fills] == [("0.5", "50010", "5.5")]


def test_a_rejection_says_what_was_observed_against_which_limit() -> None:
    trace = traced([FLOW.signal, FLOW.answered(), FLOW.proposal, FLOW.rejected()])
    assert (trace.final_outcome, trace.complete) == ("REJECTED_BY_GATE", True)
    assert "Observed 250000; allowed 50000 (NOTIONAL_TOO_LARGE)." in trace.explanations[-1]
    (branch,) = trace.branches
    assert branch.riskgate_result is not None
    assert branch.riskgate_result.reasons == ("NOTIONAL_TOO_LARGE",)
    assert [check.result for check in branch.riskgate_result.checks] == ["PASS", "FAIL"]


def test_an_abstention_is_a_complete_life() -> None:
    trace = traced([FLOW.signal, FLOW.answered(AgentVerdict.ABSTAINED, "NOTHING_TO_CLOSE", "flat")])
    assert (trace.final_outcome, trace.complete) == ("ABSTAINED", True)
    assert trace.explanations[-1] == "The strategy follow_signal proposed nothing (NOTHING_TO_CLOSE): flat."


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([FLOW.signal], "AWAITING_STRATEGY"),
        ([FLOW.signal, FLOW.answered()], "AWAITING_RULING"),
        ([FLOW.signal, FLOW.proposal], "AWAITING_RULING"),
        ([FLOW.signal, FLOW.proposal, FLOW.held()], "HELD_BY_GATE"),
        ([FLOW.signal, FLOW.proposal, FLOW.approved()], "AWAITING_ORDER"),
        ([FLOW.signal, FLOW.proposal, FLOW.approved(), FLOW.submitted()], "ORDER_SUBMITTED"),
        (WHOLE[:6], "ORDER_ACKNOWLEDGED"),
        ([*WHOLE[:6], FLOW.updated(OrderStatus.UNKNOWN, 45)], "ORDER_UNKNOWN"),
        ([*WHOLE[:6], FLOW.fill(50, "0.2")], "ORDER_PARTIALLY_FILLED"),
    ],
)
def test_a_life_that_is_not_over_says_what_it_waits_for(events: list[Event], outcome: str) -> None:
    trace = traced(events)
    assert (trace.final_outcome, trace.complete) == (outcome, False)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (
            [*WHOLE[:5], FLOW.updated(OrderStatus.REJECTED, 40, code="ERR_INSUFFICIENT_FUNDS")],
            "ORDER_REJECTED",
        ),
        ([*WHOLE[:4], FLOW.updated(OrderStatus.EXPIRED, 40, code="APPROVAL_EXPIRED")], "ORDER_EXPIRED"),
        ([*WHOLE[:6], FLOW.fill(50, "0.2"), FLOW.updated(OrderStatus.CANCELED, 60, "0.2")], "ORDER_CANCELED"),
        (
            [*WHOLE[:5], FLOW.updated(OrderStatus.CANCELED, 60), FLOW.updated(OrderStatus.ACKNOWLEDGED, 61)],
            "ORDER_CANCELED",
        ),
        ([FLOW.signal, FLOW.answered(AgentVerdict.FAILED, "STRATEGY_ERROR")], "STRATEGY_FAILED"),
        ([FLOW.signal, FLOW.proposal, FLOW.held(), FLOW.rejected()], "REJECTED_BY_GATE"),
    ],
)
def test_other_ends(events: list[Event], outcome: str) -> None:
    trace = traced(events)
    assert (trace.final_outcome, trace.complete) == (outcome, True)


def test_an_order_stopped_before_its_intent_is_marked_as_never_sent() -> None:
    trace = traced([*WHOLE[:4], FLOW.updated(OrderStatus.EXPIRED, 40, code="APPROVAL_EXPIRED")])
    assert [order.intended for order in trace.branches[0].orders_submitted] == [False]
    assert "the broker never heard of it" in render_text(trace)


def test_two_strategies_are_two_branches_and_the_furthest_gives_the_outcome() -> None:
    other = Flow(strategy="ema_cross")
    trace = traced([*WHOLE, other.answered(AgentVerdict.ABSTAINED, "NO_CROSS")])
    assert {branch.strategy: branch.final_outcome for branch in trace.branches} == {
        "follow_signal": "ORDER_FILLED",
        "ema_cross": "ABSTAINED",
    }
    assert (trace.final_outcome, trace.complete) == ("ORDER_FILLED", True)


def test_an_operators_command_is_told_as_well() -> None:
    command = a_command()
    trace = traced([command, a_kill_switch(command)])
    assert (trace.final_outcome, trace.complete) == ("RECORDED", True)
    assert trace.explanations == (
        "The operator ann (operator) ordered KILL_SWITCH_ACTIVATE: strange.",
        "The kill switch was engaged for GLOBAL all (STOP_ENTRIES) by ann: strange.",
    )


@given(order=st.permutations(WHOLE))
def test_the_order_of_the_journal_does_not_change_the_story(order: Sequence[Event]) -> None:
    numbered = journal(WHOLE)
    records = [row.record for row in chain_of([numbered[WHOLE.index(event)] for event in order])]
    assert build_trace(FLOW.correlation_id, records) == traced(WHOLE)


@given(keep=st.integers(min_value=1, max_value=len(WHOLE)))
def test_every_moment_of_a_life_has_an_outcome_of_the_closed_set_and_can_be_written(keep: int) -> None:
    trace = traced(WHOLE[:keep])
    assert trace.final_outcome in OUTCOMES
    assert json.loads(json.dumps(trace.as_dict()))["final_outcome"] == trace.final_outcome
    assert FLOW.correlation_id in render_text(trace)


def test_bytes_that_cannot_be_read_are_named_and_not_hidden() -> None:
    entries = [message(1, FLOW.signal), replace(message(2, FLOW.proposal), body=b"\xff")]
    trace = build_trace(FLOW.correlation_id, [row.record for row in chain_of(entries)])
    assert trace is not None
    assert trace.unreadable == (2,)
    assert "#2" in render_text(trace)


def test_nothing_recorded_is_no_trace() -> None:
    assert build_trace(FLOW.correlation_id, []) is None


def test_every_journaled_type_has_its_sentence() -> None:
    journaled = {cls for cls in EVENT_CLASSES if cls.STREAM in JOURNAL_SOURCES}
    assert journaled == set(_SAY)


def test_the_text_reads_from_top_to_bottom() -> None:
    text = render_text(traced(WHOLE))
    lines = text.splitlines()
    assert lines[3] == "outcome  ORDER_FILLED (complete), 52.000 ms"
    assert any("FILLED, filled 0.5" in line for line in lines)
    assert any(line.split()[:2] == ["PASS", "NOTIONAL_TOO_LARGE"] for line in lines)
