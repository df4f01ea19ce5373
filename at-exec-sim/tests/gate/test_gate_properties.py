"""The gate against an engine that does anything an engine may do: limits hold, restarts change nothing."""

from dataclasses import dataclass, field
from decimal import Decimal

from gate_world import (
    SYMBOL,
    a_fill,
    a_position_of,
    a_scenario,
    an_update,
    order_id,
    position,
    state_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from at_core.enums import Side
from at_core.events import Event, RiskApproved, encode
from at_core.risk.exposure import gross_exposure, symbol_exposure
from at_core.testing.builders import a_proposal
from at_core.testing.scenario import Scenario

ZERO = Decimal(0)
PRICE = Decimal(50_000)


@dataclass
class Engine:
    """Fills and cancels what was approved; clips exits to the position, as the engine promises."""

    scenario: Scenario
    orders: dict[str, RiskApproved] = field(default_factory=dict)
    filled: dict[str, Decimal] = field(default_factory=dict)
    held: Decimal = ZERO
    fills: int = 0

    def fill(self, key: str, share: int, delayed: bool) -> list[Event]:
        order = self.orders[key]
        before = self.filled.get(key, ZERO)
        quantity = ((order.approved_quantity - before) * share / 4).quantize(Decimal("0.00001"))
        if order.reduces_risk:
            quantity = min(quantity, max(ZERO, -order.side.sign * self.held))
        if quantity <= 0:
            return []
        self.filled[key] = before + quantity
        self.held += order.side.sign * quantity
        self.fills += 1
        fill = a_fill(order, str(quantity), str(before + quantity))
        if fill.status.terminal:
            del self.orders[key]
        update = an_update(order, fill.status, str(before + quantity))
        position_of = a_position_of(str(self.held), self.fills)
        return [fill, update] if delayed else [update, fill, position_of]

    def cancel(self, key: str) -> list[Event]:
        order = self.orders.pop(key)
        return [an_update(order, "CANCELED", str(self.filled.get(key, ZERO)))]


@st.composite
def stories(draw: st.DrawFn) -> Scenario:
    scenario, engine, number = a_scenario(), None, 0
    engine = Engine(scenario)
    for _ in range(draw(st.integers(1, 16))):
        step = draw(st.sampled_from(["propose", "propose", "fill", "fill", "cancel", "redeliver", "restart"]))
        if step == "propose":
            number += 1
            close = draw(st.booleans()) and draw(st.booleans())
            proposal = a_proposal(
                number,
                side=draw(st.sampled_from(list(Side))),
                quantity=None if close else str(draw(st.integers(1, 7)) * Decimal("0.1")),
                close_position=close,
                reduce_only=draw(st.booleans()),
            )
            payload = scenario.when(proposal).emits[0].payload
            if isinstance(payload, RiskApproved):
                engine.orders[order_id(payload.plan_id)] = payload
                assert_inside(scenario)
        elif step == "restart":
            scenario.restart()
        elif step == "redeliver" and number:
            event = next(e for e in reversed(scenario._history) if e[0].type == "trading.proposal.created")[0]
            scenario.when(event).then_nothing()
        elif engine.orders:
            key = draw(st.sampled_from(sorted(engine.orders)))
            said = (
                engine.fill(key, draw(st.integers(1, 4)), draw(st.booleans()))
                if step == "fill"
                else engine.cancel(key)
            )
            for event in said:
                scenario.given(event)
                assert_inside(scenario)
        assert position(scenario) == engine.held
    return scenario


def assert_inside(scenario: Scenario) -> None:
    state = state_of(scenario)
    book = state.book("paper").view(state.marks, {})
    assert symbol_exposure(book, SYMBOL) <= 50_000
    assert gross_exposure(book) <= 60_000


@given(stories())
@settings(max_examples=80, deadline=None)
def test_exposure_with_reservations_never_exceeds_the_limits(scenario: Scenario) -> None:
    """Asserted at every step of the story."""
    assert_inside(scenario)


@given(stories())
@settings(max_examples=25, deadline=None)
def test_a_restart_folds_to_the_same_state_and_rules_nothing_anew(scenario: Scenario) -> None:
    before, published = state_of(scenario), list(scenario.published)
    proposals = [event for event, _ in scenario._history if event.type == "trading.proposal.created"]
    scenario.restart()
    after = state_of(scenario)
    assert after is not before
    assert (after.books, after.prices, after.switches) == (before.books, before.prices, before.switches)
    assert (after.decided, after.plans, after.scopes) == (before.decided, before.plans, before.scopes)
    for event in proposals:
        scenario.when(event).then_nothing()
    assert scenario.published == published


@given(stories())
@settings(max_examples=25, deadline=None)
def test_the_same_history_gives_the_same_bytes(scenario: Scenario) -> None:
    def replayed() -> list[bytes]:
        fresh = a_scenario()
        for event, now in scenario._history[2:]:
            if event.type == "trading.proposal.created":
                fresh.when(event, now)
            else:
                fresh.given(event)
        return [encode(event) for event in fresh.published]

    assert replayed() == replayed()
