"""Encode and decode."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.contracts.golden import golden_events
from at_core.errors import Undecodable
from at_core.events import Event, decode, encode
from at_core.events.codec import BODY_BYTES_MAX, decode_body, headers_of
from at_core.events.registry import event_types, producer_of, stream_of
from at_core.events.subjects import decode_key, encode_key, subject_of, type_and_major
from at_core.testing.builders import a_signal

GOLDEN = {event.type: event for event in golden_events()}


def test_every_type_has_a_golden_event() -> None:
    assert set(GOLDEN) == set(event_types())


@pytest.mark.parametrize("event", GOLDEN.values(), ids=GOLDEN.keys())
def test_every_type_round_trips_byte_for_byte(event: Event) -> None:
    body = encode(event)
    again = decode(subject_of(event), headers_of(event), body)
    assert again == event
    assert encode(again) == body


@pytest.mark.parametrize("event", GOLDEN.values(), ids=GOLDEN.keys())
def test_readers_ignore_fields_they_do_not_know(event: Event) -> None:
    data = {**json.loads(encode(event)), "from_the_future": {"a": 1}}
    assert decode(subject_of(event), {}, json.dumps(data).encode()) == event


def _refused(subject: str, headers: dict[str, str], body: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        decode(subject, headers, body)
    return caught.value.code


def test_each_kind_of_wrong_message_has_its_code() -> None:
    event = a_signal()
    subject, headers, body = subject_of(event), headers_of(event), encode(event)
    data: dict[str, Any] = json.loads(body)
    assert _refused(subject, {"Nats-Subject": "x"}, body) == "REPLAYED_BY_SERVER"
    assert _refused(subject, {}, b"x" * (BODY_BYTES_MAX + 1)) == "TOO_LARGE"
    assert _refused("no.subject", {}, body) == "SUBJECT"
    assert _refused("trading.other.v1.a", {}, body) == "UNKNOWN_TYPE"
    assert _refused(subject.replace(".v1.", ".v2."), {}, body) == "NEWER_MAJOR"
    assert _refused(subject, {}, b"{") == "INVALID_BODY"
    assert _refused(subject, {}, b"[]") == "INVALID_BODY"
    assert _refused(subject, {}, json.dumps({**data, "quantity": 0.5}).encode()) == "INVALID_BODY"
    assert _refused(subject, {}, json.dumps({**data, "type": "market.raw"}).encode()) == "INVALID_BODY"
    assert _refused(subject, {**headers, "at-type": "market.raw"}, body) == "HEADER_MISMATCH"
    assert _refused(subject.replace("paper", "other"), headers, body) == "SUBJECT_MISMATCH"
    assert _refused(subject, {}, json.dumps({**data, "expires_at": None}).encode()) == "INVALID_BODY"
    no_such_year = {**data, "timestamp": "0001-01-01T00:00:00+05:00"}
    assert _refused(subject, {}, json.dumps(no_such_year).encode()) == "INVALID_BODY"


@given(st.sampled_from(["Nats-Subject", "nats-stream", "NATS-STREAM", "At-Type", "at-type", "AT-TYPE", "x"]))
def test_headers_are_read_in_every_spelling(name: str) -> None:
    event = a_signal()
    headers = {**headers_of(event), "Nats-Stream-Source": "SIGNALS:x"}
    refused = {
        "nats-subject": "REPLAYED_BY_SERVER",
        "nats-stream": "REPLAYED_BY_SERVER",
        "at-type": "HEADER_MISMATCH",
    }
    assert decode(subject_of(event), headers, encode(event)) == event
    headers[name] = "market.raw"
    if code := refused.get(name.lower()):
        assert _refused(subject_of(event), headers, encode(event)) == code
    else:
        assert decode(subject_of(event), headers, encode(event)) == event


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_an_event_or_refused_with_a_code(body: bytes) -> None:
    assert _refused(subject_of(a_signal()), {}, body)


def test_old_majors_are_upcast_and_their_identity_is_guarded() -> None:
    class Newer(type(a_signal())):  # type: ignore[misc]  # the next major of a type, made for this test
        VERSION = "2.0"

    def find(name: str) -> type[Event] | None:
        return Newer if name == "trading.signal.created" else None

    def rename(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "symbol": "ETH/USDT", "schema_version": "2.0"}

    def forge(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "account": "somebody-else"}

    body = encode(a_signal())
    steps = {("trading.signal.created", 1): rename}
    event: Any = decode_body("trading.signal.created", 1, body, steps, find)
    assert event.symbol == "ETH/USDT"
    with pytest.raises(Undecodable, match="IDENTITY_TOUCHED"):
        decode_body("trading.signal.created", 1, body, {("trading.signal.created", 1): forge}, find)
    with pytest.raises(Undecodable, match="NO_UPCASTER"):
        decode_body("trading.signal.created", 1, body, {}, find)


@given(st.one_of(st.none(), st.text(min_size=1, max_size=40)))
def test_subject_keys_are_reversible_single_tokens(value: str | None) -> None:
    token = encode_key(value)
    assert not set(token) & set(". *>\t\r\n")
    assert decode_key(token) == value


def test_subjects_follow_the_grammar() -> None:
    assert subject_of(a_signal()) == "trading.signal.created.v1.paper.BTC=2FUSDT"
    assert subject_of(a_signal(), "replay") == "replay.trading.signal.created.v1.paper.BTC=2FUSDT"
    assert type_and_major("market.raw.v12.BINANCE.x") == ("market.raw", 12)


def test_each_type_has_one_owner_and_a_home() -> None:
    for event_type in event_types():
        assert producer_of(event_type) in {"gateway", "agents", "gate", "engine", "obs"}
        assert stream_of(event_type).isupper()
