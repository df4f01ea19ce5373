"""Subjects: computed from an event's type, major and keys; reversible; never joined by hand.

Grammar: ``[prefix.]<type>.v<major>.<key>...``. A key keeps letters, digits, ``_`` and ``-``; every other byte of its
UTF-8 form becomes ``=HH``, so ``BTC/USDT`` is ``BTC=2FUSDT`` and can be read back.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from at_core.events.envelope import Event

__all__ = ["decode_key", "encode_key", "message_id", "subject_of", "subjects_of_type", "type_and_major"]

_SAFE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPE: Final = re.compile(r"=([0-9A-F]{2})")
_SUBJECT: Final = re.compile(r"([a-z]+(?:\.[a-z_]+){1,2})\.v(\d+)\.[^.]")
ABSENT: Final = "="
"""The token of a key that is None (an event without an account). A lone ``=`` encodes no text."""


@lru_cache(maxsize=4096)
def encode_key(value: str | None) -> str:
    """Return ``value`` as one subject token."""
    if not value:
        return ABSENT
    if _TOKEN.fullmatch(value):
        return value
    return "".join(chr(byte) if byte in _SAFE else f"={byte:02X}" for byte in value.encode())


def decode_key(token: str) -> str | None:
    """Return the value that ``encode_key`` made ``token`` from; raise ValueError when it made no such token."""
    if token == ABSENT:
        return None
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), token)
    value = raw.encode("latin-1").decode()
    if encode_key(value) != token:
        raise ValueError(f"{token!r} is no encoded key")
    return value


def subject_of(event: Event, prefix: str = "", major: int | None = None) -> str:
    """Return the subject ``event`` is published on, in its newest form or rendered as an older ``major``."""
    subject = f"{event.type}.v{major or event.major()}"
    if prefix:
        subject = f"{prefix}.{subject}"
    for name in event.KEYS:
        value = getattr(event, name)
        subject += "." + encode_key(value if value is None or type(value) is str else str(value))
    return subject


def subjects_of_type(event_type: str, major: int | None = None, prefix: str = "") -> str:
    """Return the wildcard that matches all subjects of a type (of one major, or of all)."""
    head = f"{prefix}.{event_type}" if prefix else event_type
    return f"{head}.>" if major is None else f"{head}.v{major}.>"


def type_and_major(subject: str, prefix: str = "") -> tuple[str, int]:
    """Return type and major of a subject; raise ValueError when it follows another grammar."""
    text = subject.removeprefix(f"{prefix}.") if prefix else subject
    # The head ends with the first part that begins with a v, unless that is a part of the type.
    end = text.find(".", text.find(".v") + 2)
    head = _head(text[:end]) if end > 0 and text[end + 1 : end + 2] not in ("", ".") else None
    if head is None:
        match = _SUBJECT.match(text)
        if match is None:
            raise ValueError(f"{subject!r} is no event subject")
        head = match[1], int(match[2])
    return head


@lru_cache(maxsize=256)
def _head(text: str) -> tuple[str, int] | None:
    """Return type and major of the part of a subject before its keys; there are few of them, so they are kept."""
    match = _SUBJECT.fullmatch(f"{text}.k")
    return (match[1], int(match[2])) if match else None


def message_id(event: Event, major: int | None = None) -> str:
    """Return the ``Nats-Msg-Id``: the major keeps two renderings of one event apart."""
    return f"{event.event_id}.v{major or event.major()}"
