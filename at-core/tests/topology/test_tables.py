"""The tables agree with each other and with the catalogue of events."""

from __future__ import annotations

import itertools

import pytest

from at_core.events.registry import event_types, producer_of, stream_of
from at_core.events.subjects import subjects_of_type
from at_core.topology.consumers import DURABLES
from at_core.topology.patterns import matches, overlaps
from at_core.topology.permissions import (
    announcement_subjects,
    durable_subjects,
    event_subjects,
    inbox_subjects,
    publish_subjects,
    stored_subjects,
)
from at_core.topology.roles import ROLES, Role
from at_core.topology.streams import JOURNAL_SOURCES, STREAMS, Stream, stream

FORBIDDEN_API = (
    "$JS.API.STREAM.",
    "$JS.API.CONSUMER.CREATE",
    "$JS.API.CONSUMER.DURABLE",
    "$JS.API.CONSUMER.DELETE",
    "$JS.API.CONSUMER.PAUSE",
    "$JS.API.DIRECT",
    "$JS.API.META",
    "$JS.API.>",
    "$SYS",
    "$KV",
    "$O",
    ">",
)


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations(STREAMS, 2)), ids=lambda stream: stream.name
)
def test_no_subject_belongs_to_two_streams(one: Stream, other: Stream) -> None:
    assert not [pair for pair in itertools.product(one.subjects, other.subjects) if overlaps(*pair)]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ROLES, 2)), ids=lambda role: role.name)
def test_no_subject_can_be_written_by_two_roles(one: Role, other: Role) -> None:
    assert not [
        pair for pair in itertools.product(stored_subjects(one), stored_subjects(other)) if overlaps(*pair)
    ]


def test_every_event_type_lies_in_its_stream_and_under_exactly_its_producer() -> None:
    for name in event_types():
        subject = f"{name}.v1.key"
        takers = [
            known.name for known in STREAMS if any(matches(pattern, subject) for pattern in known.subjects)
        ]
        assert takers == [stream_of(name)], name
        writers = [
            role.name for role in ROLES if any(matches(pattern, subject) for pattern in event_subjects(role))
        ]
        assert writers == [producer_of(name)], name


def test_every_durable_reads_types_that_its_stream_keeps() -> None:
    for durable in DURABLES:
        kept = stream(durable.stream)
        sources = [stream(name) for name in kept.sources] or [kept]
        for name in durable.types:
            pattern = subjects_of_type(name)
            assert any(overlaps(pattern, subject) for source in sources for subject in source.subjects), (
                durable.name
            )


def test_durable_names_are_unique_and_begin_with_their_role() -> None:
    assert len({durable.name for durable in DURABLES}) == len(DURABLES)
    assert all(durable.name.startswith(f"{durable.role}-") for durable in DURABLES)


def test_the_journal_sources_what_decides_and_nothing_else() -> None:
    assert stream("JOURNAL").sources == JOURNAL_SOURCES
    assert not stream("JOURNAL").subjects
    assert {"MARKET", "FEATURES", "DLQ", "QUARANTINE", "HEALTH", "ADVISORY"}.isdisjoint(JOURNAL_SOURCES)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_has_no_right_that_creates_reads_around_or_reaches_another_role(role: Role) -> None:
    announcing = announcement_subjects(role)
    assert announcing == (f"$KV.contracts.{role.name}.*",)
    allowed = tuple(subject for subject in publish_subjects(role) if subject not in announcing)
    assert not [subject for subject in allowed if subject.startswith(FORBIDDEN_API)]
    foreign = [
        subject for durable in DURABLES if durable.role != role.name for subject in durable_subjects(durable)
    ]
    assert not [(mine, theirs) for mine in allowed for theirs in foreign if overlaps(mine, theirs)]
    others = [pattern for other in ROLES if other is not role for pattern in inbox_subjects(other)]
    assert not [pair for pair in itertools.product(inbox_subjects(role), others) if overlaps(*pair)]
