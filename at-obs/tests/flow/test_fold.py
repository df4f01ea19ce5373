from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from obs_world import Flow, a_command, at

from at_core.enums import OrderStatus
from at_core.events import Event
from at_obs.flow.fold import STAGES, FlowFold

WHOLE = Flow().whole()
EXPECTED = {
    "signal_to_proposal": 0.012,
    "proposal_to_ruling": 0.008,
    "ruling_to_order": 0.01,
    "order_to_fill": 0.02,
    "signal_to_fill": 0.05,
}


def measured(fold: FlowFold, events: Sequence[Event]) -> dict[str, float]:
    times = [time for event in events for time in fold.fold(event)]
    found = {time.stage: time.seconds for time in times}
    assert len(found) == len(times), "a stage was measured twice"
    return found


def test_every_stage_of_a_whole_flow_is_measured_once() -> None:
    assert measured(FlowFold(), WHOLE) == EXPECTED
    assert list(EXPECTED) == list(STAGES)


@given(order=st.permutations(WHOLE))
def test_the_order_of_arrival_does_not_matter(order: Sequence[Event]) -> None:
    assert measured(FlowFold(), order) == EXPECTED


def test_a_second_fill_and_repeated_events_are_not_measured_again() -> None:
    fold = FlowFold()
    measured(fold, WHOLE)
    flow = Flow()
    assert measured(fold, [flow.fill(900), *WHOLE]) == {}


def test_a_rejection_ends_with_the_ruling() -> None:
    flow = Flow()
    assert set(measured(FlowFold(), [flow.signal, flow.proposal, flow.rejected()])) == {
        "signal_to_proposal",
        "proposal_to_ruling",
    }


def test_two_strategies_of_one_signal_are_measured_apart() -> None:
    one, two = Flow(strategy="follow_signal"), Flow(strategy="other")
    fold = FlowFold()
    assert set(measured(fold, [one.signal, one.proposal])) == {"signal_to_proposal"}
    assert set(measured(fold, [two.proposal, two.approved()])) == {"signal_to_proposal", "proposal_to_ruling"}
    assert len(fold) == 1


def test_a_flow_without_a_signal_is_measured_from_its_proposal() -> None:
    flow = Flow()
    assert set(measured(FlowFold(), [flow.proposal, flow.approved()])) == {"proposal_to_ruling"}


def test_clocks_that_disagree_give_zero_not_a_negative_time() -> None:
    flow = Flow()
    early = flow.approved().model_copy(update={"timestamp": at(1)})
    assert measured(FlowFold(), [flow.proposal, early]) == {"proposal_to_ruling": 0.0}


def test_memory_is_bounded_and_the_longest_silent_flow_is_forgotten_first() -> None:
    fold = FlowFold(flows_max=3)
    flows = [Flow(n) for n in range(1, 5)]
    for flow in flows[:3]:
        fold.fold(flow.signal)
    fold.fold(flows[0].proposal)
    fold.fold(flows[3].signal)
    assert len(fold) == 3
    assert measured(fold, [flows[0].approved()]) == {"proposal_to_ruling": 0.008}
    assert measured(fold, [flows[1].proposal]) == {}


def test_branches_of_one_flow_are_bounded() -> None:
    fold = FlowFold()
    for n in range(100):
        fold.fold(Flow(strategy=f"s{n}").proposal)
    assert len(next(iter(fold._flows.values())).branches) == 64


def test_events_that_belong_to_no_stage_open_no_flow() -> None:
    fold = FlowFold()
    assert (
        measured(fold, [a_command(), Flow().updated(OrderStatus.ACKNOWLEDGED, 40), Flow().position()]) == {}
    )
    assert len(fold) == 0
