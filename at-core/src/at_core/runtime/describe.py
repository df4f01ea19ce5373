"""A stored message in one line: when, where, what, the facts that matter, and to which flow it belongs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from at_core.errors import Undecodable
from at_core.events.codec import decode
from at_core.events.envelope import ENVELOPE_FIELDS, Event, format_utc
from at_core.runtime.dead_letter import is_requeue_marker
from at_core.runtime.dead_letters import DEAD_LETTERS, letter_of
from at_core.runtime.nats_admin import StoredMessage
from at_core.topology.streams import CONTRACTS_STREAM

__all__ = ["Described", "describe"]

FACTS: Final = (
    "symbol", "venue", "kind", "side", "quantity", "approved_quantity", "last_price", "limit_price", "reference_price",
    "status", "verdict", "reason_code", "reasons", "code", "command", "strategy", "client_order_id", "role", "ready",
)  # fmt: skip
"""Fields worth a place on the line, in this order, beside the event's own keys. None of them is prose."""

_FACT_CHARACTERS_MAX = 60
_ADVISORY = re.compile(r"^\$JS\.EVENT\.ADVISORY\.CONSUMER\.(\w+)\.([^.]+)\.(.+)$")


@dataclass(frozen=True, slots=True)
class Described:
    """What is said about one stored message. ``problem`` is a code and empty for an event of this build."""

    stored_at: datetime
    stream: str
    sequence: int
    subject: str
    type: str = ""
    version: str = ""
    account: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    correlation: str = ""
    problem: str = ""
    requeued: str = ""
    """The dead letter this message was put back for."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "stored_at": format_utc(self.stored_at),
            "stream": self.stream,
            "sequence": self.sequence,
            "subject": self.subject,
            "type": self.type,
            "version": self.version,
            "account": self.account,
            "facts": dict(self.facts),
            "correlation_id": self.correlation,
            "problem": self.problem,
            "requeued": self.requeued,
        }

    def __str__(self) -> str:
        what = f"{self.type} {self.version}" if self.type else f"UNDECODABLE {self.problem}"
        parts = [format_utc(self.stored_at), f"{self.stream}:{self.sequence}", self.subject, what]
        if self.account:
            parts.append(f"account={self.account}")
        parts += [f"{name}={value}" for name, value in self.facts]
        if self.requeued:
            parts.append(f"requeued={self.requeued}")
        if self.correlation:
            parts.append(f"correlation={self.correlation}")
        return " ".join(parts)


def describe(kept: StoredMessage) -> Described:
    """Return what to say about ``kept``: an event, a dead letter, an advisory, or bytes with the code why not."""
    place = (kept.stored_at, kept.stream, kept.sequence, kept.subject)
    lowered = {name.lower(): value for name, value in kept.headers.items()}
    if kept.stream == DEAD_LETTERS:
        return _of_dead_letter(kept)
    advisory = _ADVISORY.match(kept.subject)
    if advisory is not None:
        facts = (("kind", advisory[1]), ("stream", advisory[2]), ("durable", advisory[3]))
        return Described(*place, type="advisory", version="-", facts=facts)
    if kept.stream == CONTRACTS_STREAM:
        return Described(*place, type="announcement", version="-")
    try:
        event = decode(kept.subject, kept.headers, kept.body)
    except Undecodable as error:
        return Described(
            *place,
            problem=error.code,
            requeued=lowered.get("at-requeued", ""),
            correlation=lowered.get("at-correlation", ""),
        )
    return Described(
        *place,
        type=event.type,
        version=str(json.loads(kept.body)["schema_version"]),  # as stored; ``event`` is the newest form
        account=event.account or "",
        facts=_facts(event),
        correlation=str(event.correlation_id),
        requeued=lowered.get("at-requeued", ""),
    )


def _facts(event: Event) -> tuple[tuple[str, str], ...]:
    data = event.model_dump(mode="json", exclude_none=True)
    names = dict.fromkeys((*event.KEYS, *FACTS))
    return tuple(
        (name, _short(data[name]))
        for name in names
        if name in data and name not in ENVELOPE_FIELDS and not isinstance(data[name], dict)
    )


def _short(value: object) -> str:
    text = ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
    return text[:_FACT_CHARACTERS_MAX]


def _of_dead_letter(kept: StoredMessage) -> Described:
    place = (kept.stored_at, kept.stream, kept.sequence, kept.subject)
    if is_requeue_marker(kept.subject):
        return Described(*place, type="requeue-marker", version="-")
    try:
        letter = letter_of(kept)
    except Undecodable as error:
        return Described(*place, problem=error.code)
    facts = (
        ("code", letter.code),
        ("durable", letter.durable),
        ("original", f"{letter.stream}:{letter.message_sequence}"),
        ("event", letter.event_type or "none"),
    )
    return Described(*place, type="dead-letter", version="-", facts=facts)
