"""Live versions: what running services say they read and write, and whether a major may be emitted yet.

Every process announces itself under a key of its own in the bucket ``contracts`` (stream ``KV_contracts``). An
announcement lives as long as it is renewed; a process that stops in order takes it back with a delete marker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "ANNOUNCEMENT_BYTES_MAX",
    "HINTS",
    "REMOVED_HEADERS",
    "Announcement",
    "Bucket",
    "Laggard",
    "LiveCode",
    "Unreadable",
    "Verdict",
    "announcement_subject",
    "can_emit",
    "decode_announcement",
    "encode_announcement",
    "read_bucket",
]

ANNOUNCEMENT_BYTES_MAX = 64 * 1024
REMOVED_HEADERS: Mapping[str, str] = {"KV-Operation": "DEL"}
"""Headers of the marker that takes an announcement back, as key-value clients write and read it."""

_HEAD = "$KV.contracts"
_Type = Annotated[str, Field(min_length=1, max_length=120)]
_Text = Annotated[str, Field(min_length=1, max_length=80)]
_Major = Annotated[int, Field(ge=1, le=10_000)]
_Majors = Annotated[tuple[_Major, ...], Field(max_length=100)]


class Announcement(BaseModel):
    """What one process says of itself. Unknown fields are ignored: a newer process may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: _Text
    instance: _Text
    member: _Text
    member_version: _Text
    at_core_version: _Text
    started_at: AwareDatetime
    reads: Annotated[dict[_Type, _Majors], Field(max_length=1000)]
    """Every event type its durables deliver, with the majors it decodes."""
    writes: Annotated[dict[_Type, _Major], Field(max_length=1000)]
    """Every event type it may emit, with the major it emits."""

    @property
    def name(self) -> str:
        """Who it is, for people: ``gate/1 (at-exec-sim 0.3.0)``."""
        return f"{self.role}/{self.instance} ({self.member} {self.member_version})"


def announcement_subject(role: str, instance: str) -> str:
    """Return the one subject on which this process announces itself."""
    return f"{_HEAD}.{role}.{instance}"


def encode_announcement(announcement: Announcement) -> bytes:
    """Return the body; raise ValueError when it is larger than a reader takes."""
    body = announcement.model_dump_json().encode()
    if len(body) > ANNOUNCEMENT_BYTES_MAX:
        raise ValueError(f"an announcement of {len(body)} bytes; the bound is {ANNOUNCEMENT_BYTES_MAX}")
    return body


def decode_announcement(subject: str, body: bytes) -> Announcement:
    """Return the announcement stored on ``subject``; raise ValueError, in a sentence, when it is none.

    The subject is what the server let the sender write, so a body that speaks for somebody else is refused.
    """
    if len(body) > ANNOUNCEMENT_BYTES_MAX:
        raise ValueError(f"{subject}: {len(body)} bytes; the bound is {ANNOUNCEMENT_BYTES_MAX}")
    try:
        found = Announcement.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise ValueError(f"{subject}: {place}: {first['msg']}") from error
    if announcement_subject(found.role, found.instance) != subject:
        raise ValueError(f"{subject}: the body speaks for {found.role}/{found.instance}")
    return found


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something stands under a process's key that this build cannot read."""

    role: str
    instance: str
    detail: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the bucket holds: the announcements in force, and what could not be read."""

    announcements: tuple[Announcement, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def read_bucket(messages: Iterable[tuple[str, Mapping[str, str], bytes]]) -> Bucket:
    """Return what the stored messages (subject, headers, body), oldest first, say in the end.

    The last message of a subject counts; one with a delete marker removes it.
    """
    last: dict[str, bytes] = {}
    for subject, headers, body in messages:
        last.pop(subject, None)
        if headers.get("KV-Operation", "PUT").upper() == "PUT":
            last[subject] = body
    announcements: list[Announcement] = []
    unreadable: list[Unreadable] = []
    for subject, body in sorted(last.items()):
        try:
            announcements.append(decode_announcement(subject, body))
        except ValueError as error:
            role, _, instance = subject.removeprefix(f"{_HEAD}.").partition(".")
            unreadable.append(Unreadable(role, instance, str(error)))
    return Bucket(tuple(announcements), tuple(unreadable))


class LiveCode(StrEnum):
    """Why a verdict is what it is."""

    READ_BY_ALL = "READ_BY_ALL"
    READ_BY_NOBODY = "READ_BY_NOBODY"
    READER_BEHIND = "READER_BEHIND"
    READER_UNREADABLE = "READER_UNREADABLE"
    NEVER_ANNOUNCED = "NEVER_ANNOUNCED"


HINTS: Mapping[LiveCode, str] = {
    LiveCode.READ_BY_ALL: "every expected reader is announced and reads it",
    LiveCode.READ_BY_NOBODY: "no durable delivers this type, so nobody can be left behind",
    LiveCode.READER_BEHIND: "upgrade the named readers first, or run the bridge for them; until then keep emit_major",
    LiveCode.READER_UNREADABLE: "its announcement cannot be read; look with `at-core live`, and upgrade this command",
    LiveCode.NEVER_ANNOUNCED: "start the named readers on a build that reads it; one that runs announces itself",
}
"""What to do, one sentence per code."""


@dataclass(frozen=True, slots=True)
class Laggard:
    """A live process that does not read the major."""

    role: str
    instance: str
    member: str
    member_version: str
    reads: tuple[int, ...]
    """The majors of the type it reads; empty when it does not know the type."""

    def __str__(self) -> str:
        majors = ", ".join(f"v{major}" for major in self.reads) or "none of it"
        return f"{self.role}/{self.instance} ({self.member} {self.member_version}) reads {majors}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "may this major be emitted?"."""

    type: str
    major: int
    answer: Literal["yes", "no", "unknown"]
    code: LiveCode
    laggards: tuple[Laggard, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    missing: tuple[str, ...] = ()
    """Expected roles of which no process is announced."""

    @property
    def hint(self) -> str:
        """What to do about it."""
        return HINTS[self.code]


def can_emit(event_type: str, major: int, bucket: Bucket, expected_readers: Iterable[str]) -> Verdict:
    """Judge whether ``major`` of ``event_type`` may be emitted while these processes run.

    ``no``: a live reader does not read it. ``unknown``: an expected role has no announced process, or one whose
    announcement cannot be read. ``yes``: neither. A role is a reader when it is expected to be one or says so itself.
    """
    expected = tuple(dict.fromkeys(expected_readers))
    readers = [one for one in bucket.announcements if one.role in expected or event_type in one.reads]
    laggards = tuple(
        Laggard(one.role, one.instance, one.member, one.member_version, one.reads.get(event_type, ()))
        for one in readers
        if major not in one.reads.get(event_type, ())
    )
    unreadable = tuple(one for one in bucket.unreadable if one.role in expected)
    known = {one.role for one in readers} | {one.role for one in unreadable}
    missing = tuple(role for role in expected if role not in known)
    answer, code = _answer(bool(readers), bool(laggards), bool(unreadable), bool(missing))
    return Verdict(event_type, major, answer, code, laggards, unreadable, missing)


def _answer(
    readers: bool, laggards: bool, unreadable: bool, missing: bool
) -> tuple[Literal["yes", "no", "unknown"], LiveCode]:
    if laggards:
        return "no", LiveCode.READER_BEHIND
    if unreadable:
        return "unknown", LiveCode.READER_UNREADABLE
    if missing:
        return "unknown", LiveCode.NEVER_ANNOUNCED
    return "yes", LiveCode.READ_BY_ALL if readers else LiveCode.READ_BY_NOBODY
