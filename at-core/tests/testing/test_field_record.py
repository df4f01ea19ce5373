"""The field record sees every way a handler can touch an event, and nothing that it does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from at_core.events import (
    Emit,
    Event,
    MarketDataEvent,
    RiskApprovedEvent,
    RiskHeld,
    TradePlan,
    TradeProposalEvent,
    decode,
    derive,
    encode,
)
from at_core.events.codec import headers_of
from at_core.events.registry import EVENT_CLASSES, class_for, event_types
from at_core.events.subjects import subject_of
from at_core.testing.builders import T0, a_market_bar, a_proposal, an_approval
from at_core.testing.corpus import corpus
from at_core.testing.field_record import FieldRecord, Touched

PROPOSAL = "trading.proposal.created"


def touch(event: Event, work: Callable[[Any], object]) -> Touched:
    """Decode ``event`` inside a record, let ``work`` have it, and return what was touched."""
    body, subject = encode(event), subject_of(event)
    with FieldRecord() as record:
        work(decode(subject, {}, body))
    return record.of(event.type)


@pytest.mark.parametrize(
    ("work", "fields"),
    [
        (lambda event: event.account, {"account"}),
        (lambda event: getattr(event, "strategy", None), {"strategy"}),
        (lambda event: getattr(event, "no_such_field", None), set()),
        (lambda event: event.plan.intent.side.sign, {"plan.intent.side"}),
        (lambda event: (event.plan, event.plan.plan_id), {"plan.plan_id"}),
        (lambda event: event.plan, {"plan"}),
        (lambda event: event.plan.model_copy(update={"quantity": None}), {"plan.*"}),
        (lambda event: event.plan.intent.model_dump(), {"plan.intent.*"}),
        (lambda event: {event.plan.risk_model}, {"plan.risk_model.*"}),
        (lambda event: event.event_type, set()),
        (lambda event: event.VERSION, set()),
        (lambda event: isinstance(event, TradeProposalEvent) and isinstance(event.plan, TradePlan), {"plan"}),
    ],
)
def test_what_is_touched_is_noted_with_its_path(work: Callable[[Any], object], fields: set[str]) -> None:
    touched = touch(a_proposal(), work)
    assert (touched.settled(), touched.whole) == (fields, False)


@pytest.mark.parametrize(
    "work",
    [
        lambda event: event.model_dump(),
        lambda event: event.model_dump_json(),
        lambda event: event.model_copy(),
        copy.copy,
        lambda event: event == a_proposal(),
        hash,
        encode,
        dict,
        vars,
    ],
)
def test_taking_the_values_as_a_whole_is_noted_as_whole(work: Callable[[Any], object]) -> None:
    assert touch(a_proposal(), work).whole


def test_a_property_is_noted_as_the_fields_below_it() -> None:
    assert touch(a_market_bar(), lambda event: event.last).settled() == {"kind", "close"}
    quote = a_market_bar(kind="QUOTE", bid="1", ask="2")
    assert touch(quote, lambda event: event.last).settled() == {"kind", "bid", "ask"}


def test_items_of_lists_are_noted_by_their_fields() -> None:
    (full,) = (one for one in corpus("trading.risk.approved", varied=False) if one.name == "full")
    touched = touch(full.event, lambda event: [check.code for check in event.checks])
    assert touched.settled() == {"checks[].code"}
    assert touch(full.event, lambda event: len(event.checks)).settled() == {"checks"}
    kept = touch(full.event, lambda event: [check.model_dump() for check in event.checks])
    assert kept.settled() == {"checks[].*"}


def test_a_part_that_is_passed_on_into_another_event_is_taken_whole() -> None:
    def hold(event: TradeProposalEvent) -> None:
        shared = {name: getattr(an_approval(), name) for name in ("policy_digest", "checks", "seen")}
        ids = {"proposal_id": event.event_id, "plan_id": event.plan.plan_id, "strategy": event.strategy}
        payload = RiskHeld(
            **shared, **ids, symbol=event.symbol, side=event.plan.intent.side, plan=event.plan,
            reasons=(), explanation="", held_until=T0,
        )  # fmt: skip
        encode(derive(Emit(payload, "paper"), event, role="gate", source="at-x/gate-1", now=T0))

    assert "plan.*" in touch(a_proposal(), hold).settled()


def test_what_is_made_inside_is_not_recorded_and_the_transport_reads_nothing() -> None:
    def answer(event: TradeProposalEvent) -> None:
        payload = an_approval()
        values = {name: getattr(payload, name) for name in type(payload).model_fields}
        made = RiskApprovedEvent.model_validate(values)
        assert made.symbol
        headers_of(event)
        subject_of(event)

    touched = touch(a_proposal(), answer)
    assert (touched.settled(), touched.whole) == (set(), False)


def test_equality_and_hash_are_as_without_a_record() -> None:
    plain = a_proposal()
    body, subject = encode(plain), subject_of(plain)
    with FieldRecord():
        watched, other = decode(subject, {}, body), decode(subject, {}, encode(a_proposal()))
        assert watched == plain == watched == other
        assert watched != a_proposal(2)
        assert {watched, plain} == {other}


def test_words_for_people_read_nothing() -> None:
    assert touch(a_proposal(), lambda event: f"{event} {event!r}").settled() == set()


def test_every_sample_of_every_type_stays_what_it_is_under_record() -> None:
    for event_type in event_types():
        for sample in corpus(event_type, varied=False):
            plain = encode(sample.event)
            with FieldRecord():
                watched = sample.event
                assert isinstance(watched, class_for(event_type) or Event)
                assert encode(watched) == plain
                assert encode(watched.model_copy()) == plain


def test_an_event_of_a_builder_can_be_watched() -> None:
    event = a_market_bar()
    with FieldRecord() as record:
        watched = record.watch(event)
        assert isinstance(watched, MarketDataEvent)
        assert watched.symbol == event.symbol
        assert event.venue
    assert record.of("market.raw").settled() == {"symbol"}


def test_after_the_record_all_is_as_before() -> None:
    before = [class_for(name) for name in event_types()]
    with FieldRecord() as record:
        kept = decode(subject_of(a_proposal()), {}, encode(a_proposal()))
    assert [class_for(name) for name in event_types()] == before
    assert set(before) == set(EVENT_CLASSES)
    assert kept.account == "paper"
    assert record.of(PROPOSAL).settled() == set()


def test_only_one_record_is_open_at_a_time() -> None:
    with FieldRecord(), pytest.raises(RuntimeError, match="another field record is open"), FieldRecord():
        pass
    assert touch(a_proposal(), lambda event: event.account).settled() == {"account"}
