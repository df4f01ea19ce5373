"""Consumer contracts are read from folders and packages, and every mistake is named with file, key and fix."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from at_core.contracts.consumers import load
from at_core.contracts.consumers.load import gather, installed_contracts, load_contract
from at_core.errors import ConfigurationError

GOOD = """
member = "at-desk"

[desk."trading.execution.fill"]
durables = ["desk-fills"]
mode = "observe"
majors = [1]
whole = true
fields = ["account", "side"]

[desk."trading.execution.fill".values]
side = ["BUY", "SELL"]
"""
WRITES = """
member = "at-desk"

[desk."trading.proposal.created"]
majors = [1]
fills = ["account"]
"""


def folder(place: Path, reads: str | None = GOOD, writes: str | None = WRITES) -> Path:
    place.mkdir(exist_ok=True)
    for name, text in (("consumes.toml", reads), ("produces.toml", writes)):
        if text is not None:
            (place / name).write_text(text, encoding="utf-8")
    return place


def test_a_contract_says_who_reads_and_writes_what(tmp_path: Path) -> None:
    contract = load_contract(folder(tmp_path))
    (reading,), (writing,) = contract.reads, contract.writes
    assert (contract.member, reading.role, reading.event_type) == (
        "at-desk",
        "desk",
        "trading.execution.fill",
    )
    assert (reading.durables, reading.mode, reading.majors) == (("desk-fills",), "observe", (1,))
    assert (reading.fields, reading.whole, reading.values) == (
        ("account", "side"),
        True,
        {"side": ("BUY", "SELL")},
    )
    assert (writing.event_type, writing.fills) == ("trading.proposal.created", ("account",))


@pytest.mark.parametrize("missing", ["reads", "writes"])
def test_one_of_the_two_files_is_enough(tmp_path: Path, missing: str) -> None:
    contract = load_contract(folder(tmp_path, **{missing: None}))
    assert (len(contract.reads), len(contract.writes)) == ((0, 1) if missing == "reads" else (1, 0))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mode = "observe"', 'mode = "watch"', "desk.trading.execution.fill.mode"),
        ('mode = "observe"\n', "", "mode': is missing; add it"),
        ("majors = [1]", "majors = []", "majors"),
        ('"account", ', '"account", "account", ', "key 'fields': says something twice"),
        ('"side"]\n\n', '"Side!"]\n\n', "is no field path"),
        ("whole = true", "hole = true", "hole': no such key"),
        ('side = ["BUY"', 'kind = ["BUY"', "kind is not among the fields"),
        ('fields = ["account", "side"]', "fields = ", "is no TOML"),
        ('member = "at-desk"', 'member = "At Desk"', "key 'member'"),
        ('member = "at-desk"', "", "key 'member'"),
    ],
)
def test_a_mistake_is_named_with_its_file_its_key_and_its_fix(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as told:
        load_contract(folder(tmp_path, GOOD.replace(old, new)))
    assert said in str(told.value)
    assert str(tmp_path) in str(told.value)


def test_a_reading_of_nothing_is_a_mistake(tmp_path: Path) -> None:
    text = GOOD.partition("whole")[0]
    with pytest.raises(ConfigurationError, match="list what is read, or set whole = true"):
        load_contract(folder(tmp_path, text))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    wrong = GOOD.replace('"observe"', '"watch"'), WRITES.replace("majors = [1]", "majors = [0]")
    with pytest.raises(ConfigurationError) as told:
        load_contract(folder(tmp_path, *wrong))
    assert "consumes.toml" in str(told.value)
    assert "produces.toml" in str(told.value)


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"neither consumes\.toml nor produces\.toml"):
        load_contract(tmp_path)


def installed(monkeypatch: pytest.MonkeyPatch, place: Path, name: str) -> None:
    package = place / "desk_package"
    folder(package)
    folder(package / "contracts")
    (package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(place)
    entry = EntryPoint(name, "desk_package", load.ENTRY_POINT_GROUP)
    monkeypatch.setattr(load, "entry_points", lambda group: [entry] if group == "at.contracts" else [])


def test_installed_packages_are_found_and_a_folder_replaces_its_members_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, tmp_path, "at-desk")
    assert [one.member for one in installed_contracts()] == ["at-desk"]
    newer = folder(tmp_path / "newer", GOOD.replace("desk-fills", "desk-all"))
    other = folder(tmp_path / "other", GOOD.replace("at-desk", "at-third"), None)
    found = gather([newer, other])
    assert [(one.member, one.reads[0].durables) for one in found] == [
        ("at-desk", ("desk-all",)),
        ("at-third", ("desk-fills",)),
    ]


def test_an_entry_point_under_another_name_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, tmp_path, "at-other")
    with pytest.raises(ConfigurationError, match="says at-desk, its entry point says at-other"):
        installed_contracts()


def test_a_member_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = EntryPoint("at-gone", "no_such_package", load.ENTRY_POINT_GROUP)
    monkeypatch.setattr(load, "entry_points", lambda group: [gone])
    with pytest.raises(ConfigurationError, match=r"'at-gone' of at\.contracts: No module named"):
        installed_contracts()
