"""The audit store on SQLite: one file, write-ahead log, synced at every commit, append-only by trigger and by grant."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from at_core.errors import ConfigurationError
from at_core.events.envelope import format_utc
from at_core.runtime.bus import Incoming
from at_obs.audit.chain import GENESIS, ChainRow
from at_obs.audit.record import AuditRecord, digest
from at_obs.audit.sqlite_schema import APPLICATION_ID, COLUMNS, SCHEMA, SCHEMA_VERSION, only_append
from at_obs.audit.store import AuditConflict, AuditUnavailable, Head, Parked

__all__ = ["SqliteAuditReader", "SqliteAuditStore"]

_JOURNAL: Final = "JOURNAL"
_NAMES: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_ALL: Final = f"SELECT {_NAMES} FROM audit"  # noqa: S608 - the names are constants of the schema
_INSERT: Final = f"INSERT INTO audit ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - the same
_BUSY_SECONDS: Final = 5.0


class SqliteAuditReader:
    """Reads an audit file without the right to write, also while a service appends to it.

    Raises ConfigurationError when the path holds no audit file, AuditUnavailable when it cannot be read now.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ConfigurationError(
                f"no audit file at {path}; name the file that the service's audit_file names"
            )
        with _translated():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
            )
            self._check(path)
            self._connection.execute("BEGIN")

    def _check(self, path: Path) -> None:
        try:
            found = self._connection.execute("PRAGMA application_id").fetchone()[0]
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ConfigurationError(f"{path} is no SQLite file: {error}") from error
        if (found, version) != (APPLICATION_ID, SCHEMA_VERSION):
            self._connection.close()
            raise ConfigurationError(
                f"{path} is no audit file of version {SCHEMA_VERSION} (marks {found:#x}, version {version})"
            )

    def head(self) -> Head:
        """Return the end of the chain."""
        return _head(self._connection)

    def rows(self) -> Iterator[ChainRow]:
        """Return every row in chain order, from one snapshot."""
        yield from _rows(self._connection, f"{_ALL} ORDER BY position")

    def rows_of(self, correlation_id: str) -> Sequence[ChainRow]:
        """Return the rows of one flow in chain order."""
        where = "correlation_id = ? AND correlation_id <> '' ORDER BY position"
        return list(_rows(self._connection, f"{_ALL} WHERE {where}", correlation_id))

    def row_of_event(self, event_id: str) -> ChainRow | None:
        """Return the row of one event; None when it is not recorded."""
        where = "event_id = ? AND event_id <> '' LIMIT 1"
        return next(iter(_rows(self._connection, f"{_ALL} WHERE {where}", event_id)), None)

    def tail(self, limit: int) -> Sequence[ChainRow]:
        """Return the newest ``limit`` rows in chain order."""
        return list(_rows(self._connection, f"{_ALL} ORDER BY position DESC LIMIT ?", limit))[::-1]

    def parked(self) -> Sequence[Parked]:
        """Return what waits behind a hole, in journal order."""
        with _translated():
            found = self._connection.execute(
                "SELECT sequence, body_digest FROM parked ORDER BY sequence"
            ).fetchall()
        return [Parked(*row) for row in found]

    def parked_messages(self, first: int, last: int) -> Sequence[Incoming]:
        """Return the parked messages from journal position ``first`` to ``last``."""
        select = "SELECT sequence, subject, headers, stored_at, body FROM parked"
        with _translated():
            found = self._connection.execute(
                f"{select} WHERE sequence BETWEEN ? AND ? ORDER BY sequence", (first, last)
            ).fetchall()
        return [_message(row) for row in found]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SqliteAuditStore(SqliteAuditReader):
    """The one writer of an audit file. ``path`` None keeps it in memory, for tests and simulation."""

    def __init__(self, path: Path | None) -> None:
        with _translated():
            if path is not None:
                # Audit rows name accounts and sizes: nobody but the service's user reads them.
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                str(path) if path else ":memory:", isolation_level=None, timeout=_BUSY_SECONDS
            )
            try:
                self._prepare(path)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, path: Path | None) -> None:
        run = self._connection.execute
        try:
            new = not run("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"{path} is no SQLite file: {error}; audit_file must name a file of its own"
            ) from error
        if new:
            run(f"PRAGMA application_id = {APPLICATION_ID}")
            run(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif path is not None:
            self._check(path)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA recursive_triggers = ON")
        self._connection.executescript(SCHEMA)
        self._connection.set_authorizer(only_append)

    def body_digest_at(self, sequence: int) -> str | None:
        """Return the body digest of the row at a journal position; None when no message was recorded there."""
        return self._one("SELECT body_digest FROM audit WHERE sequence = ? AND kind <> 'GAP'", sequence)

    def body_digest_of(self, event_id: str) -> str | None:
        """Return the body digest of a recorded event; None when it is not recorded."""
        return self._one(
            "SELECT body_digest FROM audit WHERE event_id = ? AND event_id <> '' LIMIT 1", event_id
        )

    def append(self, rows: Sequence[ChainRow], park: Sequence[Incoming], unpark: Sequence[int]) -> None:
        """Append, park and release in one transaction that is on disk when this returns."""
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, (_values(row) for row in rows))
                self._connection.executemany(
                    "INSERT INTO parked (sequence, subject, headers, stored_at, body, body_digest)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (_parked_values(message) for message in park),
                )
                self._connection.executemany("DELETE FROM parked WHERE sequence = ?", ((n,) for n in unpark))
                self._connection.execute("COMMIT")
            except BaseException:
                # A failed commit may have ended the transaction by itself.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _one(self, sql: str, value: object) -> str | None:
        with _translated():
            row = self._connection.execute(sql, (value,)).fetchone()
        return None if row is None else str(row[0])


@contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLite's errors into the port's: the world's, or a chain that does not fit."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise AuditConflict(f"the audit file refused the append: {error}") from error
    except sqlite3.Error as error:
        raise AuditUnavailable(f"audit file: {error}") from error
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the audit file: {error}; check audit_file and its folder"
        ) from error


def _head(connection: sqlite3.Connection) -> Head:
    with _translated():
        last = connection.execute(
            "SELECT position, row_hash FROM audit ORDER BY position DESC LIMIT 1"
        ).fetchone()
        if last is None:
            return Head(row_hash=GENESIS)
        # Late rows repeat lower positions; the newest row that is not late says how far the journal is covered.
        covered = connection.execute(
            "SELECT sequence_last FROM audit WHERE late = 0 ORDER BY position DESC LIMIT 1"
        ).fetchone()
        gaps = connection.execute("SELECT count(*) FROM audit WHERE kind = 'GAP'").fetchone()[0]
    return Head(position=last[0], sequence=covered[0] if covered else 0, row_hash=last[1], gaps=gaps)


def _rows(connection: sqlite3.Connection, sql: str, *values: object) -> Iterator[ChainRow]:
    with _translated():
        for row in connection.execute(sql, values):
            yield _chain_row(row)


def _chain_row(row: tuple[Any, ...]) -> ChainRow:
    # Column order is COLUMNS: position, then the record's fields in their own order, then digest and hashes.
    fields = (*row[1:4], bool(row[4]), *row[5:-3])
    return ChainRow(row[0], AuditRecord(*fields), *row[-3:])


def _values(row: ChainRow) -> tuple[object, ...]:
    r = row.record
    return (
        row.position, r.sequence, r.sequence_last, r.kind, int(r.late), r.subject, r.stored_at, r.source_stream,
        r.source_sequence, r.event_id, r.event_type, r.schema_version, r.timestamp, r.component, r.correlation_id,
        r.causation_id, r.account, r.decision, r.risk_checks, r.references, r.input_hash, r.problem, r.headers, r.body,
        row.body_digest, row.previous_hash, row.row_hash,
    )  # fmt: skip


def _parked_values(message: Incoming) -> tuple[object, ...]:
    headers = json.dumps(dict(message.headers))
    body = message.body
    return message.sequence, message.subject, headers, format_utc(message.stored_at), body, digest(body)


def _message(row: tuple[Any, ...]) -> Incoming:
    sequence, subject, headers, stored_at, body = row
    return Incoming(
        subject=subject,
        body=body,
        headers=json.loads(headers),
        stream=_JOURNAL,
        sequence=sequence,
        consumer_sequence=0,
        deliveries=1,
        pending=0,
        stored_at=datetime.fromisoformat(stored_at),
    )
