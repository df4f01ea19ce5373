"""Finds the records of one flow in an audit file, those that still wait behind a hole included."""

from __future__ import annotations

from at_obs.audit.record import read_event, record_of
from at_obs.audit.sqlite_store import SqliteAuditReader
from at_obs.traces.build import build_trace
from at_obs.traces.document import Trace

__all__ = ["find_trace"]


def find_trace(reader: SqliteAuditReader, identity: str, prefix: str = "") -> Trace | None:
    """Return the trace of the flow with this correlation id, or of the flow that the event with this id belongs to."""
    found = _trace(reader, identity, prefix)
    if found is not None:
        return found
    row = reader.row_of_event(identity)
    return _trace(reader, row.record.correlation_id, prefix) if row else None


def _trace(reader: SqliteAuditReader, correlation_id: str, prefix: str) -> Trace | None:
    records = [row.record for row in reader.rows_of(correlation_id)]
    waiting = reader.parked()
    if waiting:
        for message in reader.parked_messages(waiting[0].sequence, waiting[-1].sequence):
            record = record_of(message, read_event(message, prefix), lambda _: None, prefix=prefix)
            if record.correlation_id == correlation_id:
                records.append(record)
    return build_trace(correlation_id, records, prefix)
