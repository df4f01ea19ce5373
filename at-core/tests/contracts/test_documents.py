"""Documents from the contracts: schemas with stable ids, the AsyncAPI document, the catalogue page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from at_core.cli.docs import deliveries
from at_core.contracts.asyncapi import asyncapi_document, asyncapi_text, example_headers
from at_core.contracts.deliveries import Delivery
from at_core.contracts.event_docs import events_page
from at_core.contracts.event_history import changes, since
from at_core.contracts.field_forms import field_forms
from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_samples
from at_core.contracts.golden import golden_events
from at_core.contracts.origins import origins
from at_core.contracts.schema_files import schema_document, schema_files
from at_core.events import encode
from at_core.events.codec import headers_of
from at_core.events.schema_ids import SchemaView

FROZEN = frozen_contracts()
VERSIONS = {f"{known.event_type} {known.version}": known for all_of in FROZEN.values() for known in all_of}


def _samples(contract: FrozenContract) -> dict[str, Any]:
    found = frozen_samples(contract.event_type, contract.version)
    return {name: json.loads(body) for name, body in found.items()}


def test_schema_files_are_the_same_every_time_and_have_ids_of_their_own() -> None:
    files = schema_files()
    assert files == schema_files()
    assert len(files) == len(VERSIONS) * len(get_args(SchemaView))
    documents = {name: json.loads(text) for name, text in files.items()}
    assert len({document["$id"] for document in documents.values()}) == len(files)
    for name, document in documents.items():
        event_type, version, view = re.fullmatch(r"(.+)/(\d+\.\d+)\.(\w+)\.schema\.json", name).groups()  # type: ignore[union-attr]  # names are ours
        assert document["$id"] == f"urn:at:event:{event_type}:{version}:{view}"
        assert document["title"]
        Draft202012Validator.check_schema(document)


@pytest.mark.parametrize("contract", VERSIONS.values(), ids=VERSIONS.keys())
def test_samples_keep_to_the_schema_of_their_writer_and_of_every_reader_of_the_major(
    contract: FrozenContract,
) -> None:
    readers = [known for known in FROZEN[contract.event_type] if known.major == contract.major]
    judges = [Draft202012Validator(schema_document(known, "reader")) for known in readers]
    judges.append(Draft202012Validator(schema_document(contract, "writer")))
    samples = _samples(contract)
    assert "full" in samples
    for name, body in samples.items():
        for judge in judges:
            assert not [error.message for error in judge.iter_errors(body)], f"{name}: {judge.schema['$id']}"
    broken = {**samples["full"], "event_id": 7}
    assert not any(judge.is_valid(broken) for judge in judges)


def test_asyncapi_examples_carry_the_headers_that_are_really_sent() -> None:
    for event in golden_events():
        assert example_headers(json.loads(encode(event)), event.major()) == headers_of(event)


def test_the_asyncapi_document_holds_no_reference_out_of_itself() -> None:
    text = asyncapi_text(asyncapi_document(deliveries(), "0.0.0"))
    assert text == asyncapi_text(asyncapi_document(deliveries(), "0.0.0"))
    targets = set(re.findall(r'"\$ref": "([^"]+)"', text))
    assert targets
    assert all(target.startswith("#/") for target in targets)
    document = json.loads(text)
    for target in targets:
        node = document
        for part in target.removeprefix("#/").split("/"):
            node = node[part]


def test_an_old_major_keeps_its_channel_without_a_producer(tmp_path: Path) -> None:
    registry = _registry_with_next_major(tmp_path)
    document = asyncapi_document(deliveries(), "0.0.0", registry=registry)
    assert {"market.raw.v1.sent", "market.raw.v7.received"} <= set(document["channels"])
    names = [name for name in document["operations"] if "market.raw" in name]
    assert "gateway.sends.market.raw.v1" in names
    assert "gateway.sends.market.raw.v7" not in names
    assert "agents-market.receives.market.raw.v7" in names
    page = events_page(deliveries(), registry=registry, releases={("market.raw", "7.0"): "9.9.9"})
    assert "### `market.raw` 1.0" in page
    assert "* 7.0 (at-core 9.9.9): no field changed." in page


def _registry_with_next_major(folder: Path) -> Path:
    """A registry in which market.raw went from 1.0 to 7.0, a major this build has no class for."""
    for version in ("1.0", "7.0"):
        place = folder / "market.raw" / version
        (place / "samples").mkdir(parents=True)
        contract = FROZEN["market.raw"][0]
        document = {
            "type": "market.raw",
            "version": version,
            **{
                name: getattr(contract, name)
                for name in ("producer", "stream", "keys", "expires", "reader", "writer")
            },
        }
        (place / "contract.json").write_text(json.dumps(document))
        (place / "samples" / "full.json").write_bytes(frozen_samples("market.raw", "1.0")["full"])
    return folder


def test_the_page_names_type_reader_and_history_of_every_event() -> None:
    page = events_page({"market.raw": [Delivery("agents-market", "agents", "fold", "MARKET")]})
    anchors = {
        re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")
        for name in re.findall(r"^#+ (.+)$", page, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors
    for event in golden_events():
        assert f"## `{event.type}` {event.VERSION}" in page
        assert f"[`{event.type}` {event.VERSION}](#" in page
    assert "`agents-market` (agents, fold on MARKET)" in page
    assert "* 1.1: `broker` added (optional)" in page
    assert "asks for a minor step." in page
    assert "asks for a major step (" in page
    assert page.count("History:") == len(FROZEN)


def test_changes_name_what_differs() -> None:
    older, newer = FROZEN["trading.execution.fill"][:2]
    assert [text.split(" (")[0] for text in changes(older, newer)] == ["`broker` added"]
    assert changes(newer, older) == ["`broker` removed"]
    assert changes(older, older) == ["no field changed"]
    moved = replace(older, stream="ELSEWHERE")
    assert changes(older, moved) == ["stream was EXEC, is ELSEWHERE"]
    schema = json.loads(json.dumps(older.reader))
    schema["required"].remove("price")
    schema["properties"]["strategy"]["maxLength"] = 7
    loosened = changes(older, replace(older, reader=schema))
    assert "`price` was required, is optional" in loosened
    assert any(
        text.startswith("`strategy` was") and text.endswith("at most 7 characters, `^[A-Za-z0-9._:/@!+-]+$`")
        for text in loosened
    )


def test_a_field_is_there_since_it_came_without_a_gap() -> None:
    for older, newer in pairwise(FROZEN["trading.execution.fill"]):
        table = since([older, newer])
        assert table["price"] == older.version
        assert table["broker"] == (older.version if "broker" in older.reader["properties"] else newer.version)


def test_forms_tell_bounds_vocabularies_and_nested_fields() -> None:
    forms = {field.path: field for field in field_forms(FROZEN["trading.risk.approved"][-1].reader)}
    assert forms["side"].form == "Side: BUY, SELL"
    assert forms["checks"].form.startswith("list of (CheckResult), at most")
    assert forms["checks[].code"].required
    assert "at most 120 characters" in forms["plan.intent.symbol"].form


def test_the_first_release_that_knew_a_version_brought_it(tmp_path: Path) -> None:
    assert origins(tmp_path / "nowhere") is None
    for release, versions in (
        ("0.10.0", ["1.0", "1.1", "2.0"]),
        ("0.9.0", ["1.0", "1.1"]),
        ("0.1.0", ["1.0"]),
    ):
        facts = {"newest": versions[-1], "readable": versions, "frozen": {}}
        (tmp_path / f"{release}.json").write_text(json.dumps({"events": {"market.raw": facts}}))
    table = origins(tmp_path)
    assert table == {
        ("market.raw", "1.0"): "0.1.0",
        ("market.raw", "1.1"): "0.9.0",
        ("market.raw", "2.0"): "0.10.0",
    }
    page = events_page({}, releases=table)
    assert "* 1.0 (at-core 0.1.0): first frozen form." in page
    assert "* 1.1 (not released yet): `broker` added" in page
