"""The audit record: what one journal message becomes, decodable or not. Nothing is dropped, nothing is guessed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Literal
from uuid import UUID

from at_core.errors import Undecodable
from at_core.events.codec import decode
from at_core.events.envelope import Event, format_utc
from at_core.events.order import OrderSubmittedEvent
from at_core.events.risk import CheckResult, RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent
from at_core.events.subjects import type_and_major
from at_core.runtime.bus import Incoming

__all__ = [
    "HEADERS_KEPT",
    "WITHHELD",
    "AuditRecord",
    "Kind",
    "digest",
    "event_of",
    "gap_record",
    "read_event",
    "record_of",
]

Kind = Literal["EVENT", "UNDECODABLE", "GAP"]

HEADERS_KEPT: Final = frozenset(
    {
        "at-correlation",
        "at-requeued",
        "at-schema",
        "at-sig",
        "at-type",
        "content-type",
        "nats-msg-id",
        "nats-stream-source",
        "traceparent",
    }
)
"""Header values that are evidence and never secret. Of any other header only the name is kept."""

WITHHELD: Final = "[withheld]"

_ENCODE: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, check_circular=False
).encode

OBSERVER: Final = "at-obs"
UNKNOWN_COMPONENT: Final = "unknown"

DigestOf = Callable[[str], str | None]
"""Finds the body digest of an event that was recorded before, by event id."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One row before it is chained. Empty text means absent; times are RFC 3339 UTC with six digits."""

    sequence: int
    """Position in JOURNAL; of a GAP the first missing position."""
    sequence_last: int
    """The same, except for a GAP: its last missing position."""
    kind: Kind
    late: bool
    """True when it arrived after its position had been given up as a GAP."""
    subject: str
    stored_at: str
    source_stream: str
    source_sequence: int
    """Position in the stream it was published to; 0 when the bus did not say."""
    event_id: str
    event_type: str
    schema_version: str
    timestamp: str
    component: str
    correlation_id: str
    causation_id: str
    account: str
    decision: str
    risk_checks: str
    """JSON object: check code to PASS, FAIL or WAIVED."""
    references: str
    """JSON list of ``name:value`` texts: what the decision rests on."""
    input_hash: str
    """SHA-256 of the exact body of what this event answers; of a signal, of the alert's bytes as received; of an
    event without a known cause, of its own body."""
    problem: str
    """Why it could not be decoded, or what a GAP is about."""
    headers: str
    body: bytes


def digest(body: bytes) -> str:
    """SHA-256 of exact bytes, as 64 hex digits."""
    return hashlib.sha256(body).hexdigest()


def read_event(message: Incoming, prefix: str = "") -> Event | str:
    """Return the event in a message, or why there is none."""
    try:
        return decode(message.subject, message.headers, message.body, prefix)
    except Undecodable as error:
        return _ascii(f"{error.code}: {error.detail}")[:500]


def record_of(
    message: Incoming, event: Event | str, digest_of: DigestOf, *, prefix: str = "", late: bool = False
) -> AuditRecord:
    """Return the record of one journal message that was read as ``event``. Never raises because of its content."""
    if isinstance(event, str):
        return _undecodable(message, event, prefix, late)
    stream, sequence = _origin(message.headers)
    return AuditRecord(
        sequence=message.sequence,
        sequence_last=message.sequence,
        kind="EVENT",
        late=late,
        subject=_ascii(message.subject),
        stored_at=format_utc(message.stored_at),
        source_stream=stream,
        source_sequence=sequence,
        event_id=str(event.event_id),
        event_type=event.type,
        schema_version=event.schema_version,
        timestamp=format_utc(event.timestamp),
        component=event.source,
        correlation_id=str(event.correlation_id),
        causation_id=str(event.causation_id or ""),
        account=event.account or "",
        decision=decision_of(event),
        risk_checks=_json(checks_of(event)),
        references=_json(references_of(event)),
        input_hash=_input_hash(event, message.body, digest_of),
        problem="",
        headers=_json(_headers(message.headers)),
        body=message.body,
    )


def gap_record(first: int, last: int, now: datetime, reason: str) -> AuditRecord:
    """Return the record that says: positions ``first`` to ``last`` of the journal never came."""
    moment = format_utc(now)
    return AuditRecord(
        sequence=first,
        sequence_last=last,
        kind="GAP",
        late=False,
        subject="",
        stored_at=moment,
        source_stream="",
        source_sequence=0,
        event_id="",
        event_type="",
        schema_version="",
        timestamp=moment,
        component=OBSERVER,
        correlation_id="",
        causation_id="",
        account="",
        decision="GAP",
        risk_checks="{}",
        references=_json([f"journal:{first}-{last}"]),
        input_hash=digest(b""),
        problem=reason,
        headers="{}",
        body=b"",
    )


def event_of(record: AuditRecord, prefix: str = "") -> Event | None:
    """Return the event kept in a record, read with this build; None when it is none."""
    if record.kind != "EVENT":
        return None
    try:
        return decode(record.subject, None, record.body, prefix)
    except Undecodable:
        return None


def decision_of(event: Event) -> str:
    """One word for what this event decided or reports, in the words of ARCHITECTURE section 4."""
    for name in ("verdict", "status", "command", "trading_state"):
        value = getattr(event, name, None)
        if value is not None:
            return str(value)
    return event.type.rsplit(".", 1)[-1].upper()


def checks_of(event: Event) -> dict[str, str]:
    """Code to PASS, FAIL or WAIVED for a ruling; empty for everything else. One failure decides its code."""
    if not isinstance(event, RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent):
        return {}
    results: dict[str, str] = {}
    for check in event.checks:
        if results.get(check.code) != "FAIL":
            results[check.code] = result_of(check)
    return results


def result_of(check: CheckResult) -> str:
    """PASS, FAIL or WAIVED (failed, but the order only reduces risk)."""
    if check.waived:
        return "WAIVED"
    return "PASS" if check.passed else "FAIL"


_REFERENCES: Final = (
    ("signal", "signal_id"), ("trigger", "trigger_id"), ("proposal", "proposal_id"), ("plan", "plan_id"),
    ("approval", "approval_id"), ("approval_digest", "approval_digest"), ("client_order", "client_order_id"),
    ("broker_order", "broker_order_id"), ("execution", "execution_id"), ("strategy", "strategy"),
    ("strategy_version", "strategy_version"), ("policy", "policy_digest"), ("context", "context_digest"),
    ("prompt", "prompt_digest"), ("model", "model"), ("operator", "operator"), ("ruling", "subject_id"),
    ("triggered_by", "triggered_by"), ("signal_source", "signal_source"), ("alert", "natural_key"),
)  # fmt: skip


@cache
def _carried(cls: type[Event]) -> tuple[tuple[str, str], ...]:
    # Asking a model for a field it lacks is slow, and every row asks: find out once per class.
    return tuple((name, field) for name, field in _REFERENCES if field in cls.model_fields)


def references_of(event: Event) -> list[str]:
    """What the event rests on, as ``name:value`` texts, with the stream positions its maker had seen."""
    pairs = ((name, getattr(event, field)) for name, field in _carried(type(event)))
    found = [f"{name}:{value}" for name, value in pairs if value is not None]
    return [*found, *(f"seen:{seen.stream}@{seen.sequence}" for seen in getattr(event, "seen", ()))]


def _undecodable(message: Incoming, problem: str, prefix: str, late: bool) -> AuditRecord:
    stream, sequence = _origin(message.headers)
    named = {name.lower(): value for name, value in message.headers.items()}
    try:
        event_type = type_and_major(message.subject, prefix)[0]
    except ValueError:
        event_type = ""
    return AuditRecord(
        sequence=message.sequence,
        sequence_last=message.sequence,
        kind="UNDECODABLE",
        late=late,
        subject=_ascii(message.subject),
        stored_at=format_utc(message.stored_at),
        source_stream=stream,
        source_sequence=sequence,
        event_id="",
        event_type=event_type,
        schema_version="",
        timestamp=format_utc(message.stored_at),
        component=UNKNOWN_COMPONENT,
        correlation_id=_uuid_text(named.get("at-correlation", "")),
        causation_id="",
        account="",
        decision="UNDECODABLE",
        risk_checks="{}",
        references="[]",
        input_hash=digest(message.body),
        problem=problem,
        headers=_json(_headers(message.headers)),
        body=message.body,
    )


def _input_hash(event: Event, body: bytes, digest_of: DigestOf) -> str:
    if isinstance(event, SignalEvent):
        return event.body_digest
    if isinstance(event, OrderSubmittedEvent):
        return event.approval_digest
    found = digest_of(str(event.causation_id)) if event.causation_id else None
    return found or digest(body)


def _origin(headers: Mapping[str, str]) -> tuple[str, int]:
    """Read ``Nats-Stream-Source`` (``<stream>[:<account hash>] <sequence> ...``), which a sourcing stream sets."""
    for name, value in headers.items():
        if name.lower() == "nats-stream-source":
            parts = value.split()
            if len(parts) >= 2 and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 19:
                return parts[0].partition(":")[0], int(parts[1])
    return "", 0


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value if name.lower() in HEADERS_KEPT else WITHHELD for name, value in sorted(headers.items())
    }


def _ascii(text: str) -> str:
    # Details quote hostile input; lone surrogates among it could not be stored as text.
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _uuid_text(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _json(value: object) -> str:
    return _ENCODE(value)
