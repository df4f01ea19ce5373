"""Traces: the whole life of an alert, and where it ended for each strategy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from at_core import ids
from at_core.events import (
    AgentRunEvent,
    Event,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    RiskHeldEvent,
    RiskRejectedEvent,
    SignalEvent,
)
from at_core.testing.builders import T0, a_market_bar, a_position, a_proposal, a_signal, an_approval
from at_gateway.views.traces import Terminal, Trace, Traces

CHECK = {"code": "QUANTITY_MAX", "passed": False, "observed": "9", "limit": "1"}


class Story:
    """Builds the events of one flow, a millisecond apart."""

    def __init__(self, n: int = 1) -> None:
        self.signal = a_signal(n, event_id=a_signal(n).event_id)
        self.proposal = a_proposal(n, timestamp=T0 + timedelta(milliseconds=2))
        self.plan = self.proposal.plan
        self.order = ids.client_order_id(self.plan.plan_id)
        self._count = 3

    def _make(self, cls: type[Event], kind: str, **values: Any) -> Event:
        self._count += 1
        envelope = {
            "event_id": ids.derived_id(self.signal.event_id, "test", kind, str(self._count)), "type": kind,
            "schema_version": "1.0", "timestamp": T0 + timedelta(milliseconds=self._count), "source": "at-test/1",
            "trace_id": self.signal.trace_id, "correlation_id": self.signal.correlation_id,
            "causation_id": self.proposal.event_id, "account": "paper", "expires_at": T0 + timedelta(minutes=1),
        }  # fmt: skip
        return cls.model_validate({**envelope, **values})

    def run(self, verdict: str, strategy: str = "follow_signal") -> Event:
        return self._make(
            AgentRunEvent, "agents.run.completed", strategy=strategy, strategy_version="1", verdict=verdict,
            trigger_type="trading.signal.created", trigger_id=self.signal.event_id, reason_code=verdict,
        )  # fmt: skip

    def _ruling(self, cls: type[Event], kind: str, **more: Any) -> Event:
        return self._make(
            cls, kind, proposal_id=self.proposal.event_id, plan_id=self.plan.plan_id, strategy="follow_signal",
            symbol="BTC/USDT", side="BUY", checks=[CHECK], policy_digest="0" * 64, seen=[], explanation="too much",
            reasons=["QUANTITY_MAX"], **more,
        )  # fmt: skip

    def rejected(self) -> Event:
        return self._ruling(RiskRejectedEvent, "trading.risk.rejected")

    def held(self) -> Event:
        return self._ruling(RiskHeldEvent, "trading.risk.held", plan=self.plan, held_until=T0)

    def approved(self) -> Event:
        return an_approval(
            proposal=self.proposal,
            timestamp=T0 + timedelta(milliseconds=3),
            checks=[{**CHECK, "passed": True}],
        )

    def _own(self) -> dict[str, Any]:
        return {
            "client_order_id": self.order, "proposal_id": self.proposal.event_id, "plan_id": self.plan.plan_id,
            "strategy": "follow_signal", "symbol": "BTC/USDT", "side": "BUY", "quantity": "0.5",
        }  # fmt: skip

    def submitted(self) -> Event:
        return self._make(
            OrderSubmittedEvent, "trading.execution.submitted", **self._own(), internal_order_id=UUID(int=1),
            approval_id=UUID(int=2), approval_digest="0" * 64, broker="sim", order_type="MARKET", time_in_force="DAY",
            reduces_risk=False,
        )  # fmt: skip

    def updated(self, status: str, filled: str = "0") -> Event:
        return self._make(
            OrderStatusUpdatedEvent, "trading.execution.updated", **self._own(), status=status, filled_quantity=filled,
            leaves_quantity="0",
        )  # fmt: skip

    def fill(self, status: str = "FILLED", filled: str = "0.5") -> Event:
        return self._make(
            FillEvent, "trading.execution.fill", **{**self._own(), "quantity": filled}, broker_order_id="b1",
            execution_id=f"e{self._count}", price="50001", fee="1", fee_currency="USDT", liquidity="TAKER",
            executed_at=T0, filled_quantity=filled, leaves_quantity="0", status=status,
        )  # fmt: skip

    def position(self) -> Event:
        return a_position(
            correlation_id=self.signal.correlation_id, trace_id=self.signal.trace_id,
            causation_id=self.proposal.event_id, timestamp=T0 + timedelta(seconds=1),
        )  # fmt: skip


def folded(*events: Event, events_max: int = 100) -> Trace:
    trace = Trace(events[0].correlation_id, events_max)
    for sequence, event in enumerate(events, start=1):
        trace.fold(event, sequence)
    return trace


def test_the_document_shows_the_whole_life_in_order() -> None:
    story = Story()
    events = [
        story.signal, story.run("PROPOSED"), story.proposal, story.approved(), story.submitted(),
        story.updated("ACKNOWLEDGED"), story.fill(), story.updated("FILLED", "0.5"), story.position(),
    ]  # fmt: skip
    document = folded(*reversed(events)).document()
    assert [entry["stage"] for entry in document["events"]] == [
        "alert", "signal", "proposal", "ruling", "run", "order", "update", "fill", "update", "position",
    ]  # fmt: skip
    assert [entry["ms"] for entry in document["events"]][:5] == [0, 0, 2, 3, 4]
    assert document["events"][-1]["ms"] == 1000
    assert document["correlation_id"] == str(story.signal.event_id)
    assert document["events"][0]["data"]["dialect"] == "tradingview-json"
    state = document["strategies"]["follow_signal"]
    assert state["terminal"] == "FILLED"
    assert state["ruling"] == "APPROVED"
    assert state["checks"][0] == {**CHECK, "passed": True, "waived": False}
    assert (state["client_order_id"], state["order_status"], state["filled_quantity"]) == (
        story.order,
        "FILLED",
        "0.5",
    )
    assert all(entry["timestamp"].endswith("Z") for entry in document["events"])


ENDS: list[tuple[list[str], Terminal]] = [
    (["run:ABSTAINED"], Terminal.ABSTAINED),
    (["run:FAILED"], Terminal.FAILED),
    (["run:PROPOSED"], Terminal.PENDING),
    (["proposal"], Terminal.PENDING),
    (["run:PROPOSED", "proposal", "approved"], Terminal.PENDING),
    (["run:PROPOSED", "proposal", "held"], Terminal.PENDING),
    (["run:PROPOSED", "proposal", "rejected"], Terminal.REJECTED_BY_GATE),
    (["approved", "submitted"], Terminal.WORKING),
    (["approved", "submitted", "updated:ACKNOWLEDGED"], Terminal.WORKING),
    (["approved", "submitted", "updated:UNKNOWN"], Terminal.WORKING),
    (["submitted", "fill:PARTIALLY_FILLED"], Terminal.WORKING),
    (["submitted", "fill:FILLED"], Terminal.FILLED),
    (["submitted", "updated:FILLED"], Terminal.FILLED),
    (["submitted", "updated:CANCELED", "fill:FILLED"], Terminal.FILLED),
    (["submitted", "updated:CANCELED"], Terminal.CANCELED),
    (["submitted", "updated:REJECTED"], Terminal.REJECTED_BY_BROKER),
    (["approved", "updated:EXPIRED"], Terminal.EXPIRED),
    (["submitted", "updated:FATAL_ERROR"], Terminal.FAILED),
]


@pytest.mark.parametrize(
    ("steps", "terminal"), ENDS, ids=lambda value: "-".join(value) if isinstance(value, list) else ""
)
def test_where_a_flow_stands(steps: list[str], terminal: Terminal) -> None:
    story = Story()
    events: list[Event] = [story.signal]
    for step in steps:
        name, _, word = step.partition(":")
        made = getattr(story, name)
        events.append(made if name == "proposal" else made(word) if word else made())
    assert folded(*events).strategies()["follow_signal"]["terminal"] == terminal


def test_every_terminal_is_reached() -> None:
    assert {terminal for _, terminal in ENDS} == set(Terminal)


def test_a_rejection_shows_its_checks_and_strategies_stand_side_by_side() -> None:
    story = Story()
    trace = folded(
        story.signal,
        story.run("ABSTAINED", "ema_cross"),
        story.run("PROPOSED"),
        story.proposal,
        story.rejected(),
    )
    strategies = trace.document()["strategies"]
    assert {name: state["terminal"] for name, state in strategies.items()} == {
        "ema_cross": "ABSTAINED",
        "follow_signal": "REJECTED_BY_GATE",
    }
    assert strategies["follow_signal"]["reasons"] == ["QUANTITY_MAX"]
    assert strategies["follow_signal"]["checks"][0]["limit"] == "1"


def test_a_flow_that_market_data_began_has_no_alert() -> None:
    bar = a_market_bar()
    story = Story()
    run = story.run("PROPOSED").model_copy(update={"correlation_id": bar.event_id})
    document = folded(run).document()
    assert [entry["stage"] for entry in document["events"]] == ["run"]
    assert document["kind"] is None
    assert document["events"][0]["ms"] == 0


def test_folding_twice_changes_nothing() -> None:
    story = Story()
    events = [story.signal, story.run("PROPOSED"), story.proposal]
    assert folded(*events).document() == folded(*events, *events).document()


def test_a_trace_and_the_traces_are_bounded_and_the_oldest_goes() -> None:
    story = Story()
    trace = folded(story.signal, *(story.updated("ACKNOWLEDGED") for _ in range(10)), events_max=4)
    assert len(trace) == 4
    assert trace.document()["truncated"]
    traces = Traces(2, 10)
    signals: list[SignalEvent] = [a_signal(n) for n in range(3)]
    for sequence, signal in enumerate(signals):
        traces.fold(signal, sequence)
    assert len(traces) == 2
    assert traces.get(signals[0].correlation_id) is None
    assert [found.correlation_id for found in traces.latest()] == [
        signals[2].correlation_id,
        signals[1].correlation_id,
    ]
