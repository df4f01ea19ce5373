"""Dead letters, read again: the records of the DLQ with what became of them, and what to do about each code."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from at_core.errors import Undecodable
from at_core.events.subjects import decode_key, type_and_major
from at_core.runtime.dead_letter import is_requeue_marker
from at_core.runtime.nats_admin import Admin, StoredMessage
from at_core.topology.permissions import may_store
from at_core.topology.roles import ROLES
from at_core.topology.streams import DEAD_LETTER_HEAD, STREAMS

__all__ = [
    "DEAD_LETTERS",
    "HINTS",
    "SOURCE_HEADER",
    "DeadLetter",
    "Filter",
    "Requeue",
    "dead_letters",
    "hint_of",
    "home_of",
    "letter_of",
]

DEAD_LETTERS: Final = "DLQ"
"""The stream the records lie in."""

SOURCE_HEADER: Final = "nats-stream-source"
"""What a copy in a sourcing stream says about its original: ``<stream> <sequence> ...``."""

_FORGED = (
    "somebody without the gate's key wrote a decision: engage the kill switch, find out who; never requeue"
)
_DISAGREE = "writer and reader disagree about the contract: correct one of them first; what is wrong in the bytes stays"
_UPGRADE = "the reader is older than the writer: upgrade it, then requeue"

HINTS: Final[Mapping[str, str]] = {
    "BAD_SIGNATURE": _FORGED,
    "CONTRADICTION": "the gate contradicts itself: stop trading of this account and ask the developers",
    "DOWNCAST_REFUSED": "an answer cannot be said in the major the role writes: raise its emit_major, then requeue",
    "HANDLER_ERROR": "a fault in our code: correct and deploy it, then requeue",
    "HEADER_MISMATCH": _DISAGREE,
    "IDENTITY_TOUCHED": "a wrong upcaster in the reader: correct and deploy it, then requeue",
    "INVALID_BODY": _DISAGREE,
    "MAJOR_MISMATCH": _DISAGREE,
    "NEWER_MAJOR": _UPGRADE,
    "NO_UPCASTER": "the reader lacks the step from this old major: deploy one that has it, then requeue",
    "PLAN_ALREADY_USED": "the plan has its order already: nothing to do, and nothing to requeue",
    "REPLAYED_BY_SERVER": "no role published this by itself: find out who did; it is never handled",
    "UNAUTHENTIC": _FORGED,
    "SUBJECT": "the subject is no event subject: find the writer; a requeue would end here again",
    "SUBJECT_MISMATCH": _DISAGREE,
    "TOO_LARGE": "larger than an event may be: the writer must use the object store; a requeue would end here again",
    "TYPE_MISMATCH": _DISAGREE,
    "UNKNOWN_TYPE": _UPGRADE,
    "UNSIGNED": _FORGED,
    "WRONG_ACCOUNT": "the engine serves another account: correct its configuration, then requeue",
    "WRONG_ORDER_ID": "the gate contradicts itself: stop trading of this account and ask the developers",
    "WRONG_TYPE": "a signed type that approves nothing: find the writer",
}
"""What to do, by code. Closed: a code that is not here comes from a build that is newer than this one."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """A marker: this letter's message was put back once."""

    attempt: int
    stream: str
    sequence: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of the DLQ. ``stream`` and ``message_sequence`` are where its reader found the message."""

    sequence: int
    stored_at: datetime
    role: str
    durable: str
    code: str
    detail: str
    stream: str
    message_sequence: int
    subject: str
    deliveries: int
    headers: Mapping[str, str]
    body: bytes
    body_size: int
    requeues: tuple[Requeue, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the record holds the whole body."""
        return len(self.body) == self.body_size

    @property
    def event_type(self) -> str:
        """The type the subject speaks of; empty for a subject that is none."""
        try:
            return type_and_major(self.subject)[0]
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; None means any."""

    role: str | None = None
    durable: str | None = None
    code: str | None = None
    since: datetime | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether ``letter`` is meant."""
        pairs = ((self.role, letter.role), (self.durable, letter.durable), (self.code, letter.code))
        return all(wanted in (None, given) for wanted, given in pairs) and (
            self.since is None or letter.stored_at >= self.since
        )


@dataclass(slots=True)
class _Read:
    letters: dict[int, DeadLetter] = field(default_factory=dict)
    markers: dict[int, list[tuple[str, Requeue]]] = field(default_factory=dict)
    unreadable: int = 0


def hint_of(code: str) -> str:
    """Return what to do about ``code``."""
    return HINTS.get(code, "a code this build does not know: use the at-core of the role that wrote it")


def home_of(letter: DeadLetter) -> tuple[str, int]:
    """Return where the original lies: a copy in a sourcing stream names its source, else where it was read."""
    sources = next((stream.sources for stream in STREAMS if stream.name == letter.stream), ())
    named = {name.lower(): value for name, value in letter.headers.items()}.get(SOURCE_HEADER, "").split()
    if len(named) > 1 and named[0] in sources and named[1].isdigit():
        return named[0], int(named[1])
    return letter.stream, letter.message_sequence


def letter_of(kept: StoredMessage) -> DeadLetter:
    """Return the record in ``kept``; raise Undecodable (NO_RECORD) when it is none."""
    tokens = kept.subject.split(".")
    try:
        record: dict[str, Any] = json.loads(kept.body)
        if len(tokens) != 4 or tokens[0] != DEAD_LETTER_HEAD:
            raise ValueError("it needs a subject dlq.<role>.<durable>.<code>")
        return DeadLetter(
            sequence=kept.sequence,
            stored_at=kept.stored_at,
            role=tokens[1],  # what the server let the writer say, not what the body says
            durable=decode_key(tokens[2]) or "",
            code=tokens[3],
            detail=str(record["detail"]),
            stream=str(record["stream"]),
            message_sequence=int(record["sequence"]),
            subject=str(record["subject"]),
            deliveries=int(record["deliveries"]),
            headers={str(name): str(value) for name, value in record["headers"].items()},
            body=base64.b64decode(record["body_base64"], validate=True),
            body_size=int(record["body_size"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Undecodable("NO_RECORD", f"DLQ:{kept.sequence} is no dead letter of ours ({error})") from error


async def dead_letters(admin: Admin) -> tuple[list[DeadLetter], int]:
    """Return all letters, oldest first, each with its requeues, and how many records could not be read."""
    read = _Read()
    async for kept in admin.messages(DEAD_LETTERS):
        _take(read, kept)
    return list(_joined(read)), read.unreadable


def _take(read: _Read, kept: StoredMessage) -> None:
    if is_requeue_marker(kept.subject):
        try:
            record = json.loads(kept.body)
            marker = Requeue(
                attempt=int(record["attempt"]),
                stream=str(record["stream"]),
                sequence=int(record["sequence"]),
                at=kept.stored_at,
                reason=str(record["reason"]),
            )
            read.markers.setdefault(int(record["dead_letter"]), []).append(
                (kept.subject.split(".")[1], marker)
            )
        except (ValueError, KeyError, TypeError):
            read.unreadable += 1
        return
    try:
        read.letters[kept.sequence] = letter_of(kept)
    except Undecodable:
        read.unreadable += 1


def _joined(read: _Read) -> Iterable[DeadLetter]:
    for sequence, letter in read.letters.items():
        # Only the letter's own producer could have put it back: another role's marker would hide it from everybody.
        may = {known.name for known in ROLES if may_store(known, letter.subject)}
        said = (marker for role, marker in read.markers.get(sequence, ()) if role in may)
        yield replace(letter, requeues=tuple(said))
