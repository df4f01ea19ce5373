"""Frozen contracts: a change to a frozen version is refused."""

import json
from pathlib import Path

import pytest

from at_core.contracts.event_docs import events_page
from at_core.contracts.freeze import check, freeze, schemas_of
from at_core.contracts.golden import golden_bytes, golden_events
from at_core.events import decode, encode
from at_core.events.signal import SignalEvent
from at_core.events.subjects import subject_of


@pytest.fixture
def frozen(tmp_path: Path) -> tuple[Path, Path]:
    places = tmp_path / "schemas", tmp_path / "golden"
    assert freeze(*places)
    return places


def test_freezing_twice_writes_nothing(frozen: tuple[Path, Path]) -> None:
    assert freeze(*frozen) == []
    assert check(*frozen) == []


def test_a_changed_schema_is_refused(frozen: tuple[Path, Path]) -> None:
    path = frozen[0] / "trading.signal.created" / "1.0.json"
    document = json.loads(path.read_text())
    document["reader"]["properties"]["quantity"] = {"type": "number"}
    path.write_text(json.dumps(document))
    assert [problem.rule for problem in check(*frozen)] == ["FROZEN_CHANGED"]


def test_changed_bytes_and_missing_files_are_refused(frozen: tuple[Path, Path]) -> None:
    (frozen[1] / "market.raw" / "1.0.json").write_text("{}")
    (frozen[0] / "market.raw" / "1.0.json").unlink()
    assert {problem.rule for problem in check(*frozen)} == {"SAMPLE_CHANGED", "NOT_FROZEN"}


def test_prose_is_no_contract() -> None:
    assert b"description" not in schemas_of(SignalEvent, "trading.signal.created")


def test_shipped_samples_decode_to_the_newest_class() -> None:
    for event in golden_events():
        body = golden_bytes(event.type, event.VERSION).rstrip(b"\n")
        again = decode(subject_of(event), {}, body)
        assert again == event
        assert encode(again) == body


def test_the_page_names_every_type() -> None:
    page = events_page({"market.raw": ["agents-market"]})
    for event in golden_events():
        assert f"## `{event.type}`" in page
    assert "`agents-market`" in page
