"""Coverage: stored messages that an expected consumer does not cover, found without touching anybody's queue.

A durable whose filter leaves out a major never sees its messages and raises no error; a reader that does not know a
major dead-letters it. Both are silent at the producer, so they are looked for from outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from at_core.events.subjects import type_and_major
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.live import Bucket
from at_core.topology.patterns import matches
from at_core.topology.readers import delivered_types

__all__ = ["Reason", "Uncovered", "uncovered"]


class Reason(StrEnum):
    """Why messages are not covered."""

    FILTER = "FILTER"
    READER = "READER"
    NEVER_ANNOUNCED = "NEVER_ANNOUNCED"


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Messages of one type and major that one expected consumer does not cover."""

    type: str
    major: int
    messages: int
    durable: str
    role: str
    reason: Reason
    hint: str


def uncovered(
    counts: Mapping[str, Mapping[str, int]],
    filters: Mapping[str, Sequence[str]],
    bucket: Bucket,
    durables: Iterable[Durable] = DURABLES,
) -> tuple[Uncovered, ...]:
    """Return what is not covered, in the order of the durables, then of type and major.

    ``counts``: stream name to its subjects with how many messages each holds. ``filters``: durable name to the filter
    subjects *the server* has (empty: the whole stream); a durable that is not on the server is left out of it.
    ``NEVER_ANNOUNCED`` is said of majors above 1 only: a role that is merely down is no question of versions.
    """
    found: list[Uncovered] = []
    for durable in durables:
        expected = frozenset(delivered_types(durable))
        per_major = _per_major(counts.get(durable.stream, {}), expected)
        for (event_type, major), subjects in sorted(per_major.items()):
            found.extend(
                Uncovered(event_type, major, messages, durable.name, durable.role, reason, hint)
                for messages, reason, hint in (
                    *_filtered(durable, filters, subjects),
                    *_unread(durable, bucket, event_type, major, sum(subjects.values())),
                )
            )
    return tuple(found)


def _per_major(
    subjects: Mapping[str, int], expected: frozenset[str]
) -> dict[tuple[str, int], dict[str, int]]:
    table: dict[tuple[str, int], dict[str, int]] = {}
    for subject, messages in subjects.items():
        try:
            key = type_and_major(subject)
        except ValueError:
            continue  # transport records (dead letters, advisories) have no version
        if key[0] in expected and messages > 0:
            table.setdefault(key, {})[subject] = messages
    return table


def _filtered(
    durable: Durable, filters: Mapping[str, Sequence[str]], subjects: Mapping[str, int]
) -> Iterator[tuple[int, Reason, str]]:
    if durable.name not in filters:
        hint = f"{durable.stream} has no consumer {durable.name}: run `at-core provision --apply`"
        yield sum(subjects.values()), Reason.FILTER, hint
        return
    patterns = filters[durable.name]
    left_out = [
        messages
        for subject, messages in subjects.items()
        if patterns and not any(matches(pattern, subject) for pattern in patterns)
    ]
    if left_out:
        hint = (
            f"the server's filter of {durable.name} ({', '.join(patterns)}) leaves them out: run `at-core provision "
            "--apply`, then have them delivered again, because a wider filter brings nothing back"
        )
        yield sum(left_out), Reason.FILTER, hint


def _unread(
    durable: Durable, bucket: Bucket, event_type: str, major: int, messages: int
) -> Iterator[tuple[int, Reason, str]]:
    live = [one for one in bucket.announcements if one.role == durable.role]
    behind = [one for one in live if major not in one.reads.get(event_type, ())]
    if behind:
        names = ", ".join(one.name for one in behind)
        yield (
            messages,
            Reason.READER,
            f"{names} does not read v{major}: upgrade it, or run the bridge for it",
        )
    elif not live and major > 1:
        hint = f"no process of role {durable.role} is announced: nobody knows whether it reads v{major}"
        yield messages, Reason.NEVER_ANNOUNCED, hint
