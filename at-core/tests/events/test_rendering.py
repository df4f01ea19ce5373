"""Rendering: an event said in an older major, and read back."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.contracts.golden import golden_events
from at_core.errors import ConfigurationError, OurFault, Undecodable, Unsayable
from at_core.events import Event, encode
from at_core.events.codec import decode_body, headers_of
from at_core.events.downcasters import Downcaster
from at_core.events.registry import newest_major
from at_core.events.rendering import DOWNCAST_OF, is_spare_copy, render
from at_core.events.signal import SignalEvent
from at_core.events.subjects import message_id, subject_of
from at_core.events.versions import checked_majors
from at_core.testing.builders import a_signal

TYPE = "trading.signal.created"


class Third(SignalEvent):
    """The third major of a type, made for these tests: free text became two fields."""

    VERSION: ClassVar[str] = "3.0"

    headline: str
    detail: str = ""


def up_from_1(data: dict[str, Any]) -> dict[str, Any]:
    headline = data.pop("comment", "")
    return {**data, "headline": headline}


def up_from_2(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "detail": ""}


def down_from_3(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("detail"):
        raise ValueError("a detail cannot be said there")
    data.pop("detail", None)
    return data


def down_from_2(data: dict[str, Any]) -> dict[str, Any]:
    comment = data.pop("headline")
    return {**data, "comment": comment}


UP = {(TYPE, 1): up_from_1, (TYPE, 2): up_from_2}
DOWN = {(TYPE, 3): Downcaster("2.4", down_from_3), (TYPE, 2): Downcaster("1.0", down_from_2)}


def third(headline: str = "breakout", detail: str = "") -> Third:
    data = json.loads(encode(a_signal()))
    data.pop("comment", None)
    values = {**data, "schema_version": "3.0", "headline": headline, "detail": detail}
    return Third.model_validate_json(json.dumps(values))


def find(name: str) -> type[Event] | None:
    return Third if name == TYPE else None


@pytest.mark.parametrize("event", list(golden_events()), ids=lambda event: event.type)
def test_the_newest_major_is_exactly_what_the_codec_writes(event: Event) -> None:
    for major in (None, event.major()):
        rendered = render(event, major)
        assert (rendered.subject, rendered.headers) == (subject_of(event), headers_of(event))
        assert rendered.body == encode(event)


def test_every_step_down_has_its_version_subject_and_id() -> None:
    event = third()
    for major, version in ((3, "3.0"), (2, "2.4"), (1, "1.0")):
        rendered = render(event, major, "replay", DOWN)
        said = json.loads(rendered.body)
        assert rendered.subject == f"replay.{TYPE}.v{major}.paper.BTC=2FUSDT"
        assert said["schema_version"] == rendered.headers["at-schema"] == version
        assert rendered.headers["Nats-Msg-Id"] == message_id(event, major) == f"{event.event_id}.v{major}"
        assert rendered.headers["traceparent"] == headers_of(event)["traceparent"]
    assert json.loads(render(event, 1, "", DOWN).body)["comment"] == "breakout"
    assert "headline" not in json.loads(render(event, 1, "", DOWN).body)


@given(st.text(max_size=50).filter(str.isprintable))
def test_what_the_older_major_can_say_comes_back(headline: str) -> None:
    event = third(headline)
    for major in (1, 2, 3):
        rendered = render(event, major, "", DOWN)
        assert decode_body(TYPE, major, rendered.body, UP, find) == event
        assert render(event, major, "", DOWN) == rendered


def test_what_would_be_misread_is_refused_with_a_code() -> None:
    event = third(detail="not for old readers")
    for major in (1, 2):
        with pytest.raises(Unsayable, match="a detail cannot be said there") as caught:
            render(event, major, "", DOWN)
        assert caught.value.code == "DOWNCAST_REFUSED"
    assert render(event, 3, "", DOWN).body == encode(event)


def test_a_form_that_grows_over_the_bound_is_refused() -> None:
    grow = {(TYPE, 3): Downcaster("2.0", lambda data: {**data, "padding": "x" * 300_000})}
    with pytest.raises(Unsayable, match="DOWNCAST_REFUSED"):
        render(third(), 2, "", grow)


def test_a_step_that_touches_the_identity_is_our_mistake() -> None:
    forge = {(TYPE, 3): Downcaster("2.0", lambda data: {**data, "account": "other"})}
    forget = {(TYPE, 3): Downcaster("2.0", lambda data: {k: v for k, v in data.items() if k != "event_id"})}
    for steps in (forge, forget):
        with pytest.raises(OurFault, match="identity"):
            render(third(), 2, "", steps)


@pytest.mark.parametrize("major", [0, -1, 4])
def test_majors_that_never_were_are_our_mistake(major: int) -> None:
    with pytest.raises(OurFault):
        render(third(), major, "", DOWN)


def test_a_missing_step_is_our_mistake() -> None:
    with pytest.raises(OurFault, match="no step down"):
        render(third(), 1, "", {(TYPE, 3): DOWN[TYPE, 3]})


def _refused(major: int, body: bytes) -> str:
    with pytest.raises(Undecodable) as caught:
        decode_body(TYPE, major, body, UP, find)
    return caught.value.code


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_old_bytes_that_are_no_event_are_refused_with_a_code(body: bytes) -> None:
    assert _refused(1, body) in ("INVALID_BODY", "MAJOR_MISMATCH")  # an object without a version is neither


def test_old_bytes_are_checked_as_strictly_as_new_ones() -> None:
    body: dict[str, Any] = json.loads(render(third(), 1, "", DOWN).body)
    assert _refused(1, json.dumps({**body, "quantity": 0.5}).encode()) == "INVALID_BODY"
    assert _refused(1, json.dumps({**body, "event_id": 7}).encode()) == "INVALID_BODY"
    assert _refused(1, b"[" * 100_000) == "INVALID_BODY"
    assert _refused(2, json.dumps(body).encode()) == "MAJOR_MISMATCH"
    assert _refused(1, render(third(), 2, "", DOWN).body) == "MAJOR_MISMATCH"
    assert _refused(1, render(third(), 3).body) == "MAJOR_MISMATCH"


def test_an_upcaster_that_stumbles_over_the_body_refuses_it() -> None:
    def stumble(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "headline": data["never there"]}

    body = render(third(), 1, "", DOWN).body
    with pytest.raises(Undecodable, match="INVALID_BODY"):
        decode_body(TYPE, 1, body, {**UP, (TYPE, 1): stumble}, find)


def test_copies_for_readers_left_behind_are_known_by_their_header() -> None:
    copy = {DOWNCAST_OF: "7"}
    newest = newest_major(TYPE)
    assert is_spare_copy(f"{TYPE}.v{newest - 1}.paper.X", copy)
    assert is_spare_copy(f"replay.{TYPE}.v{newest - 1}.paper.X", copy, "replay")
    assert not is_spare_copy(f"{TYPE}.v{newest - 1}.paper.X", {})
    assert not is_spare_copy(f"{TYPE}.v{newest}.paper.X", copy), "the newest is never hidden"
    assert not is_spare_copy(f"{TYPE}.v{newest + 1}.paper.X", copy), "an unknown one is refused, not hidden"
    assert not is_spare_copy("unknown.type.v1.x", copy)
    assert not is_spare_copy("no event", copy)


def test_configured_majors_are_checked_against_role_and_build() -> None:
    assert checked_majors("gateway", {}) == {}
    assert checked_majors("gateway", {TYPE: newest_major(TYPE)}) == {}, "the newest is no exception"
    for majors, words in (
        ({"trading.signal.craeted": 1}, "knows no such type"),
        ({TYPE: newest_major(TYPE) + 1}, "this build writes major"),
        ({"trading.execution.fill": 1}, "role gateway does not emit it; set it where engine"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            checked_majors("gateway", majors)
