"""Coverage: a durable whose filter or whose reader leaves out a major is found, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_live import announced

from at_core.events.registry import event_types, stream_of
from at_core.topology.consumers import DURABLES, Durable, durable
from at_core.topology.coverage import Reason, Uncovered, uncovered
from at_core.topology.desired import consumer_config
from at_core.topology.live import Bucket
from at_core.topology.readers import delivered_types

SIGNALS = durable("agents-signals")
ONE = {"SIGNALS": {"trading.signal.created.v1.paper.A": 2, "trading.signal.created.v2.paper.A": 3}}
WIDE = {"agents-signals": ("trading.signal.created.>",)}


def found(
    counts: dict[str, dict[str, int]], filters: dict[str, tuple[str, ...]], *live: tuple[int, ...]
) -> list[tuple[int, int, Reason]]:
    bucket = Bucket(
        tuple(
            announced("agents", str(number), trading_signal_created=majors)
            for number, majors in enumerate(live)
        )
    )
    findings = uncovered(counts, filters, bucket, (SIGNALS,))
    assert all(one.durable == "agents-signals" and one.role == "agents" and one.hint for one in findings)
    assert all(one.type == "trading.signal.created" for one in findings)
    return [(one.major, one.messages, one.reason) for one in findings]


@pytest.mark.parametrize(
    ("filters", "live", "expected"),
    [
        (WIDE, ((1, 2),), []),
        (WIDE, ((1,),), [(2, 3, Reason.READER)]),
        (WIDE, ((1, 2), (1,)), [(2, 3, Reason.READER)]),
        (WIDE, ((2,),), [(1, 2, Reason.READER)]),
        (WIDE, (), [(2, 3, Reason.NEVER_ANNOUNCED)]),
        ({"agents-signals": ("trading.signal.created.v1.>",)}, ((1, 2),), [(2, 3, Reason.FILTER)]),
        (
            {"agents-signals": ("trading.signal.created.v1.>",)},
            ((1,),),
            [(2, 3, Reason.FILTER), (2, 3, Reason.READER)],
        ),
        ({"agents-signals": ()}, ((1, 2),), []),
        ({}, ((1, 2),), [(1, 2, Reason.FILTER), (2, 3, Reason.FILTER)]),
    ],
)
def test_findings(
    filters: dict[str, tuple[str, ...]],
    live: tuple[tuple[int, ...], ...],
    expected: list[tuple[int, int, Reason]],
) -> None:
    assert found(ONE, filters, *live) == expected


def test_only_the_subjects_outside_of_the_filter_are_counted() -> None:
    counts = {"SIGNALS": {f"trading.signal.created.v1.paper.{key}": 5 for key in "AB"}}
    narrow = {"agents-signals": ("trading.signal.created.v1.paper.A",)}
    assert found(counts, narrow, (1,)) == [(1, 5, Reason.FILTER)]


def test_other_types_emptied_subjects_and_transport_records_are_no_finding() -> None:
    counts = {
        "SIGNALS": {
            "media.screenshot.received.v2.x": 4,
            "trading.signal.created.v2.paper.A": 0,
            "not an event": 1,
            "dlq.gate.gate-market.BROKEN": 1,
        }
    }
    assert found(counts, {}, (1,)) == []


def test_the_shipped_durables_cover_every_type_at_its_present_major() -> None:
    counts: dict[str, dict[str, int]] = {}
    for known in DURABLES:
        for name in delivered_types(known):
            counts.setdefault(known.stream, {})[f"{name}.v1.x"] = 1
    filters = {
        known.name: tuple(consumer_config(known, "0").get("filter_subjects", ())) for known in DURABLES
    }
    live = tuple(
        announced(role).model_copy(update={"reads": dict.fromkeys(event_types(), (1,))})
        for role in ("gateway", "agents", "gate", "engine", "obs")
    )
    assert uncovered(counts, filters, Bucket(live)) == ()
    blind = (*(one for one in live if one.role != "obs"), announced("obs"))
    missed = {one.type for one in uncovered(counts, filters, Bucket(blind))}
    assert missed == {name for known in DURABLES if known.role == "obs" for name in delivered_types(known)}


@given(
    st.dictionaries(st.integers(1, 4), st.integers(1, 9), min_size=1),
    st.lists(st.sets(st.integers(1, 4), min_size=1).map(tuple), min_size=1, max_size=3),
    st.sets(st.integers(1, 4), min_size=1),
)
def test_nothing_is_silent_only_when_filter_and_all_readers_take_every_major(
    stored: dict[int, int], live: list[tuple[int, ...]], filtered: set[int]
) -> None:
    counts = {"SIGNALS": {f"trading.signal.created.v{major}.p.A": count for major, count in stored.items()}}
    filters = {"agents-signals": tuple(f"trading.signal.created.v{major}.>" for major in sorted(filtered))}
    told = found(counts, filters, *live)
    assert {entry[0] for entry in told if entry[2] is Reason.FILTER} == set(stored) - filtered
    behind = {major for major in stored if not all(major in majors for majors in live)}
    assert {entry[0] for entry in told if entry[2] is Reason.READER} == behind
    assert all(stored[major] == messages for major, messages, _ in told)


def test_the_journals_reader_is_judged_by_what_the_journal_holds() -> None:
    reader: Durable = replace(durable("obs-journal"), role="obs")
    counts = {"JOURNAL": {"trading.execution.fill.v2.x": 7, "trading.risk.approved.v1.x": 1}}
    bucket = Bucket((announced("obs", trading_execution_fill=(1,), trading_risk_approved=(1,)),))
    [one] = uncovered(counts, {"obs-journal": ()}, bucket, (reader,))
    assert one == Uncovered("trading.execution.fill", 2, 7, "obs-journal", "obs", Reason.READER, one.hint)
    assert "obs/1 (at-obs 0.3.0) does not read v2" in one.hint
    assert stream_of("trading.execution.fill") == "EXEC"
