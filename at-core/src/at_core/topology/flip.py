"""Flipping a producer to another major: which types are in question, and what stands against each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from at_core.events.versions import writable_majors
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.live import Announcement, Bucket, Laggard, Verdict, can_emit
from at_core.topology.readers import expected_readers

__all__ = ["explain", "in_question", "verdicts", "was_written"]


def in_question(
    writes: Mapping[str, int], writable: Callable[[str], tuple[int, ...]] = writable_majors
) -> dict[str, int]:
    """Return the types of ``writes`` whose major is a choice, or not the first: only these can leave anybody behind."""
    return {name: major for name, major in writes.items() if major > 1 or len(writable(name)) > 1}


def verdicts(
    wanted: Mapping[str, int],
    own: Announcement,
    bucket: Bucket,
    durables: Iterable[Durable] = DURABLES,
) -> tuple[Verdict, ...]:
    """Return one verdict per wanted type, in order.

    What stands in the bucket under the own key is of a former life: what the process is now takes its place.
    """
    readers = tuple(durables)
    others = Bucket(
        (own, *(one for one in bucket.announcements if not _same(one, own))),
        tuple(one for one in bucket.unreadable if (one.role, one.instance) != (own.role, own.instance)),
    )
    return tuple(
        can_emit(name, major, others, expected_readers(name, readers)) for name, major in wanted.items()
    )


def was_written(event_type: str, major: int, role: str, bucket: Bucket) -> bool:
    """Whether a process of ``role``, this one in a former life included, announces that it emits this very major."""
    return any(one.role == role and one.writes.get(event_type) == major for one in bucket.announcements)


def explain(verdict: Verdict, writable: Callable[[str], tuple[int, ...]] = writable_majors) -> str:
    """Return why a producer does not start, and everything that can be done about it, in one text."""
    who = "; ".join(str(laggard) for laggard in verdict.laggards)
    common = [major for major in writable(verdict.type) if _all_read(verdict.laggards, major)]
    way = (
        f'or go on with the older one: emit_major = {{ "{verdict.type}" = {max(common)} }}'
        if common
        else "this build writes no major that all of them read"
    )
    return (
        f"{verdict.type} v{verdict.major} is not read by every live reader: {who}. Upgrade these first "
        f"(`at-core can-emit {verdict.type} {verdict.major}` says when), {way}. With a bridge running for them, "
        f'name the type in emit_unread = ["{verdict.type}"]. A process that is gone is forgotten within a minute.'
    )


def _same(one: Announcement, other: Announcement) -> bool:
    return (one.role, one.instance) == (other.role, other.instance)


def _all_read(laggards: Iterable[Laggard], major: int) -> bool:
    return all(major in laggard.reads for laggard in laggards)
