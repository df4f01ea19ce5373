"""Requeue: a dead letter's exact original goes back on its subject, with its producer's key and an id of its own.

A letter is written by its reader, so it is not believed: it can only bring back what that reader's queue was to read,
and what a role signs comes back only with a signature that holds.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from at_core.errors import ContractBroken, Undecodable
from at_core.events.codec import decode
from at_core.runtime.bus import Bus, Outgoing, Stored
from at_core.runtime.dead_letter import requeue_marker
from at_core.runtime.dead_letters import SOURCE_HEADER, DeadLetter, home_of
from at_core.runtime.nats_admin import Admin, StoredMessage
from at_core.runtime.publisher import SIGNATURE_HEADER
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.permissions import may_store
from at_core.topology.roles import ROLES, Role

__all__ = ["REFUSALS", "REQUEUED_HEADER", "Plan", "Refused", "plan_requeue", "requeue"]

REQUEUED_HEADER: Final = "at-requeued"
"""Says which dead letter (its sequence in the DLQ) a message was put back for."""

REFUSALS: Final[Mapping[str, str]] = {
    "ALREADY_REQUEUED": "it was put back before; --again does it once more",
    "BAD_SIGNATURE": "its signature does not hold: it was forged or altered and stays where it is",
    "BODY_CUT": "the original is gone and the record holds only a part of its body",
    "FOLD": "a fold reads its stream from the beginning at every start: restart the reader instead",
    "NOT_ITS_MESSAGE": "the record speaks of a message its reader does not read: somebody forged the record",
    "NO_PRODUCER": "no role may publish on this subject, so nobody can put it back",
    "REPLAYED_BY_SERVER": "no role published it by itself, and no reader will take it",
    "SIGNATURE_LOST": "the original is gone and a record keeps no signature: only the role itself could sign again",
    "UNKNOWN_DURABLE": "the tables of this build know no such durable of this role",
}
"""Why a letter is not put back, by code."""

_OWN = frozenset({"nats-msg-id", REQUEUED_HEADER, SOURCE_HEADER})
_EXPECTED = "nats-expected-"
"""Conditions of the first publish: they held then, and would only be in the way now."""
_REPLAYED = frozenset({"nats-subject", "nats-stream"})
_LOOKED_AT_MAX = 1000
"""How many later messages of the same subject are searched for a requeue whose marker is missing."""


class Refused(ContractBroken):
    """A letter that is not put back; ``code`` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code, REFUSALS[code])


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be published, as whom, and what a person should know before."""

    letter: DeadLetter
    producer: str
    message: Outgoing
    attempt: int
    from_record: bool
    """True when the original is gone and the record's bytes are used."""
    warnings: tuple[str, ...]


async def plan_requeue(
    admin: Admin,
    letter: DeadLetter,
    now: datetime,
    holds: Callable[[Role, bytes, str], bool],
    *,
    again: bool = False,
    durables: tuple[Durable, ...] = DURABLES,
) -> Plan:
    """Return what to publish for ``letter``; raises Refused.

    ``holds(role, body, signature)`` says whether a signature of ``role`` over ``body`` is right.
    """
    _own_message(letter, durables)
    role = next((known for known in ROLES if may_store(known, letter.subject)), None)
    if role is None:
        raise Refused("NO_PRODUCER")
    original = await _original(admin, letter)
    body = letter.body if original is None else original.body
    headers = letter.headers if original is None else original.headers
    lowered = {name.lower(): value for name, value in headers.items()}
    if _REPLAYED & lowered.keys():
        raise Refused("REPLAYED_BY_SERVER")
    if original is None and role.signs:
        raise Refused("SIGNATURE_LOST")
    if original is None and not letter.complete:
        raise Refused("BODY_CUT")
    if role.signs and not holds(role, body, lowered.get(SIGNATURE_HEADER, "")):
        raise Refused("BAD_SIGNATURE")
    before = max((known.attempt for known in letter.requeues), default=0)
    if not again and (before or await _already_back(admin, letter)):
        raise Refused("ALREADY_REQUEUED")
    message = Outgoing(letter.subject, body, _headers(headers, lowered, letter, before + 1))
    return Plan(letter, role.name, message, before + 1, original is None, _warnings(message, original, now))


async def requeue(plan: Plan, connect: Callable[[str], Awaitable[Bus]], reason: str) -> Stored:
    """Publish the plan and then its marker, with the producer's key; returns where it lies now.

    When it ends in between, a second run publishes under the same id and writes the same marker.
    """
    bus = await connect(plan.producer)
    try:
        stored = await bus.publish(plan.message)
        letter = plan.letter
        await bus.publish(
            requeue_marker(plan.producer, letter.durable, letter.sequence, plan.attempt, stored, reason)
        )
        return stored
    finally:
        await bus.close()


def _own_message(letter: DeadLetter, durables: tuple[Durable, ...]) -> None:
    """Refuse a letter that its reader could not have written about a message of its queue."""
    known = next((one for one in durables if (one.name, one.role) == (letter.durable, letter.role)), None)
    if known is None:
        raise Refused("UNKNOWN_DURABLE")
    if known.kind == "fold":
        raise Refused("FOLD")
    typed = not known.types or any(letter.subject.startswith(f"{name}.") for name in known.types)
    if letter.stream != known.stream or not typed:
        raise Refused("NOT_ITS_MESSAGE")


async def _original(admin: Admin, letter: DeadLetter) -> StoredMessage | None:
    """Return the message itself, or None when it has aged out or another stands in its place."""
    stream, sequence = home_of(letter)
    found = await admin.message(stream, sequence)
    if found is None or found.subject != letter.subject or not found.body.startswith(letter.body):
        return None
    return found if len(found.body) == letter.body_size else None


async def _already_back(admin: Admin, letter: DeadLetter) -> bool:
    """Whether a requeue whose marker got lost lies behind the original."""
    stream, sequence = home_of(letter)
    looked = 0
    async for later in admin.messages(stream, letter.subject, sequence + 1):
        if later.headers.get(REQUEUED_HEADER) == str(letter.sequence):
            return True
        looked += 1
        if looked >= _LOOKED_AT_MAX:
            return False
    return False


def _headers(
    headers: Mapping[str, str], lowered: Mapping[str, str], letter: DeadLetter, attempt: int
) -> dict[str, str]:
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() not in _OWN and not name.lower().startswith(_EXPECTED)
    }
    first = lowered.get("nats-msg-id", "").partition(".requeue.")[0]
    stream, sequence = home_of(letter)
    message_id = f"{first or f'{stream}.{sequence}'}.requeue.{letter.sequence}"
    again = "" if attempt == 1 else f".{attempt}"
    return {**kept, "Nats-Msg-Id": message_id + again, REQUEUED_HEADER: str(letter.sequence)}


def _warnings(message: Outgoing, original: StoredMessage | None, now: datetime) -> tuple[str, ...]:
    found = []
    if original is None:
        found.append("FROM_RECORD: the original is gone from its stream; the bytes come from the record")
    expires = _expires_at(message.body)
    if expires is not None and expires <= now:
        found.append(
            f"EXPIRED: it was valid until {expires.isoformat()}; its reader will refuse to act on it"
        )
    try:
        decode(message.subject, message.headers, message.body)
    except Undecodable as error:
        found.append(
            f"STILL_UNDECODABLE: this build cannot read it either ({error.code}); a reader of this age will not"
        )
    return tuple(found)


def _expires_at(body: bytes) -> datetime | None:
    """Read the time from bytes that need not be an event of this build."""
    try:
        data: Any = json.loads(body)
        found = datetime.fromisoformat(data["expires_at"])
    except (ValueError, KeyError, TypeError):
        return None
    return found.astimezone(UTC) if found.tzinfo else None
