"""The corpus varies what is frozen; assert_handles finds the handler that fails and the contract that lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from at_core.contracts.consumers.model import Reading, Writing
from at_core.contracts.frozen import frozen_contracts, frozen_samples
from at_core.errors import Unauthentic
from at_core.events import FillEvent
from at_core.events.registry import event_types
from at_core.testing.builders import a_proposal
from at_core.testing.corpus import Sample, corpus, placed
from at_core.testing.handling import (
    assert_handles,
    differences,
    production_differences,
    unnoticed_changes,
    wiring_differences,
)
from at_core.topology.wiring import Observation, Reaction, Wiring

FILL = "trading.execution.fill"
READS = """
member = "at-desk"
[desk."trading.execution.fill"]
durables = ["desk-fills"]
mode = "observe"
majors = [1]
fields = ["broker", "fee", "side"]
values = { side = ["BUY", "SELL"] }
"""


def handler(event: Any) -> None:
    assert isinstance(event, FillEvent)
    assert event.fee + event.side.sign is not event.broker


async def waiting(event: Any) -> None:
    handler(event)


def folder(place: Path, text: str = READS) -> Path:
    (place / "consumes.toml").write_text(text, encoding="utf-8")
    return place


def test_the_corpus_holds_every_frozen_sample_and_each_is_an_event_on_its_subject() -> None:
    for event_type in event_types():
        samples = corpus(event_type)
        bodies = {sample.body for sample in samples}
        for contract in frozen_contracts()[event_type]:
            assert bodies >= set(frozen_samples(event_type, contract.version).values())
        assert all(placed(sample).startswith(f"{event_type}.v") for sample in samples)


def test_the_variations_reach_each_value_each_absence_and_the_bare_event() -> None:
    events: list[Any] = [sample.event for sample in corpus("trading.signal.created")]
    assert {event.kind for event in events} == {
        "ORDER",
        "TARGET",
        "CLOSE",
        "REVERSE",
        "CANCEL",
        "MODIFY",
        "CONTROL",
    }
    assert {event.late for event in events} == {True, False}
    assert any(event.comment is None and event.symbol for event in events)


def test_five_lines_prove_a_handler(tmp_path: Path) -> None:
    for one in (handler, waiting):
        record = assert_handles(one, corpus(FILL), contract=folder(tmp_path))
        assert record.of(FILL).settled() == {"broker", "fee", "side"}


def test_a_handler_that_fails_names_the_sample() -> None:
    def picky(event: Any) -> None:
        if event.side == "SELL":
            raise ValueError("no exits here")

    with pytest.raises(AssertionError, match=f"{FILL} 1.* the handler failed with ValueError: no exits here"):
        assert_handles(picky, corpus(FILL))


def test_a_refused_message_is_an_answer() -> None:
    def strict(event: Any) -> None:
        raise Unauthentic("UNSIGNED", "nobody signed it")

    assert assert_handles(strict, corpus(FILL)).of(FILL).settled() == set()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"broker", "fee"', '"fee"', "broker is read and not declared"),
        ('"broker", "fee"', '"broker", "fee", "price"', "price is declared and never read"),
        ("majors", "whole = true\nmajors", "nothing takes the whole body"),
        ("trading.execution.fill", "trading.execution.updated", "fee is read and not declared"),
    ],
)
def test_a_contract_that_lies_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_handles(handler, corpus(FILL), contract=folder(tmp_path, READS.replace(old, new)))


def test_a_whole_body_must_be_declared(tmp_path: Path) -> None:
    def keeps(event: Any) -> None:
        handler(event)
        event.model_dump()

    with pytest.raises(AssertionError, match="whole = true is not declared"):
        assert_handles(keeps, corpus(FILL), contract=folder(tmp_path))
    said = READS.replace("majors", "whole = true\nmajors")
    assert_handles(keeps, corpus(FILL), contract=folder(tmp_path, said))


def test_an_excuse_is_for_what_no_sample_reaches_and_nothing_else(tmp_path: Path) -> None:
    text = READS.replace('"fee",', '"fee", "price",')
    excused = {(FILL, "price"): "read only when the venue is closed"}
    assert_handles(handler, corpus(FILL), contract=folder(tmp_path, text), untouched=excused)
    stale = {(FILL, "fee"): "never read, we thought"}
    with pytest.raises(AssertionError, match="fee is excused as untouched, but it is read"):
        assert_handles(handler, corpus(FILL), contract=folder(tmp_path), untouched=stale)


def test_nothing_is_not_proved_by_nothing() -> None:
    with pytest.raises(AssertionError, match="the corpus is empty"):
        assert_handles(handler, ())


def test_the_negative_control_notices_every_field() -> None:
    reading = Reading("at-desk", "desk", FILL, ("q",), "observe", (1,), ("broker", "fee", "side"))
    record = assert_handles(handler, corpus(FILL))
    assert differences(record, [reading]) == []
    assert unnoticed_changes(record, [reading]) == []
    lax = {(FILL, "made_up"): "an excuse that hides a field nobody has"}
    assert unnoticed_changes(record, [reading], lax) == [f"{FILL}: made_up"]


WIRING = Wiring(
    "agents",
    reacts=(Reaction("agents-signals", (FILL,), ("trading.proposal.created",)),),
    observes=(Observation("agents-market", ("market.raw",)),),
)


def test_wiring_and_contract_must_say_the_same() -> None:
    reads = [
        Reading("at-agents", "agents", FILL, ("agents-signals",), "react", (1,), ("side",)),
        Reading("at-agents", "agents", "market.raw", ("agents-market",), "observe", (1,), ("symbol",)),
    ]
    assert wiring_differences(reads, WIRING) == []
    assert wiring_differences(reads[:1], WIRING) == [
        "wired and not declared: agents-market market.raw observe"
    ]
    moved = [reads[0], replace(reads[1], durables=("other",))]
    assert wiring_differences(moved, WIRING)[1] == "declared and not wired: other market.raw observe"
    assert wiring_differences([replace(reads[0], mode="observe"), reads[1]], WIRING)


def test_production_is_held_against_the_wiring_and_what_was_really_made() -> None:
    made = Sample.of(a_proposal(stop_loss="49000")).event
    fills = (
        "account", "causation_id", "expires_at", "plan.entry_rules", "plan.intent.close_position",
        "plan.intent.quantity", "plan.intent.quantity_unit", "plan.intent.reduce_only", "plan.order_skeleton",
        "plan.order_skeleton.order_type", "plan.order_skeleton.time_in_force", "plan.quantity",
        "plan.reference_price", "plan.risk_model", "plan.risk_model.stop_loss", "rationale", "signal_id",
    )  # fmt: skip
    writes = [
        Writing("at-agents", "agents", "trading.proposal.created", (1,), fills),
        Writing("at-agents", "agents", "heartbeat.agents", (1,)),
    ]
    assert production_differences(writes, WIRING, [made]) == []
    less = [replace(writes[0], fills=fills[1:]), writes[1]]
    assert production_differences(less, WIRING, [made]) == [
        "trading.proposal.created: account is filled and not declared"
    ]
    more = [replace(writes[0], fills=(*fills, "confidence")), writes[1]]
    assert production_differences(more, WIRING, [made]) == [
        "trading.proposal.created: confidence is declared and never filled"
    ]
    assert production_differences(writes[:1], WIRING, [made]) == ["wired and not declared: heartbeat.agents"]
    newer = [replace(writes[0], majors=(1, 2)), writes[1]]
    assert "this build writes (1,)" in production_differences(newer, WIRING, [made])[0]
