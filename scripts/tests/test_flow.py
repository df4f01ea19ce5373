"""Laws 1 to 3: each way of breaking them is found in synthetic wirings."""

from __future__ import annotations

from dataclasses import replace

from _lib.flow import Facts, Queue, cycle, violations
from at_core.topology.wiring import Observation, Outside, Reaction, Wiring

FACTS = Facts(
    producers={"a.made": "one", "b.made": "two", "heartbeat.one": "one"},
    heads={"one": ("a", "heartbeat.one"), "two": ("b",)},
    durables={
        "two-a": Queue("two", "A", "queue", frozenset({"a.made"})),
        "two-b": Queue("two", "B", "fold", frozenset({"b.made"})),
    },
)
ONE = Wiring("one", outside=(Outside("door", "in", ("a.made",)),))
TWO = Wiring(
    "two",
    reacts=(Reaction("two-a", ("a.made",), ("b.made",)),),
    observes=(Observation("two-b", ("b.made",)),),
)


def sentences(*wirings: Wiring, facts: Facts = FACTS) -> str:
    return "\n".join(violations(wirings, facts))


def test_a_lawful_house_has_nothing_to_say() -> None:
    assert sentences(ONE, TWO) == ""


def test_an_effect_that_causes_its_cause_is_a_cycle() -> None:
    back = replace(ONE, reacts=(Reaction("one-b", ("b.made",), ("a.made",)),))
    assert "law 1: a cycle, a.made -> b.made -> a.made" in sentences(back, TWO)


def test_a_type_that_causes_itself_is_a_cycle() -> None:
    assert cycle({"a": {"a"}}) == ("a", "a")


def test_two_ways_to_the_same_effect_are_no_cycle() -> None:
    assert cycle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}) == ()


def test_a_long_cycle_behind_a_tail_is_named_without_the_tail() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}) == ("b", "c", "d", "b")


def test_nobody_emits_what_belongs_to_another_role() -> None:
    thief = replace(TWO, outside=(Outside("timer", "in", ("a.made",)),))
    assert "law 2: two emits a.made, which belongs to one" in sentences(ONE, thief)


def test_nobody_emits_a_type_that_is_not_in_the_registry() -> None:
    assert "law 2: one emits x.made" in sentences(
        replace(ONE, outside=(Outside("door", "in", ("a.made", "x.made")),))
    )


def test_a_type_that_its_owner_never_emits_is_named() -> None:
    assert "law 2: a.made belongs to one, which never emits it" in sentences(Wiring("one"), TWO)


def test_a_role_without_the_permission_cannot_emit() -> None:
    assert "grants it no such subject" in sentences(
        ONE, TWO, facts=replace(FACTS, heads={"one": ("a",), "two": ()})
    )


def test_a_head_grants_whole_words_only() -> None:
    assert "no such subject" in sentences(
        ONE, TWO, facts=replace(FACTS, heads={"one": ("a",), "two": ("b.mad",)})
    )


def test_one_durable_is_not_reacted_to_and_observed_for_the_same_type() -> None:
    both = replace(TWO, observes=(*TWO.observes, Observation("two-a", ("a.made",))))
    assert "law 3: two reacts to and observes a.made through two-a" in sentences(ONE, both)


def test_a_durable_that_is_not_provisioned_is_named() -> None:
    assert "durable two-x is not in the topology" in sentences(
        ONE, replace(TWO, observes=(*TWO.observes, Observation("two-x", ("b.made",))))
    )


def test_a_durable_of_another_role_is_named() -> None:
    assert "one: durable two-a belongs to two" in sentences(
        replace(ONE, observes=(Observation("two-a", ("a.made",)),)), TWO
    )


def test_a_type_the_durable_never_delivers_is_named() -> None:
    assert "two-b (B) never delivers a.made" in sentences(
        ONE, replace(TWO, observes=(Observation("two-b", ("b.made", "a.made")),))
    )


def test_a_durable_nobody_reads_is_named() -> None:
    assert "durable two-b is provisioned and never read" in sentences(ONE, replace(TWO, observes=()))


def test_a_delivered_type_that_nothing_handles_is_named() -> None:
    wide = {**FACTS.durables, "two-b": Queue("two", "B", "fold", frozenset({"b.made", "heartbeat.one"}))}
    assert "two-b delivers heartbeat.one, which nothing handles" in sentences(
        ONE, TWO, facts=replace(FACTS, durables=wide)
    )


def test_an_observation_without_types_handles_everything() -> None:
    assert sentences(ONE, replace(TWO, observes=(Observation("two-b", ()),))) == ""


def test_a_reaction_on_a_fold_must_say_that_it_rewinds() -> None:
    folds = {**FACTS.durables, "two-a": replace(FACTS.durables["two-a"], kind="fold")}
    facts = replace(FACTS, durables=folds)
    assert "two-a is a fold" in sentences(ONE, TWO, facts=facts)
    rewinding = replace(TWO, reacts=(replace(TWO.reacts[0], rewinds=True),))
    assert sentences(ONE, rewinding, facts=facts) == ""


def test_a_role_is_wired_once() -> None:
    assert "role one is wired twice" in sentences(ONE, ONE, TWO)
