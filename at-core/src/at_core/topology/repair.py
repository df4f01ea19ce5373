"""Repair, the pure part: which drifted fields an update may touch, which it must leave, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from at_core.topology.desired import Difference

__all__ = ["FIXED", "FOUND_ONLY_ONCE", "deletions", "fixed", "moment", "update_request"]

Kind = Literal["stream", "consumer"]

_NEW_STREAM = "only a new stream can have it; move the messages first, or declare it in the tables"
_NO_WAY_BACK = "nobody can take it back; harmless to leave, gone with the next stream of this name"
_NEW_CONSUMER = (
    "only a new consumer can have it; delete this one and run --apply (see the note on acknowledgements)"
)

FIXED: Mapping[Kind, Mapping[str, str]] = {
    "stream": {
        "allow_msg_counter": _NEW_STREAM,
        "allow_msg_schedules": _NO_WAY_BACK,
        "allow_msg_ttl": _NO_WAY_BACK,
        "deny_delete": _NO_WAY_BACK,
        "deny_purge": _NO_WAY_BACK,
        "mirror": _NEW_STREAM,
        "persist_mode": _NEW_STREAM,
        "retention": _NEW_STREAM,
        "sealed": "a sealed stream takes nothing and is never unsealed; restore its messages into a new one",
        "storage": _NEW_STREAM,
    },
    "consumer": {
        "ack_policy": _NEW_CONSUMER,
        "deliver_policy": _NEW_CONSUMER,
        "deliver_subject": _NEW_CONSUMER,
        "max_waiting": _NEW_CONSUMER,
        "mem_storage": _NEW_CONSUMER,
        "opt_start_seq": _NEW_CONSUMER,
        "opt_start_time": _NEW_CONSUMER,
        "replay_policy": _NEW_CONSUMER,
    },
}
"""Fields the server refuses to change on something that lives, each with what a person can do."""

FOUND_ONLY_ONCE = frozenset({"deny_delete", "deny_purge"})
"""Fixed in one direction: the server lets a stream be closed against deletion, and never opens it again."""


def fixed(kind: Kind, drifted: Iterable[Difference]) -> dict[str, str]:
    """Return the drifted fields that no update can repair, each with its hint."""
    table = FIXED[kind]
    return {
        difference.field: f"{difference.field}: the server does not change it; {table[difference.field]}"
        for difference in drifted
        if difference.field in table and not (difference.field in FOUND_ONLY_ONCE and difference.wanted)
    }


def update_request(
    wanted: Mapping[str, Any], found: Mapping[str, Any], untouched: Iterable[str]
) -> dict[str, Any]:
    """Return the configuration to send: as wanted, but the ``untouched`` fields as they are."""
    request = dict(wanted)
    for name in untouched:
        if name in found:
            request[name] = found[name]
        else:
            request.pop(name, None)
    return request


def deletions(
    drifted: Iterable[Difference],
    state: Mapping[str, Any],
    server_time: str,
    fullest_subject: int,
) -> dict[str, str]:
    """Return the drifted bounds that would make the server delete stored messages at once, each with its hint.

    ``state`` is the stream's state, ``server_time`` the time of the answer it came in, ``fullest_subject`` the number
    of messages on the subject that has most.
    """
    wanted = {difference.field: difference.wanted for difference in drifted}
    found: dict[str, str] = {}
    age = wanted.get("max_age")
    if age and state.get("messages"):
        oldest = moment(state["first_ts"])
        if moment(server_time) - oldest > timedelta(microseconds=age // 1000):
            found["max_age"] = f"would delete what is older than the bound (the oldest is from {oldest})"
    for name, holds in (
        ("max_bytes", int(state.get("bytes", 0))),
        ("max_msgs", int(state.get("messages", 0))),
        ("max_msgs_per_subject", fullest_subject),
    ):
        if 0 < (wanted.get(name) or 0) < holds:
            found[name] = f"would delete messages: {holds} lie there, {wanted[name]} are allowed"
    return {
        name: f"{name}: {text}; keep a copy, then run --apply --allow-deletion"
        for name, text in found.items()
    }


def moment(text: str) -> datetime:
    """Read the server's time; it writes up to nine fraction digits, of which six are kept."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")
