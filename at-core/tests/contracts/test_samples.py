"""Frozen samples: complete, readable by every later build, at the bounds and not beyond, and never changed."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from at_core.contracts.freeze import check, freeze
from at_core.contracts.frozen import FrozenContract, frozen_contracts, frozen_folder, frozen_samples
from at_core.contracts.sample_rules import SUMS_FILE, check_samples, complete_samples
from at_core.contracts.samples import UNKNOWN_FIELD, Place, missing_fields, places, samples_of
from at_core.enums import Liquidity, OrderStatus, Side
from at_core.errors import Undecodable
from at_core.events import encode
from at_core.events.codec import decode_body
from at_core.events.registry import newest_major

SHIPPED = Path(str(frozen_folder()))
WHEELS = Path(__file__).parents[1] / "interop" / "wheels"
CONTRACTS = [contract for versions in frozen_contracts().values() for contract in versions]
NEWEST = [contract for contract in CONTRACTS if contract.major == newest_major(contract.event_type)]
each_contract = pytest.mark.parametrize(
    "contract", CONTRACTS, ids=lambda contract: f"{contract.event_type}-{contract.version}"
)
each_newest = pytest.mark.parametrize(
    "contract", NEWEST, ids=lambda contract: f"{contract.event_type}-{contract.version}"
)


def _samples(contract: FrozenContract) -> dict[str, bytes]:
    return frozen_samples(contract.event_type, contract.version)


def _reads(contract: FrozenContract, body: Any) -> bool:
    try:
        decode_body(contract.event_type, contract.major, json.dumps(body).encode())
    except Undecodable:
        return False
    return True


def test_the_shipped_registry_keeps_every_rule() -> None:
    assert list(check_samples(SHIPPED)) == []


@each_contract
def test_names_are_safe_on_every_file_system(contract: FrozenContract) -> None:
    names = list(_samples(contract))
    assert {"full", "every-field", "minimal", "unknown-field"} <= set(names)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(f"{name}.json") < 128 for name in names)


@each_contract
def test_deriving_is_deterministic(contract: FrozenContract) -> None:
    full = _samples(contract)["full"]
    assert samples_of(contract, full) == samples_of(contract, full)


@each_newest
def test_samples_are_what_a_writer_of_this_build_writes(contract: FrozenContract) -> None:
    for name, body in _samples(contract).items():
        written = encode(decode_body(contract.event_type, contract.major, body))
        if name == "unknown-field":
            assert written == _samples(contract)["every-field"]
        elif name == "minimal":
            assert len(written) >= len(body)  # what the reader assumes is written out
        else:
            assert written == body, name


def test_every_value_of_every_vocabulary_has_its_sample() -> None:
    for version in ("1.0", "1.1"):
        named = {
            name for name in frozen_samples("trading.execution.fill", version) if name.startswith("enum-")
        }
        assert named == {
            *(f"enum-side-{value}" for value in Side),
            *(f"enum-liquidity-{value}" for value in Liquidity),
            *(f"enum-status-{value}" for value in OrderStatus),
        }
    nested = frozen_samples("trading.proposal.created", "1.0")
    assert {f"enum-plan.intent.side-{value}" for value in Side} <= nested.keys()


def _placed(body: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(body))
    part: Any = changed
    for key in place.keys[:-1]:
        part = part[key]
    part[place.keys[-1]] = value
    return changed


def _beyond(place: Place) -> list[Any]:
    """Values one step outside of what the schema of a place allows."""
    schema = place.schema
    values: list[Any] = []
    if schema.get("format", "").startswith("decimal"):
        values += ["1" + "0" * 20, "0." + "0" * 18 + "1", "1E+2", 1]
        values += {"decimal-positive": ["0", "-1"], "decimal-unsigned": ["-1"], "decimal-ratio": ["1.1"]}.get(
            schema["format"], []
        )
    if "maxLength" in schema:
        values.append("x" * (schema["maxLength"] + 1))
    if "minimum" in schema:
        values.append(schema["minimum"] - 1)
    if "enum" in schema:
        values.append("NOT_IN_THE_VOCABULARY")
    return values


@each_newest
def test_one_step_beyond_a_bound_is_refused(contract: FrozenContract) -> None:
    every = json.loads(_samples(contract)["every-field"])
    assert _reads(contract, every)
    for place in places(contract, every):
        for value in _beyond(place):
            assert not _reads(contract, _placed(every, place, value)), (place.path, value)
        if "maxItems" in place.schema:
            longest = json.loads(_samples(contract)[f"bound-{place.path}-longest"])
            items = longest
            for key in place.keys:
                items = items[key]
            assert len(items) == place.schema["maxItems"]
            assert not _reads(contract, _placed(every, place, [*items, items[0]])), place.path


@each_contract
def test_unknown_fields_stand_at_every_level(contract: FrozenContract) -> None:
    body = json.loads(_samples(contract)["unknown-field"])
    objects = [place for place in places(contract, body) if "properties" in place.schema]
    for place in objects:
        part = body
        for key in place.keys:
            part = part[key]
        assert UNKNOWN_FIELD in part, place.path
    assert UNKNOWN_FIELD in body


def test_full_samples_of_the_first_versions_leave_fields_out_and_every_field_does_not() -> None:
    contract = frozen_contracts()["market.raw"][0]
    samples = _samples(contract)
    assert "bid" in set(missing_fields(contract, json.loads(samples["full"])))
    assert not set(missing_fields(contract, json.loads(samples["every-field"])))


@pytest.mark.parametrize("wheel", sorted(WHEELS.glob("*.whl")), ids=lambda wheel: wheel.name)
def test_what_was_released_stands_unchanged(wheel: Path) -> None:
    folder = "at_core/data/registry/"
    with zipfile.ZipFile(wheel) as archive:
        released = [
            name for name in archive.namelist() if name.startswith(folder) and not name.endswith(SUMS_FILE)
        ]
        changed = [
            name
            for name in released
            if (SHIPPED / name.removeprefix(folder)).read_bytes() != archive.read(name)
        ]
    assert changed == []


@pytest.fixture
def version(tmp_path: Path) -> Path:
    assert freeze(tmp_path)
    assert check(tmp_path) == []
    return tmp_path / "market.raw" / "1.0"


def _edit(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def edit(version: Path) -> None:
        path = version / "samples" / f"{name}.json"
        body = json.loads(path.read_text())
        change(body)
        path.write_text(json.dumps(body))

    return edit


WRONGS: list[tuple[Callable[[Path], Any], set[str]]] = [
    (lambda version: (version / "samples" / "minimal.json").unlink(), {"FILE_GONE", "NO_SAMPLE"}),
    (
        lambda version: (version / "samples" / "another.json").write_text("{}"),
        {"FILE_NOT_LISTED", "SAMPLE_UNREADABLE"},
    ),
    (_edit("enum-kind-BAR", lambda body: body.update(close="7")), {"FILE_CHANGED"}),
    (_edit("enum-kind-BAR", lambda body: body.update(close=7)), {"FILE_CHANGED", "SAMPLE_UNREADABLE"}),
    (_edit("minimal", lambda body: body.update(close="7")), {"FILE_CHANGED", "SAMPLE_NOT_MINIMAL"}),
    (_edit("every-field", lambda body: body.pop("close")), {"FILE_CHANGED", "SAMPLE_NOT_FULL"}),
    (
        _edit("every-field", lambda body: body.update(provider=UNKNOWN_FIELD)),
        {"FILE_CHANGED", "SAMPLE_KEEPS_UNKNOWN"},
    ),
    (lambda version: (version / SUMS_FILE).unlink(), {"FILE_NOT_LISTED"}),
    (lambda version: (version / "contract.json").unlink(), {"FILE_GONE", "NOT_FROZEN"}),
]


@pytest.mark.parametrize(("wrong", "rules"), WRONGS)
def test_each_wrong_has_its_rule(version: Path, wrong: Callable[[Path], Any], rules: set[str]) -> None:
    wrong(version)
    assert {problem.rule for problem in check(version.parents[1])} == rules


def test_the_set_grows_and_nothing_in_it_is_written_again(version: Path) -> None:
    before = {path: path.read_bytes() for path in version.rglob("*.json")}
    path = version / "samples" / "seen-in-the-wild.json"
    path.write_bytes(before[version / "samples" / "full.json"])
    assert complete_samples(version.parents[1]) == [version / SUMS_FILE]
    assert check(version.parents[1]) == []
    assert {path: path.read_bytes() for path in before} == before
    path.write_bytes(before[version / "samples" / "minimal.json"])
    assert complete_samples(version.parents[1]) == []  # a changed file is not listed anew
    assert {problem.rule for problem in check(version.parents[1])} == {"FILE_CHANGED"}


def test_a_pattern_without_an_example_is_named() -> None:
    contract = frozen_contracts()["market.raw"][0]
    reader = json.loads(json.dumps(contract.reader))
    reader["properties"]["odd"] = {"type": "string", "pattern": "^odd[0-9]$"}
    with pytest.raises(ValueError, match="odd: no example"):
        samples_of(replace(contract, reader=reader), _samples(contract)["full"])
