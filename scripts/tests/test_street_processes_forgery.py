"""Forged approvals on a running platform: written into the stream by somebody who may, and still never an order."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from processes.alerts import flat
from processes.facts import Stored, stream, venue
from processes.intruder import CarelessHome, publish, refused, signed_by
from processes.street import SERVICES, Street
from processes.waiting import until

from at_core import ids
from at_core.events.envelope import format_utc
from at_core.runtime.publisher import SIGNATURE_HEADER

APPROVED = "trading.risk.approved"
NAMES = iter(f"forgery-{number}" for number in range(1_000))

Document = dict[str, Any]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with Street(tmp_path_factory.mktemp("forgery"), CarelessHome) as running:
        yield running


@pytest.fixture(scope="module")
def real(street: Street) -> Stored:
    """A true approval that has led to its order."""
    signal = street.door.accepted(flat("buy", "0.01", alert_id="honest"))
    assert street.door.end_of(signal)["terminal"] == "FILLED"
    return next(message for message in stream(street, "RISK") if message.event["type"] == APPROVED)


@pytest.mark.parametrize("key", [*(role for role in SERVICES if role != "gate")])
def test_no_other_role_may_write_rulings(street: Street, real: Stored, key: str) -> None:
    before = len(stream(street, "RISK"))
    assert refused(street, key, real.subject, real.body, {"Nats-Msg-Id": next(NAMES)})
    assert len(stream(street, "RISK")) == before


def test_an_unsigned_approval_is_a_dead_letter(street: Street, real: Stored) -> None:
    body = _another(real)
    _leads_to_nothing(street, real, body, {}, "UNSIGNED")


@pytest.mark.parametrize("key", ["engine", "agents"])
def test_an_approval_signed_with_another_key_is_a_dead_letter(street: Street, real: Stored, key: str) -> None:
    body = _another(real)
    _leads_to_nothing(street, real, body, signed_by(street, key, body), "BAD_SIGNATURE")


def test_an_altered_approval_under_its_old_signature_is_a_dead_letter(street: Street, real: Stored) -> None:
    def ten_times(document: Document) -> None:
        document["approved_quantity"] = "0.1"

    old = {SIGNATURE_HEADER: real.headers[SIGNATURE_HEADER]}
    _leads_to_nothing(street, real, _changed(real, ten_times), old, "BAD_SIGNATURE")
    _leads_to_nothing(street, real, real.body + b" ", old, "BAD_SIGNATURE")
    _leads_to_nothing(street, real, _another(real), old, "BAD_SIGNATURE")


def test_a_replayed_approval_is_known_and_nothing_happens_again(street: Street, real: Stored) -> None:
    orders, rows = dict(venue(street).orders), len(stream(street, "EXEC"))
    same = publish(street, real.subject, real.body, real.headers)
    assert same["duplicate"]  # its own id: the stream drops it
    handled = _settled(street)
    fresh = {**real.headers, "Nats-Msg-Id": next(NAMES)}
    copy = publish(street, real.subject, real.body, fresh)
    assert not copy.get("duplicate")  # another id: it is stored, and the engine has to know it
    until("the engine has handled it", lambda: _settled(street) > handled)
    assert venue(street).orders == orders
    assert len(stream(street, "EXEC")) == rows
    assert _dead_letter(street, copy["seq"]) is None


def test_a_true_approval_that_comes_too_late_expires_and_is_not_sent(street: Street, real: Stored) -> None:
    """Signed with the gate's own key: what was lost for a while on the way is genuine, and still no order."""

    def late(document: Document) -> None:
        past = datetime.now(UTC) - timedelta(seconds=90)
        document["timestamp"] = format_utc(past)
        document["expires_at"] = format_utc(past + timedelta(seconds=30))

    body = _another(real, late)
    orders, letters = dict(venue(street).orders), len(stream(street, "DLQ"))
    publish(street, real.subject, body, {**signed_by(street, "gate", body), "Nats-Msg-Id": next(NAMES)})
    order = json.loads(body)["client_order_id"]

    def end() -> list[tuple[str, str | None]]:
        events = [message.event for message in stream(street, "EXEC")]
        return [
            (event["status"], event.get("code")) for event in events if event.get("client_order_id") == order
        ]

    assert until("the engine says what became of it", end) == [("EXPIRED", "APPROVAL_EXPIRED")]
    assert venue(street).orders == orders
    assert len(stream(street, "DLQ")) == letters


def test_a_true_approval_moved_to_another_account_is_a_dead_letter(street: Street, real: Stored) -> None:
    def elsewhere(document: Document) -> None:
        document["account"] = "somebody"

    body = _another(real, elsewhere)
    subject = real.subject.replace(".paper.", ".somebody.")
    headers = signed_by(street, "gate", body)
    _leads_to_nothing(street, real, body, headers, "WRONG_ACCOUNT", subject=subject)
    _leads_to_nothing(street, real, body, headers, "SUBJECT_MISMATCH")


def test_after_all_forgeries_honest_alerts_are_served_as_before(street: Street, real: Stored) -> None:
    for service in ("gate", "engine"):
        street.back(service, street.kill(service))
    signal = street.door.accepted(flat("sell", "0.01", alert_id="afterwards"))
    assert street.door.end_of(signal)["terminal"] == "FILLED"
    assert len(venue(street).orders) == 2


def _another(real: Stored, change: Callable[[Document], None] = lambda document: None) -> bytes:
    """An approval of a plan nobody made, consistent in itself and valid for a minute, unless ``change`` says else."""

    def renew(document: Document) -> None:
        now = datetime.now(UTC)
        plan = ids.derived_id(UUID(document["plan_id"]), "intruder", next(NAMES))
        document["event_id"] = str(ids.derived_id(plan, "intruder", APPROVED))
        document["proposal_id"] = str(ids.derived_id(plan, "intruder", "trading.proposal.created"))
        document["plan_id"] = document["plan"]["plan_id"] = str(plan)
        document["plan"]["idempotency_scope"] = f"intruder:{plan}"
        document["plan"]["valid_until"] = format_utc(now + timedelta(minutes=1))
        document["client_order_id"] = ids.client_order_id(plan)
        document["timestamp"] = format_utc(now)
        document["expires_at"] = format_utc(now + timedelta(minutes=1))
        change(document)

    return _changed(real, renew)


def _changed(real: Stored, change: Callable[[Document], None]) -> bytes:
    document = real.event
    change(document)
    return json.dumps(document, separators=(",", ":")).encode()


def _leads_to_nothing(
    street: Street,
    real: Stored,
    body: bytes,
    headers: dict[str, str],
    code: str,
    subject: str | None = None,
) -> None:
    """Put it into the stream; it must come out as a dead letter with ``code``, and as nothing else."""
    orders, rows = dict(venue(street).orders), len(stream(street, "EXEC"))
    stored = publish(street, subject or real.subject, body, {**headers, "Nats-Msg-Id": next(NAMES)})
    letter = until("its dead letter", lambda: _dead_letter(street, stored["seq"]))
    assert letter is not None
    assert letter["code"] == code
    assert SIGNATURE_HEADER not in {name.lower() for name in letter["headers"]}
    assert venue(street).orders == orders
    assert len(stream(street, "EXEC")) == rows


def _dead_letter(street: Street, sequence: int) -> Document | None:
    for message in stream(street, "DLQ"):
        letter = message.event
        if (letter["role"], letter["stream"], letter["sequence"]) == ("engine", "RISK", sequence):
            return letter
    return None


def _settled(street: Street) -> float:
    return street.door.metric(
        "engine", "at_events_consumed_total", durable="engine-approvals", outcome="handled"
    )
