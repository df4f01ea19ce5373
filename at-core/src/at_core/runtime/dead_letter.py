"""Dead letters: messages no retry can make valid, kept with their reason and their exact bytes."""

from __future__ import annotations

import base64
import json
import re

from at_core.events.subjects import encode_key
from at_core.runtime.bus import Incoming, Outgoing, Stored
from at_core.topology.patterns import matches
from at_core.topology.streams import DEAD_LETTER_HEAD

__all__ = ["REQUEUED", "dead_letter", "is_requeue_marker", "requeue_marker"]

REQUEUED = "REQUEUED"
"""Stands where a dead letter has its code: a marker that a letter's message was put back. It is no dead letter."""


_DETAIL_MAX = 500
_BODY_MAX = 192 * 1024
_TOKEN = re.compile(r"[^A-Z0-9_]")


def dead_letter(role: str, durable: str, message: Incoming, code: str, detail: str) -> Outgoing:
    """Return the transport record for ``message``. The same message, durable and attempt give the same id."""
    record = {
        "role": role,
        "durable": durable,
        "code": code,
        "detail": detail[:_DETAIL_MAX],
        "stream": message.stream,
        "sequence": message.sequence,
        "subject": message.subject,
        "deliveries": message.deliveries,
        "headers": {name: value for name, value in message.headers.items() if name.lower() != "at-sig"},
        "body_base64": base64.b64encode(message.body[:_BODY_MAX]).decode(),
        "body_size": len(message.body),
    }
    subject = f"{DEAD_LETTER_HEAD}.{role}.{encode_key(durable)}.{_TOKEN.sub('_', code.upper())}"
    message_id = f"dlq.{message.stream}.{message.sequence}.{durable}"
    return Outgoing(subject, json.dumps(record).encode(), {"Nats-Msg-Id": message_id})


def requeue_marker(
    producer: str, durable: str, letter: int, attempt: int, stored: Stored, reason: str
) -> Outgoing:
    """Return the record that ``letter`` (its sequence in the DLQ) was put back as ``stored`` by ``producer``'s key."""
    record = {
        "dead_letter": letter,
        "attempt": attempt,
        "stream": stored.stream,
        "sequence": stored.sequence,
        "reason": reason[:_DETAIL_MAX],
    }
    subject = f"{DEAD_LETTER_HEAD}.{producer}.{encode_key(durable)}.{REQUEUED}"
    return Outgoing(subject, json.dumps(record).encode(), {"Nats-Msg-Id": f"requeued.{letter}.{attempt}"})


def is_requeue_marker(subject: str) -> bool:
    """Whether what lies on ``subject`` says that a letter was put back."""
    return matches(f"{DEAD_LETTER_HEAD}.*.*.{REQUEUED}", subject)
