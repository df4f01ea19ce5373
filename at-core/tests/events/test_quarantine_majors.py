"""Version 2 of ``intake.alert.quarantined`` beside version 1: laws of the way up and down, on arbitrary bodies."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_majors import KEPT

from at_core.clock import ManualClock
from at_core.contracts.freeze import schemas_of
from at_core.contracts.frozen import frozen_contracts, frozen_folder, frozen_samples
from at_core.contracts.golden import golden_events
from at_core.enums import BodyEncoding
from at_core.errors import Undecodable
from at_core.events import AlertQuarantined, AlertQuarantinedEvent, Emit, Event, decode, encode, originate
from at_core.events.codec import decode_body
from at_core.events.registry import event_types, newest_major
from at_core.events.rendering import render
from at_core.events.upcasters import IDENTITY_FIELDS
from at_core.events.versions import writable_majors
from at_core.ids import natural_id
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher
from at_core.testing.builders import T0

TYPE = "intake.alert.quarantined"
plain = st.text(st.characters(codec="utf-8"), max_size=60)
tokens = st.text("abcXYZ09_:/@!+-.", min_size=1, max_size=20)


@st.composite
def alerts(draw: st.DrawFn) -> AlertQuarantinedEvent:
    """Any event of version 2, also such as no gateway of ours writes."""
    text = draw(plain)
    digest = sha256(text.encode()).hexdigest() if draw(st.booleans()) else draw(st.sampled_from(["0" * 64]))
    payload = AlertQuarantined(
        signal_source=draw(tokens),
        code=draw(tokens),
        hint=draw(plain),
        content_type=draw(plain),
        body_text=text,
        body_encoding=draw(st.sampled_from(BodyEncoding)),
        truncated=draw(st.none() | st.booleans()),
        body_size=draw(st.integers(0, 10**9)),
        body_digest=digest,
        received_at=T0 + timedelta(microseconds=draw(st.integers(0, 10**12))),
    )
    account = draw(st.none() | tokens)
    event = originate(Emit(payload, account), natural_id("t", draw(plain)), source="at/gateway-1", now=T0)
    assert isinstance(event, AlertQuarantinedEvent)
    return event


def written_by_version_1(body: str, digest: str) -> bytes:
    sample = json.loads(frozen_samples(TYPE, "1.0")["full"])
    return json.dumps({**sample, "body": body, "body_digest": digest}).encode()


def read(body: bytes, major: int = 1) -> AlertQuarantinedEvent:
    event = decode_body(TYPE, major, body)
    assert isinstance(event, AlertQuarantinedEvent)
    return event


def test_every_older_major_that_can_be_written_has_a_kept_model_equal_to_its_frozen_contract() -> None:
    writable = {(name, major) for name in event_types() for major in writable_majors(name)[:-1]}
    assert writable == set(KEPT)
    for (name, major), cls in KEPT.items():
        newest = [contract.version for contract in frozen_contracts()[name] if contract.major == major][-1]
        assert schemas_of(cls, name) == (frozen_folder() / name / newest / "contract.json").read_bytes()


def test_keys_never_change_between_the_majors_of_a_type() -> None:
    for versions in frozen_contracts().values():
        assert len({contract.keys for contract in versions}) == 1


def _samples() -> list[tuple[Event, int]]:
    """Every sample ever frozen and every golden event, with every older major it can be written in."""
    events = list(golden_events())
    for name, versions in frozen_contracts().items():
        for contract in versions:
            bodies = frozen_samples(name, contract.version).values()
            events += [decode_body(name, contract.major, body) for body in bodies]
    return [(event, major) for event in events for major in writable_majors(event.type)[:-1]]


@pytest.mark.parametrize(("event", "major"), _samples(), ids=lambda value: str(getattr(value, "type", value)))
def test_what_is_stepped_down_is_exactly_what_that_version_wrote(event: Event, major: int) -> None:
    rendered = render(event, major)
    again = KEPT[event.type, major].model_validate_json(rendered.body, strict=False, extra="forbid")
    assert json.loads(encode(again)) == json.loads(rendered.body)


@given(alerts())
def test_any_event_stepped_down_is_a_good_event_of_version_1(event: AlertQuarantinedEvent) -> None:
    rendered = render(event, 1)
    again = KEPT[TYPE, 1].model_validate_json(rendered.body, extra="forbid")
    assert json.loads(encode(again)) == json.loads(rendered.body)
    assert again.schema_version == rendered.headers["at-schema"] == "1.0"


@given(alerts())
def test_down_and_up_keeps_the_identity_and_all_that_version_1_can_say(event: AlertQuarantinedEvent) -> None:
    down = render(event, 1)
    back = decode(down.subject, down.headers, down.body)
    assert isinstance(back, AlertQuarantinedEvent)
    for name in (
        *IDENTITY_FIELDS,
        "signal_source",
        "code",
        "hint",
        "content_type",
        "body_size",
        "body_digest",
    ):
        assert getattr(back, name) == getattr(event, name)
    assert back.received_at == event.received_at
    assert back.schema_version == "2.0"
    assert back.truncated is None
    if event.body_encoding is not BodyEncoding.ESCAPED:
        assert back.body_text == event.body_text
    assert render(back, 1) == down, "what version 1 can say does not change any more"


@given(plain)
def test_the_way_up_claims_only_what_the_digest_proves(text: str) -> None:
    proved = read(written_by_version_1(text, sha256(text.encode()).hexdigest()))
    open_question = read(written_by_version_1(text, "0" * 64))
    assert (proved.body_encoding, proved.truncated) == (BodyEncoding.UTF8, None)
    assert (open_question.body_encoding, open_question.truncated) == (BodyEncoding.UNKNOWN, None)
    assert proved.body_text == open_question.body_text == text


def test_an_escaped_text_is_said_as_version_1_said_it() -> None:
    (golden,) = (event for event in golden_events() if event.type == TYPE)
    assert json.loads(render(golden, 1).body)["body"] == '{"side":}\\xff\\'


@pytest.mark.parametrize("broken", [{"body": 7}, {"body": None}, {"body": ["x"]}, {"signal_source": "a b"}])
def test_broken_bodies_of_version_1_are_refused(broken: dict[str, Any]) -> None:
    sample = json.loads(frozen_samples(TYPE, "1.0")["full"])
    with pytest.raises(Undecodable, match="INVALID_BODY"):
        decode_body(TYPE, 1, json.dumps({**sample, **broken}).encode())
    del sample["body"]
    with pytest.raises(Undecodable, match="INVALID_BODY"):
        decode_body(TYPE, 1, json.dumps(sample).encode())


def test_an_old_major_on_another_events_subject_is_refused() -> None:
    (golden,) = (event for event in golden_events() if event.type == TYPE)
    down = render(golden, 1)
    with pytest.raises(Undecodable, match="SUBJECT_MISMATCH"):
        decode(down.subject.replace("tradingview", "other"), down.headers, down.body)


def _publisher(bus: MemoryBus, **majors: int) -> Publisher:
    emit = {TYPE: majors["v"]} if majors else {}
    return Publisher(
        bus, ManualClock(T0), Metrics("gateway"), role="gateway", source="at/gateway-1", emit_major=emit
    )


async def test_one_event_in_both_majors_is_stored_twice_and_each_only_once() -> None:
    (event,) = (event for event in golden_events() if event.type == TYPE)
    bus = MemoryBus(ManualClock(T0))
    newest, older = _publisher(bus), _publisher(bus, v=1)
    assert (newest.major_of(TYPE), older.major_of(TYPE), older.major_of("no.such.type")) == (2, 1, 0)
    for publisher in (newest, older, newest, older):
        await publisher.publish(event)
    stored = [(record.headers["Nats-Msg-Id"], record.subject) for record in bus.records("QUARANTINE")]
    assert stored == [
        (f"{event.event_id}.v{major}", f"{TYPE}.v{major}.tradingview.BROKEN_JSON") for major in (2, 1)
    ]
    both = [decode(record.subject, record.headers, record.body) for record in bus.records("QUARANTINE")]
    assert {read_event.event_id for read_event in both} == {event.event_id}


def test_the_newest_major_of_this_type_is_the_second() -> None:
    assert newest_major(TYPE) == 2
    assert [contract.version for contract in frozen_contracts()[TYPE]][:2] == ["1.0", "2.0"]
