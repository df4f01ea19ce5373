"""Tests of the builders: valid as bytes from the wire, the same for the same call, another for another call."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from at_core.events import Event, decode, encode
from at_core.events.subjects import subject_of
from at_core.ids import client_order_id, derived_id
from at_core.testing import builders
from at_core.testing.builders import a_context, a_market_bar, a_proposal, a_signal, an_approval

EVENTS = [
    builders.a_signal,
    builders.a_market_bar,
    builders.a_proposal,
    builders.an_approval,
    builders.a_position,
    builders.an_account,
]


@pytest.mark.parametrize("build", EVENTS)
def test_what_is_built_survives_the_wire(build: Callable[..., Event]) -> None:
    event = build()
    assert decode(subject_of(event), {}, encode(event)) == event


@pytest.mark.parametrize("build", EVENTS)
def test_the_same_call_builds_the_same_and_another_number_another_event(build: Callable[..., Event]) -> None:
    assert build() == build()
    assert build(1).event_id != build(2).event_id


def test_a_changed_root_is_another_event() -> None:
    assert a_signal(side="SELL").event_id != a_signal().event_id


@pytest.mark.parametrize("change", [{"quantity": 0.5}, {"side": "SIDEWAYS"}, {"symbol": "BTC USDT"}])
def test_what_the_wire_refuses_cannot_be_built(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_signal(**change)


def test_a_bar_needs_only_its_close() -> None:
    bar = a_market_bar(3, close="7")
    assert (bar.open, bar.high, bar.low, bar.last) == (7, 7, 7, 7)
    assert (bar.received_at - builders.T0).seconds == 120


def test_keywords_reach_the_parts_of_a_plan() -> None:
    plan = a_proposal(side="SELL", quantity="2", limit_price="9", order_type="LIMIT", stop_loss="10").plan
    assert (plan.intent.side, plan.quantity, plan.intent.quantity) == ("SELL", 2, 2)
    assert (plan.order_skeleton.limit_price, plan.risk_model.stop_loss) == (9, 10)


def test_an_approval_follows_from_its_proposal_as_the_gate_would_derive_it() -> None:
    proposal = a_proposal(quantity="2")
    approval = an_approval(proposal=proposal)
    assert approval.event_id == derived_id(proposal.event_id, "gate", "ruling")
    assert approval.client_order_id == client_order_id(proposal.plan.plan_id)
    assert (approval.approved_quantity, approval.correlation_id) == (2, proposal.correlation_id)
    assert an_approval(reduces_risk=True).reduces_risk


def test_a_context_takes_positions_as_text() -> None:
    assert a_context(positions={"AAPL": "-3"}).position("AAPL").quantity == Decimal(-3)
