from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from obs_world import T0, Flow, a_command, chain_of, journal, signals

from at_core.errors import ConfigurationError
from at_obs.audit.chain import ChainRow, seal, verify
from at_obs.audit.record import gap_record
from at_obs.audit.recorder import Recorder
from at_obs.audit.sqlite_schema import COLUMNS
from at_obs.audit.sqlite_store import SqliteAuditReader, SqliteAuditStore
from at_obs.audit.store import AuditConflict, AuditUnavailable, Head

ROWS = chain_of(signals(6))


def outside(path: Path) -> sqlite3.Connection:
    """What a person with the file and without our code can open."""
    return sqlite3.connect(path, isolation_level=None)


def test_rows_come_back_exactly_as_they_were_sealed(store: SqliteAuditStore) -> None:
    rows = chain_of(journal([*Flow().whole(), a_command()]))
    store.append(rows, [], [])
    assert list(store.rows()) == rows
    assert list(store.rows_of(Flow().correlation_id)) == rows[:-1]
    assert list(store.tail(3)) == rows[-3:]


def test_the_head_is_that_of_the_last_row_and_empty_before(store: SqliteAuditStore) -> None:
    assert store.head() == Head()
    store.append(ROWS[:4], [], [])
    assert store.head() == Head(4, 4, ROWS[3].row_hash, 0)


def test_the_head_covers_the_end_of_a_gap(store: SqliteAuditStore) -> None:
    gap = seal(gap_record(1, 7, T0, "gone"), 1, "0" * 64)
    store.append([gap], [], [])
    assert store.head() == Head(1, 7, gap.row_hash, 1)


def test_digests_are_found_by_position_and_by_event(store: SqliteAuditStore) -> None:
    store.append(ROWS, [], [])
    assert store.body_digest_at(3) == ROWS[2].body_digest
    assert store.body_digest_of(ROWS[2].record.event_id) == ROWS[2].body_digest
    assert store.body_digest_at(99) is None
    assert store.body_digest_of("nobody") is None


def test_the_file_is_durable_by_pragma_and_private_by_mode(store: SqliteAuditStore, audit_file: Path) -> None:
    run = store._connection.execute
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        run("PRAGMA synchronous = OFF")
    assert stat.S_IMODE(audit_file.stat().st_mode) == 0o600
    connection = outside(audit_file)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_the_writer_syncs_fully(audit_file: Path) -> None:
    class Open(SqliteAuditStore):
        def _prepare(self, path: Path | None) -> None:
            super()._prepare(path)
            self._connection.set_authorizer(None)

    opened = Open(audit_file)
    assert opened._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    opened.close()


FORBIDDEN = [
    "UPDATE audit SET decision = 'APPROVED'",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE position = 3",
    "DROP TABLE audit",
    "DROP TRIGGER audit_never_updated",
    "DROP VIEW audit_log",
    "DROP INDEX audit_sequence",
    "ALTER TABLE audit RENAME TO gone",
    "ALTER TABLE audit ADD COLUMN more TEXT",
    "UPDATE parked SET body = x'00'",
    "CREATE TABLE other (x)",
    "CREATE TRIGGER evil AFTER INSERT ON parked BEGIN DELETE FROM parked; END",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "ATTACH ':memory:' AS other",
    "REINDEX",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_writing_connection_cannot_even_prepare(store: SqliteAuditStore, statement: str) -> None:
    store.append(ROWS, [], [])
    with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited"):
        store._connection.execute(statement)
    assert verify(store.rows()).position == 6


def replaced(row: ChainRow) -> tuple[str, tuple[object, ...]]:
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    return names, (row.position, *(getattr(row.record, name) for name in COLUMNS[1:-3]), row.body_digest,
                   row.previous_hash, row.row_hash)  # fmt: skip


TRIGGERED = [
    "UPDATE audit SET decision = 'APPROVED' WHERE position = 2",
    "UPDATE OR REPLACE audit SET position = 3 WHERE position = 2",
    "DELETE FROM audit WHERE position = 6",
    "INSERT INTO audit SELECT * FROM audit WHERE position = 3",
    "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE position = 3",
    "REPLACE INTO audit SELECT * FROM audit WHERE position = 6",
]


@pytest.mark.parametrize("statement", TRIGGERED)
@pytest.mark.parametrize("recursive", [False, True])
def test_triggers_refuse_changes_from_any_connection(
    store: SqliteAuditStore, audit_file: Path, statement: str, recursive: bool
) -> None:
    store.append(ROWS, [], [])
    connection = outside(audit_file)
    connection.execute(f"PRAGMA recursive_triggers = {recursive:d}")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert verify(store.rows()).position == 6


def test_a_replacement_that_pretends_to_extend_the_chain_is_refused(
    store: SqliteAuditStore, audit_file: Path
) -> None:
    store.append(ROWS, [], [])
    names, values = replaced(seal(ROWS[2].record, 7, ROWS[5].row_hash))
    connection = outside(audit_file)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(
            f"INSERT OR REPLACE INTO audit ({names}) VALUES ({', '.join('?' * len(values))})", values
        )
    connection.close()


def test_rows_that_do_not_continue_the_chain_are_a_conflict_and_leave_nothing(
    store: SqliteAuditStore,
) -> None:
    with pytest.raises(AuditConflict):
        store.append([ROWS[0], ROWS[2]], [], [])
    assert list(store.rows()) == []


def test_a_batch_is_one_transaction_parking_included(store: SqliteAuditStore) -> None:
    entries = signals(6)
    with pytest.raises(AuditConflict):
        store.append(ROWS[:2], [entries[4], entries[4]], [])
    assert (list(store.rows()), store.parked()) == ([], [])
    store.append(ROWS[:2], [entries[4]], [])
    store.append([], [], [5])
    assert (len(list(store.rows())), store.parked()) == (2, [])


def test_the_view_has_exactly_the_documented_columns(store: SqliteAuditStore, audit_file: Path) -> None:
    store.append(chain_of(journal(Flow().whole())), [], [])
    connection = outside(audit_file)
    found = connection.execute("SELECT * FROM audit_log")
    assert [column[0] for column in found.description] == [
        "timestamp", "correlation_id", "component", "input_hash", "decision", "risk_checks", "references",
    ]  # fmt: skip
    ruling = found.fetchall()[3]
    assert ruling[2] == "at-x/gate-1"
    assert ruling[4:6] == ("APPROVED", '{"KILL_SWITCH":"PASS","NOTIONAL_TOO_LARGE":"PASS"}')
    connection.close()


def test_the_reader_sees_what_the_running_writer_appended_and_keeps_one_snapshot(
    store: SqliteAuditStore, audit_file: Path
) -> None:
    store.append(ROWS[:3], [], [])
    reader = SqliteAuditReader(audit_file)
    walk = reader.rows()
    first = next(walk)
    store.append(ROWS[3:], [], [])
    assert [first.position, *(row.position for row in walk)] == [1, 2, 3]
    assert reader.head().position == 3
    reader.close()


def test_the_reader_cannot_write(store: SqliteAuditStore, audit_file: Path) -> None:
    reader = SqliteAuditReader(audit_file)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("INSERT INTO parked VALUES (1, '', '', '', x'', '')")
    reader.close()


def test_a_missing_or_foreign_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no audit file at"):
        SqliteAuditReader(tmp_path / "none.db")
    text = tmp_path / "text.db"
    text.write_text("not a database, just words " * 100)
    for opened in (SqliteAuditReader, SqliteAuditStore):
        with pytest.raises(ConfigurationError, match="no SQLite file"):
            opened(text)
    other = tmp_path / "other.db"
    connection = outside(other)
    connection.execute("CREATE TABLE x (y)")
    connection.close()
    for opened in (SqliteAuditReader, SqliteAuditStore):
        with pytest.raises(ConfigurationError, match="no audit file of version 1"):
            opened(other)


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("x")
    with pytest.raises(ConfigurationError, match="audit_file"):
        SqliteAuditStore(blocker / "audit.db")


def test_a_locked_file_is_the_worlds_fault_and_passes(store: SqliteAuditStore, audit_file: Path) -> None:
    store._connection.execute("BEGIN IMMEDIATE")
    second = SqliteAuditStore.__new__(SqliteAuditStore)
    second._connection = sqlite3.connect(audit_file, isolation_level=None, timeout=0)
    with pytest.raises(AuditUnavailable, match="locked"):
        second.append(ROWS, [], [])
    store._connection.execute("ROLLBACK")
    second.append(ROWS, [], [])
    second.close()
    assert verify(store.rows()).position == 6


def _append_and_die(path: str) -> None:
    """In a process of its own: killed after the first rows of a batch were written, before its commit."""
    store = SqliteAuditStore(Path(path))
    Recorder(store).append(signals(3), T0)
    rows = chain_of(signals(6))[3:]

    class Dying(list[ChainRow]):
        def __iter__(self) -> Iterator[ChainRow]:
            yield rows[0]
            yield rows[1]
            os.kill(os.getpid(), signal.SIGKILL)

    store.append(Dying(rows), signals(9)[8:], [])


def test_a_kill_in_the_middle_of_a_batch_leaves_the_batch_before_it(audit_file: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_append_and_die, args=(str(audit_file),))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    store = SqliteAuditStore(audit_file)
    assert verify(store.rows()).position == 3
    assert store.parked() == []
    Recorder(store).append(signals(6), T0)
    assert verify(store.rows()).position == 6
    store.close()
