"""The SQLite side of the audit file: tables, the triggers that refuse changes, and the documented view."""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["APPLICATION_ID", "COLUMNS", "SCHEMA", "SCHEMA_VERSION", "only_append"]

APPLICATION_ID: Final = 0x41544155
"""``ATAU``: marks the file as an audit file of this platform."""

SCHEMA_VERSION: Final = 1

COLUMNS: Final = (
    "position", "sequence", "sequence_last", "kind", "late", "subject", "stored_at", "source_stream",
    "source_sequence", "event_id", "event_type", "schema_version", "timestamp", "component", "correlation_id",
    "causation_id", "account", "decision", "risk_checks", "references", "input_hash", "problem", "headers", "body",
    "body_digest", "previous_hash", "row_hash",
)  # fmt: skip

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS audit (
    position INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    sequence_last INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('EVENT', 'UNDECODABLE', 'GAP')),
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    subject TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    source_stream TEXT NOT NULL,
    source_sequence INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    component TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id TEXT NOT NULL,
    account TEXT NOT NULL,
    decision TEXT NOT NULL,
    risk_checks TEXT NOT NULL,
    "references" TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    problem TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    body_digest TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    row_hash TEXT NOT NULL
) STRICT;

-- One row per journal position, for ever; a gap row only stands for positions that never came.
CREATE UNIQUE INDEX IF NOT EXISTS audit_sequence ON audit (sequence) WHERE kind <> 'GAP';
CREATE INDEX IF NOT EXISTS audit_correlation ON audit (correlation_id) WHERE correlation_id <> '';
CREATE INDEX IF NOT EXISTS audit_event ON audit (event_id) WHERE event_id <> '';
CREATE INDEX IF NOT EXISTS audit_gaps ON audit (position) WHERE kind = 'GAP';

CREATE TRIGGER IF NOT EXISTS audit_never_updated BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: rows are never updated'); END;

CREATE TRIGGER IF NOT EXISTS audit_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: rows are never deleted'); END;

-- INSERT OR REPLACE deletes without firing delete triggers, so what would be replaced is refused before it happens.
CREATE TRIGGER IF NOT EXISTS audit_only_extended BEFORE INSERT ON audit
WHEN NEW.position <> coalesce((SELECT max(position) FROM audit), 0) + 1
  OR NEW.previous_hash <> coalesce(
        (SELECT row_hash FROM audit ORDER BY position DESC LIMIT 1),
        '0000000000000000000000000000000000000000000000000000000000000000')
  OR (NEW.kind <> 'GAP'
      AND EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence AND kind <> 'GAP'))
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: this row does not extend the chain'); END;

-- Messages behind a hole wait here, durable, because they are acknowledged; the chain takes them in order.
CREATE TABLE IF NOT EXISTS parked (
    sequence INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    headers TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    body BLOB NOT NULL,
    body_digest TEXT NOT NULL
) STRICT;

-- The seven documented columns and no other.
CREATE VIEW IF NOT EXISTS audit_log AS
SELECT timestamp, correlation_id, component, input_hash, decision, risk_checks, "references"
FROM audit ORDER BY position;
"""

_READS: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_WRITES: Final = frozenset(
    {(sqlite3.SQLITE_INSERT, "audit"), (sqlite3.SQLITE_INSERT, "parked"), (sqlite3.SQLITE_DELETE, "parked")}
)


def only_append(
    action: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    """Authorizer of the writing connection: reads, appends, and releasing parked messages; nothing else at all.

    It holds against our own code: no statement that would change, drop or alter can even be prepared.
    """
    del second, database, trigger
    if action in _READS or (action, first) in _WRITES:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
