"""Frozen contracts: a change to a frozen version is refused."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from at_core.contracts import freeze as freezing
from at_core.contracts.freeze import check, freeze, schemas_of
from at_core.contracts.frozen import frozen_contracts, frozen_samples
from at_core.contracts.golden import golden_events
from at_core.errors import ConfigurationError
from at_core.events import decode, encode
from at_core.events.signal import SignalEvent
from at_core.events.subjects import subject_of

MISSING: InitErrorDetails = {"type": "missing", "loc": ("price",), "input": {}}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    assert freeze(tmp_path)
    return tmp_path


def test_freezing_twice_writes_nothing(registry: Path) -> None:
    assert freeze(registry) == []
    assert check(registry) == []


def test_a_changed_schema_is_refused(registry: Path) -> None:
    path = registry / "trading.signal.created" / SignalEvent.VERSION / "contract.json"
    document = json.loads(path.read_text())
    document["reader"]["properties"]["quantity"] = {"type": "number"}
    path.write_text(json.dumps(document))
    assert [problem.rule for problem in check(registry)] == ["FILE_CHANGED", "FROZEN_CHANGED"]


def test_changed_bytes_and_missing_files_are_refused(registry: Path) -> None:
    place = registry / "market.raw" / "1.0"
    (place / "samples" / "full.json").write_text("{}")
    (place / "contract.json").unlink()
    assert {problem.rule for problem in check(registry)} == {
        "FILE_CHANGED",
        "FILE_GONE",
        "NOT_FROZEN",
        "SAMPLE_CHANGED",
    }


def test_the_shipped_registry_is_read_oldest_first() -> None:
    versions = [contract.version for contract in frozen_contracts()["trading.execution.fill"]]
    assert versions[:2] == ["1.0", "1.1"]


def test_prose_is_no_contract() -> None:
    assert b"description" not in schemas_of(SignalEvent, "trading.signal.created")


def test_shipped_samples_decode_to_the_newest_class() -> None:
    for event in golden_events():
        body = frozen_samples(event.type, event.VERSION)["full"]
        again = decode(subject_of(event), {}, body)
        assert again == event
        assert encode(again) == body


@pytest.mark.parametrize(
    ("refusal", "rule"),
    [
        (KeyError("trading.gone.created"), "TYPE_GONE: trading.gone.created"),
        (ValidationError.from_exception_data("FillRecorded", [MISSING]), "GOLDEN_REFUSED: FillRecorded"),
    ],
)
def test_a_golden_event_that_cannot_be_made_is_named_beside_the_other_findings(
    registry: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception, rule: str
) -> None:
    def broken() -> None:
        raise refusal

    monkeypatch.setattr(freezing, "golden_events", broken)
    (registry / "market.raw" / "1.0" / "contract.json").unlink()
    found = [str(problem) for problem in check(registry)]
    assert any(line.startswith(rule) for line in found)
    assert any(line.startswith("NOT_FROZEN: market.raw") for line in found)


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "market.raw"}'])
def test_a_broken_contract_is_named(registry: Path, text: str) -> None:
    (registry / "market.raw" / "1.0" / "contract.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"market\.raw.*restore the file"):
        check(registry)
