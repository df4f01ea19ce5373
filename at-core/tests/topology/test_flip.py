"""Flipping to another major: what is in question, whose word counts, and what the refusal says."""

from __future__ import annotations

from dataclasses import replace

from test_live import announced

from at_core.events.registry import event_types
from at_core.events.versions import writable_majors
from at_core.topology.flip import explain, in_question, verdicts, was_written
from at_core.topology.live import Bucket, LiveCode, Unreadable
from at_core.topology.readers import reads_of, writes_of
from at_core.topology.wiring import Observation, Outside, Reaction, Wiring

APPROVED = "trading.risk.approved"
OWN = announced("gate", trading_risk_approved=(1, 2))
READY = tuple(announced(role, trading_risk_approved=(1, 2)) for role in ("gateway", "engine", "obs"))


def test_a_first_major_that_is_no_choice_is_not_in_question() -> None:
    def majors(name: str) -> tuple[int, ...]:
        return (1, 2) if name == "b.c" else (1,)

    assert in_question({"a.b": 1, "b.c": 1, "c.d": 2}, majors) == {"b.c": 1, "c.d": 2}
    alone = {name: 1 for name in event_types() if writable_majors(name) == (1,)}
    assert alone
    assert in_question(alone) == {}


def test_the_own_word_replaces_that_of_the_former_life() -> None:
    former = announced("gate", trading_risk_approved=(1,))
    bucket = Bucket((former, *READY), (Unreadable("gate", "1", "junk"),))
    [verdict] = verdicts({APPROVED: 2}, OWN, bucket)
    assert (verdict.answer, verdict.code) == ("yes", LiveCode.READ_BY_ALL)
    [verdict] = verdicts(
        {APPROVED: 2}, OWN, Bucket((announced("gate", "2", trading_risk_approved=(1,)), *READY))
    )
    assert [laggard.instance for laggard in verdict.laggards] == ["2"]  # another one of the same role counts


def test_only_the_very_major_was_written_by_the_very_role() -> None:
    writer = announced("gate").model_copy(update={"writes": {APPROVED: 2}})
    assert was_written(APPROVED, 2, "gate", Bucket((writer,)))
    assert not was_written(APPROVED, 3, "gate", Bucket((writer,)))
    assert not was_written(APPROVED, 2, "engine", Bucket((writer,)))
    assert not was_written("trading.risk.held", 2, "gate", Bucket((writer,)))


def test_the_refusal_names_type_major_laggard_and_every_way_on() -> None:
    behind = announced("engine", "e-1", trading_risk_approved=(1,))
    [verdict] = verdicts({APPROVED: 2}, OWN, Bucket((behind, *READY)))
    text = explain(verdict, lambda _: (1, 2))
    for part in (
        "trading.risk.approved v2",
        "engine/e-1 (at-engine 0.3.0) reads v1",
        "at-core can-emit trading.risk.approved 2",
        'emit_major = { "trading.risk.approved" = 1 }',
        'emit_unread = ["trading.risk.approved"]',
    ):
        assert part in text
    deaf = replace(verdict, laggards=(replace(verdict.laggards[0], reads=()),))
    assert "writes no major that all of them read" in explain(deaf, lambda _: (1, 2))


def test_reads_and_writes_follow_from_the_wiring() -> None:
    wiring = Wiring(
        role="gate",
        reacts=(Reaction("gate-proposals", ("trading.proposal.created",), emits=(APPROVED,)),),
        observes=(
            Observation("gate-rulings", ()),
            Observation("gate-market", ("market.raw", "no.such.type")),
        ),
        outside=(Outside("x", "in", ("trading.risk.held",)),),
    )
    reads = reads_of(wiring)
    assert set(reads) == {
        "trading.proposal.created",
        "market.raw",
        "trading.risk.approved",
        "trading.risk.rejected",
        "trading.risk.held",
    }
    assert all(1 in majors for majors in reads.values())
    majors = {APPROVED: 2, "trading.risk.held": 1, "heartbeat.gate": 1}
    assert writes_of(wiring, lambda name: majors.get(name, 0)) == majors
