from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obs_world import Flow, a_command, a_kill_switch, message, raw

from at_core.enums import AgentVerdict, OrderStatus
from at_core.events import CheckResult, Event, encode
from at_core.runtime.bus import Incoming
from at_obs.audit.record import WITHHELD, AuditRecord, checks_of, digest, event_of, read_event, record_of

FLOW = Flow()


def recorded(entry: Incoming, known: Mapping[str, str] | None = None) -> AuditRecord:
    return record_of(entry, read_event(entry), (known or {}).get)


def test_an_event_is_kept_with_its_exact_bytes_and_its_origin() -> None:
    entry = message(5, FLOW.approved())
    record = recorded(entry)
    assert record.kind == "EVENT"
    assert record.body == entry.body
    assert (record.source_stream, record.source_sequence) == ("RISK", 105)
    assert record.correlation_id == FLOW.correlation_id
    assert record.causation_id == str(FLOW.proposal.event_id)
    assert (record.component, record.account) == ("at-x/gate-1", "paper")
    assert record.timestamp == "2026-01-05T15:00:00.020000Z"
    assert event_of(record) == FLOW.approved()


@pytest.mark.parametrize(
    ("event", "decision"),
    [
        (FLOW.signal, "CREATED"),
        (FLOW.answered(), "PROPOSED"),
        (FLOW.answered(AgentVerdict.ABSTAINED, "NOTHING_TO_CLOSE"), "ABSTAINED"),
        (FLOW.approved(), "APPROVED"),
        (FLOW.rejected(), "REJECTED"),
        (FLOW.held(), "HELD"),
        (FLOW.submitted(), "SUBMITTED"),
        (FLOW.updated(OrderStatus.UNKNOWN, 40), "UNKNOWN"),
        (FLOW.fill(), "FILLED"),
        (FLOW.position(), "CHANGED"),
        (a_command(), "KILL_SWITCH_ACTIVATE"),
        (a_kill_switch(a_command()), "ACTIVATED"),
    ],
)
def test_the_decision_is_one_word(event: Event, decision: str) -> None:
    assert recorded(message(1, event)).decision == decision


def test_checks_become_pass_fail_or_waived_and_a_failure_wins() -> None:
    checks = (
        CheckResult(code="A", passed=True, observed="1", limit="2"),
        CheckResult(code="B", passed=False, observed="3", limit="2"),
        CheckResult(code="B", passed=True, observed="1", limit="2"),
        CheckResult(code="C", passed=False, observed="3", limit="2", waived=True),
    )
    ruling = FLOW.rejected().model_copy(update={"checks": checks})
    assert checks_of(ruling) == {"A": "PASS", "B": "FAIL", "C": "WAIVED"}
    assert json.loads(recorded(message(1, ruling)).risk_checks) == checks_of(ruling)


def test_references_name_what_a_ruling_rests_on() -> None:
    references = json.loads(recorded(message(1, FLOW.approved())).references)
    assert f"proposal:{FLOW.proposal.event_id}" in references
    assert f"policy:{'a' * 64}" in references
    assert "seen:EXEC@3" in references


def test_the_input_hash_of_a_signal_is_that_of_the_alert_as_received() -> None:
    assert recorded(message(1, FLOW.signal)).input_hash == FLOW.signal.body_digest


def test_the_input_hash_of_a_ruling_is_that_of_the_exact_proposal() -> None:
    proposal = message(1, FLOW.proposal)
    known = {str(FLOW.proposal.event_id): digest(proposal.body)}
    assert recorded(message(2, FLOW.rejected()), known).input_hash == digest(proposal.body)


def test_the_input_hash_of_an_order_is_that_of_the_exact_approval() -> None:
    assert recorded(message(1, FLOW.submitted())).input_hash == digest(encode(FLOW.approved()))


def test_the_input_hash_falls_back_to_the_own_body_when_the_cause_is_not_recorded() -> None:
    entry = message(1, FLOW.rejected())
    assert recorded(entry).input_hash == digest(entry.body)


def test_only_headers_of_the_allow_list_keep_their_values() -> None:
    planted = {"Authorization": "Bearer hunter2-secret", "X-Api-Key": "hunter2-secret", "at-sig": "signature"}
    record = recorded(message(1, FLOW.approved(), headers=planted))
    kept = json.loads(record.headers)
    assert kept["Authorization"] == kept["X-Api-Key"] == WITHHELD
    assert kept["at-sig"] == "signature"
    assert kept["Nats-Msg-Id"] == f"{FLOW.approved().event_id}.v1"
    assert "hunter2" not in repr(record)


def test_what_cannot_be_decoded_is_kept_as_bytes_with_the_reason_and_the_flow_of_its_header() -> None:
    entry = replace(message(3, FLOW.signal), body=b'{"event_id": "\xff')
    record = recorded(entry)
    assert (record.kind, record.decision, record.component) == ("UNDECODABLE", "UNDECODABLE", "unknown")
    assert record.problem.startswith("INVALID_BODY: ")
    assert record.body == entry.body
    assert record.correlation_id == FLOW.correlation_id
    assert record.event_type == "trading.signal.created"
    assert event_of(record) is None


@pytest.mark.parametrize("value", ["", "SIGNALS", "SIGNALS twelve > >", "SIGNALS ²", "SIGNALS " + "9" * 40])
def test_an_odd_source_header_gives_no_origin_instead_of_an_error(value: str) -> None:
    record = recorded(message(1, FLOW.signal, headers={"Nats-Stream-Source": value}))
    assert (record.source_stream, record.source_sequence) == ("", 0)


def test_the_source_header_of_another_account_names_the_stream_without_its_hash() -> None:
    header = {"Nats-Stream-Source": "PROPOSALS:x9Kd 12 > > agents.run.completed.v1.paper wt3Mqm80"}
    record = recorded(message(1, FLOW.signal, headers=header))
    assert (record.source_stream, record.source_sequence) == ("PROPOSALS", 12)


@given(
    subject=st.text(st.characters(codec="utf-8"), max_size=60),
    body=st.binary(max_size=200),
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4),
)
def test_any_message_at_all_becomes_a_record(subject: str, body: bytes, headers: dict[str, str]) -> None:
    record = recorded(raw(9, subject, body, headers))
    assert record.sequence == 9
    assert record.body == body
    assert record.subject.isascii()
    assert record.problem.isascii()
