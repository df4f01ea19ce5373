"""The chain: each row's hash covers its predecessor, so an edit, a deletion, a swap or an insertion is found.

row hash = SHA-256("at-audit-1" || predecessor's hash || canonical fields), where the fields include the row's chain
position and the SHA-256 of the exact body. What a chain alone cannot show is a cut tail: the rows that are left still
fit together. Only a *checkpoint* (size and head, kept somewhere else) finds that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from at_obs.audit.record import AuditRecord, digest

__all__ = [
    "GENESIS",
    "Break",
    "ChainRow",
    "Checkpoint",
    "Gap",
    "Reason",
    "Verdict",
    "row_hash",
    "seal",
    "verify",
]

GENESIS: Final = "0" * 64
"""What the first row names as its predecessor's hash."""

_DOMAIN: Final = b"at-audit-1"
_ENCODE: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False).encode

Reason = Literal[
    "ROW_MISSING", "ROW_ALTERED", "LINK_BROKEN", "SEQUENCE_MISSING", "SEQUENCE_REPEATED", "LATE_WITHOUT_GAP",
    "CHECKPOINT_MISMATCH", "TAIL_CUT", "FILE_DAMAGED",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainRow:
    """A record in its place in the chain. ``position`` counts rows from 1 without a hole."""

    position: int
    record: AuditRecord
    body_digest: str
    previous_hash: str
    row_hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain as it was once: so many rows, ending in this hash. Worth something only when kept elsewhere."""

    position: int
    head: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Journal positions that never came, as the chain itself declares."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the chain does not hold."""

    position: int
    sequence: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. ``broken`` None means that every row up to ``position`` holds."""

    position: int
    sequence: int
    head: str
    gaps: tuple[Gap, ...] = ()
    late: int = 0
    undecodable: int = 0
    broken: Break | None = None

    @property
    def ok(self) -> bool:
        """Whether the whole chain holds."""
        return self.broken is None

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint to keep elsewhere."""
        return Checkpoint(self.position, self.head)


def row_hash(record: AuditRecord, position: int, previous_hash: str, body_digest: str) -> str:
    """Return the hash of ``record`` at ``position`` behind ``previous_hash``; ``body_digest`` stands for its body."""
    fields = (
        position, record.sequence, record.sequence_last, record.kind, record.late, record.subject, record.stored_at,
        record.source_stream, record.source_sequence, record.event_id, record.event_type, record.schema_version,
        record.timestamp, record.component, record.correlation_id, record.causation_id, record.account,
        record.decision, record.risk_checks, record.references, record.input_hash, record.problem, record.headers,
        body_digest,
    )  # fmt: skip
    canonical = _ENCODE(fields).encode("ascii")
    return hashlib.sha256(_DOMAIN + previous_hash.encode("ascii", "replace") + canonical).hexdigest()


def seal(record: AuditRecord, position: int, previous_hash: str) -> ChainRow:
    """Return ``record`` as the row at ``position``."""
    body_digest = digest(record.body)
    return ChainRow(
        position, record, body_digest, previous_hash, row_hash(record, position, previous_hash, body_digest)
    )


@dataclass(slots=True)
class _Walk:
    """How far a verification has come."""

    position: int = 0
    sequence: int = 0
    head: str = GENESIS
    gaps: list[Gap] = field(default_factory=list)
    late: set[int] = field(default_factory=set)
    undecodable: int = 0

    def verdict(self, broken: Break | None = None) -> Verdict:
        return Verdict(
            self.position,
            self.sequence,
            self.head,
            tuple(self.gaps),
            len(self.late),
            self.undecodable,
            broken,
        )


def verify(rows: Iterable[ChainRow], checkpoint: Checkpoint | None = None) -> Verdict:
    """Check every row in chain order, once; stop at the first that does not hold.

    With a ``checkpoint`` the row at its position must carry its hash, and the chain must not be shorter.
    """
    walk = _Walk()
    for row in rows:
        broken = (
            _link_problem(row, walk) or _sequence_problem(row, walk) or _checkpoint_problem(row, checkpoint)
        )
        if broken is not None:
            return walk.verdict(broken)
        _advance(row, walk)
    if checkpoint is not None and walk.position < checkpoint.position:
        detail = f"the checkpoint saw {checkpoint.position} rows, {walk.position} are left"
        return walk.verdict(Break(walk.position + 1, walk.sequence + 1, "TAIL_CUT", detail))
    return walk.verdict()


def _link_problem(row: ChainRow, walk: _Walk) -> Break | None:
    """Check that the row stands next, on its predecessor, with the content it was sealed with."""
    expected = walk.position + 1
    if row.position != expected:
        detail = f"expected row {expected}, found row {row.position}"
        return Break(expected, walk.sequence + 1, "ROW_MISSING", detail)
    if row.body_digest != digest(row.record.body):
        return Break(expected, row.record.sequence, "ROW_ALTERED", "its body does not give its body digest")
    if row.row_hash != row_hash(row.record, row.position, row.previous_hash, row.body_digest):
        return Break(expected, row.record.sequence, "ROW_ALTERED", "its content does not give its hash")
    if row.previous_hash != walk.head:
        return Break(expected, row.record.sequence, "LINK_BROKEN", "it was sealed behind another row")
    return None


def _sequence_problem(row: ChainRow, walk: _Walk) -> Break | None:
    """Check that the row continues the journal, or fills a declared gap once."""
    record = row.record
    if record.late:
        inside = any(gap.first <= record.sequence <= gap.last for gap in walk.gaps)
        if inside and record.sequence not in walk.late:
            return None
        detail = "a late row that no declared gap explains"
        return Break(row.position, record.sequence, "LATE_WITHOUT_GAP", detail)
    if record.sequence == walk.sequence + 1:
        return None
    if record.sequence <= walk.sequence:
        detail = f"journal position {record.sequence} again, after {walk.sequence}"
        return Break(row.position, record.sequence, "SEQUENCE_REPEATED", detail)
    detail = (
        f"journal positions {walk.sequence + 1} to {record.sequence - 1} are missing and no gap is declared"
    )
    return Break(row.position, walk.sequence + 1, "SEQUENCE_MISSING", detail)


def _checkpoint_problem(row: ChainRow, checkpoint: Checkpoint | None) -> Break | None:
    if checkpoint is None or row.position != checkpoint.position or row.row_hash == checkpoint.head:
        return None
    detail = "the chain was rewritten: at the checkpoint's position it has another hash"
    return Break(row.position, row.record.sequence, "CHECKPOINT_MISMATCH", detail)


def _advance(row: ChainRow, walk: _Walk) -> None:
    record = row.record
    walk.position = row.position
    walk.head = row.row_hash
    walk.undecodable += record.kind == "UNDECODABLE"
    if record.late:
        walk.late.add(record.sequence)
        return
    walk.sequence = record.sequence_last
    if record.kind == "GAP":
        walk.gaps.append(Gap(record.sequence, record.sequence_last))
