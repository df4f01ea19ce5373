"""Permissions: what each role may publish and subscribe, derived from roles and durables and from nothing else.

The rendered server configuration and the memory bus read the same functions, so a test on either speaks of both.
"""

from __future__ import annotations

from collections.abc import Iterable

from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.live import announcement_subject
from at_core.topology.patterns import matches
from at_core.topology.roles import Role
from at_core.topology.streams import DEAD_LETTER_HEAD

__all__ = [
    "ack_subject",
    "announcement_subjects",
    "durable_subjects",
    "event_subjects",
    "inbox_subjects",
    "may_store",
    "next_subject",
    "publish_subjects",
    "reset_subject",
    "stored_subjects",
]


def next_subject(durable: Durable) -> str:
    """Return the subject on which messages of ``durable`` are asked for."""
    return f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"


def reset_subject(durable: Durable) -> str:
    """Return the subject on which a fold is rewound."""
    return f"$JS.API.CONSUMER.RESET.{durable.stream}.{durable.name}"


def ack_subject(durable: Durable) -> str:
    """Return the subjects on which messages of ``durable`` are settled.

    Only the format that begins with stream and consumer. The newer one begins with two free tokens, and a permission
    with wildcards there (``$JS.ACK.*.*.<stream>.<consumer>.>``) also covers ``$JS.ACK.RISK.engine-approvals...``: with
    ``+NXT`` it lets a role take messages out of anybody's queue. The rendered configuration keeps that format off.
    """
    return f"$JS.ACK.{durable.stream}.{durable.name}.>"


def event_subjects(role: Role, prefix: str = "") -> tuple[str, ...]:
    """Return what a role may write: its events, and dead letters under its own head."""
    heads = (*role.publishes, f"{DEAD_LETTER_HEAD}.{role.name}")
    return tuple(f"{prefix}.{head}.>" if prefix else f"{head}.>" for head in heads)


def announcement_subjects(role: Role) -> tuple[str, ...]:
    """Return where a role may say what its processes read and write: one key per instance, under its own name."""
    return (announcement_subject(role.name, "*"),)


def stored_subjects(role: Role) -> tuple[str, ...]:
    """Return every pattern under which a role may store something."""
    return (*event_subjects(role), *announcement_subjects(role))


def durable_subjects(durable: Durable) -> tuple[str, ...]:
    """Return the bus requests one durable needs: asking and settling for a queue, asking and rewinding for a fold."""
    if durable.kind == "queue":
        return (next_subject(durable), ack_subject(durable))
    return (next_subject(durable), reset_subject(durable))


def publish_subjects(role: Role, durables: Iterable[Durable] = DURABLES) -> tuple[str, ...]:
    """Return every pattern ``role`` may publish on. Everything else is denied."""
    own = (known for known in durables if known.role == role.name)
    return (*stored_subjects(role), *(subject for known in own for subject in durable_subjects(known)))


def inbox_subjects(role: Role) -> tuple[str, ...]:
    """Return every pattern ``role`` may subscribe to: its private replies, nothing else."""
    return (f"{role.inbox_prefix}.>",)


def may_store(role: Role, subject: str) -> bool:
    """Return whether ``role`` may store something on ``subject``."""
    return any(matches(pattern, subject) for pattern in stored_subjects(role))
