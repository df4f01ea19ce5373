"""CloudEvents 1.0: a mapping that keeps the rules of the specification and loses nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from at_core.contracts.frozen import frozen_contracts, frozen_samples
from at_core.contracts.golden import golden_events
from at_core.contracts.schema_files import schema_document
from at_core.errors import Undecodable
from at_core.events import Event
from at_core.events.cloudevents import from_cloudevent, to_cloudevent
from at_core.events.codec import decode_body, encode
from at_core.events.registry import class_for

GOLDEN = {event.type: event for event in golden_events()}
TOKENS = st.from_regex(r"^[A-Za-z0-9._:/@!+-]{1,120}\Z", fullmatch=True)
SPAN = st.timedeltas(timedelta(0), timedelta(days=36500))
TIMES = SPAN.map(lambda span: datetime(2000, 1, 1, tzinfo=UTC) + span)


def violations(document: dict[str, Any]) -> list[str]:
    """What the CloudEvents 1.0 specification forbids about a JSON document in structured mode."""
    found = [
        f"{name} is required" for name in ("id", "source", "specversion", "type") if not document.get(name)
    ]
    if document.get("specversion") != "1.0":
        found.append("specversion is not 1.0")
    if {"data", "data_base64"} <= set(document):
        found.append("data and data_base64 together")
    for name, value in document.items():
        if name in {"data", "data_base64"}:
            continue
        if not re.fullmatch(r"[a-z0-9]{1,20}", name):
            found.append(f"{name} is no attribute name")
        if isinstance(value, int) and not isinstance(value, bool) and not -(2**31) <= value < 2**31:
            found.append(f"{name} is beyond 32 bits")
        if not isinstance(value, str | bool | int):
            found.append(f"{name} has no type of the specification")
        if isinstance(value, str) and (not value or re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", value)):
            found.append(f"{name} is empty or holds control characters")
    return found + _forms(document)


def _forms(document: dict[str, Any]) -> list[str]:
    found = []
    source = str(document.get("source", ""))
    # RFC 3986: its characters; no colon in the first segment of a relative path; two slashes begin an authority.
    legal = re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]-]|%[0-9A-F]{2})+", source)
    schemeless = not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", source)
    colon = schemeless and ":" in source.split("/", maxsplit=1)[0]
    headless = source.startswith("//") and not urlsplit(source).hostname
    if not legal or colon or headless:
        found.append("source is no URI reference")
    if "time" in document and not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", str(document["time"])
    ):
        found.append("time is not RFC 3339")
    if "dataschema" in document and not urlsplit(str(document["dataschema"])).scheme:
        found.append("dataschema is no URI")
    if "datacontenttype" in document and not re.fullmatch(
        r"[\w.+-]+/[\w.+-]+(\s*;.*)?", str(document["datacontenttype"])
    ):
        found.append("datacontenttype is no media type")
    return found


@pytest.mark.parametrize("event", GOLDEN.values(), ids=GOLDEN.keys())
def test_every_type_follows_the_specification_and_comes_back(event: Event) -> None:
    document = to_cloudevent(event)
    assert violations(document) == []
    assert document["type"] == f"{event.type}.v{event.major()}"
    assert not {"event_id", "account", "timestamp"} & set(document["data"])
    contract = next(known for known in frozen_contracts()[event.type] if known.version == event.VERSION)
    schema = schema_document(contract, "data")
    assert document["dataschema"] == schema["$id"]
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(document["data"])]
    assert from_cloudevent(json.loads(json.dumps(document))) == event


@pytest.mark.parametrize("event_type", GOLDEN)
def test_every_sample_comes_back_byte_for_byte(event_type: str) -> None:
    for contract in frozen_contracts()[event_type]:
        for name, body in frozen_samples(event_type, contract.version).items():
            event = decode_body(event_type, contract.major, body)
            again = from_cloudevent(json.loads(json.dumps(to_cloudevent(event))))
            assert encode(again) == encode(event), name


@given(
    st.sampled_from(sorted(GOLDEN)), TOKENS, TOKENS, st.uuids(), st.none() | st.uuids(), TIMES, st.booleans()
)
def test_whatever_the_envelope_holds_follows_the_rules_and_comes_back(
    event_type: str, source: str, account: str, root: Any, cause: Any, moment: datetime, expires: bool
) -> None:
    body = json.loads(encode(GOLDEN[event_type]))
    cls = class_for(event_type)
    assert cls is not None
    late = moment + timedelta(seconds=30) if expires or cls.EXPIRES else None
    values: dict[str, Any] = {
        "source": source,
        "account": account,
        "correlation_id": root,
        "causation_id": cause,
        "timestamp": moment,
        "expires_at": late,
    }
    event = cls.model_validate({**cls.model_validate(body).model_dump(), **values})
    document = to_cloudevent(event)
    assert violations(document) == []
    assert from_cloudevent(document) == event


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"specversion": "0.3"}, "CLOUDEVENT"),
        ({"type": "trading.signal.created"}, "CLOUDEVENT"),
        ({"traceparent": "none"}, "CLOUDEVENT"),
        ({"data": "text"}, "CLOUDEVENT"),
        ({"data": {"event_id": "x"}}, "CLOUDEVENT"),
        ({"type": "trading.signal.created.v99"}, "NEWER_MAJOR"),
        ({"type": "nobody.knows.v1"}, "UNKNOWN_TYPE"),
        ({"id": "not a uuid"}, "INVALID_BODY"),
        ({"data": {}}, "INVALID_BODY"),
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_a_code(change: dict[str, Any], code: str) -> None:
    document = {**to_cloudevent(GOLDEN["trading.signal.created"]), **change}
    with pytest.raises(Undecodable) as caught:
        from_cloudevent(document)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"correlation_id": "x"}, {"Type": "x"}, {"id": ""}, {"time": "yesterday"}, {"source": "a:b/c d"},
        {"source": "1:2"}, {"source": "//@@/x"}, {"subject": "a\n"}, {"sequence": 2**40}, {"extra": {"a": 1}},
        {"dataschema": "relative"}, {"datacontenttype": "json"}, {"data_base64": ""}, {"specversion": "1.1"},
    ],
    ids=str,
)  # fmt: skip  # one line per mistake would be a page
def test_the_judge_sees_each_kind_of_mistake(change: dict[str, Any]) -> None:
    assert violations({**to_cloudevent(GOLDEN["market.raw"]), **change})
