"""Tests of the catalogue: what is read, what is found, and that every mistake names place, key and fix."""

from __future__ import annotations

import importlib.metadata
from decimal import Decimal
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from at_agents import catalogue
from at_agents.catalogue import ENTRY_POINT_GROUP, Seat, find_strategy, load_catalogue, offered_strategies
from at_agents.strategies import ema_cross, follow_signal
from at_core.enums import SizingMethod
from at_core.errors import ConfigurationError
from at_core.strategy import Strategy
from at_core.testing.builders import INSTRUMENTS

SHIPPED = Path(__file__).parents[1] / "config" / "strategies.toml"
GOOD = {"use": '"ema_cross"', "account": '"paper"', "sizing": '{ method = "FIXED", value = "1" }'}

local = Strategy("local", lambda *_: None)
not_a_strategy = 42


def table(name: str = "mine", **lines: str) -> str:
    return "\n".join(
        [f"[strategies.{name}]", *(f"{key} = {value}" for key, value in {**GOOD, **lines}.items())]
    )


def load(text: str) -> tuple[Seat, ...]:
    return load_catalogue(text, "strategies.toml", INSTRUMENTS)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    return str(caught.value).splitlines()


def test_a_table_becomes_a_seat_with_the_strategys_defaults_under_its_params() -> None:
    seat, *_ = load(
        table(params="{ fast = 3 }", symbols='["ETH/USDT"]', proposal_ttl_seconds="5", enabled="false")
    )
    assert (seat.name, seat.strategy, seat.account) == ("mine", ema_cross.strategy, "paper")
    assert seat.params == {"fast": 3, "slow": 26, "interval": "1"}
    assert (seat.symbols, seat.sources) == (frozenset({"ETH/USDT"}), None)
    assert (seat.proposal_ttl_seconds, seat.enabled) == (5, False)


@pytest.mark.parametrize("value", ['"2.5"', "2.5"])
def test_a_size_keeps_every_digit_as_written(value: str) -> None:
    sizing = load(table(sizing=f'{{ method = "EQUITY_PERCENT", value = {value} }}'))[0].sizing
    assert (sizing.method, sizing.value) == (SizingMethod.EQUITY_PERCENT, Decimal("2.5"))


def test_two_tables_may_use_one_strategy() -> None:
    assert [seat.name for seat in load(table("one") + "\n" + table("two"))] == ["one", "two"]


@pytest.mark.parametrize(
    ("lines", "key", "fix"),
    [
        ({"use": '"ema_crosss"'}, "mine.use", "use one of"),
        ({"use": '"at_agents.nowhere:strategy"'}, "mine.use", "install its package or correct the name"),
        ({"use": '"at_agents.catalogue:nothing"'}, "mine.use", "correct the name"),
        ({"use": '"test_catalogue:not_a_strategy"'}, "mine.use", "name an at_core.strategy.Strategy"),
        ({"colour": '"red"'}, "mine.colour", "remove it or correct the spelling"),
        ({"account": '"my account"'}, "mine.account", "correct it"),
        ({"symbols": "[]"}, "mine.symbols", "correct it"),
        ({"symbols": '["ETH/USD"]'}, "mine.symbols", "did you mean ETH/USDT"),
        ({"proposal_ttl_seconds": "0"}, "mine.proposal_ttl_seconds", "greater than or equal to 1"),
        ({"sizing": '{ method = "GUESS" }'}, "mine.sizing.method", "'FIXED'"),
        ({"sizing": '{ method = "FIXED" }'}, "mine.sizing.value", "greater than 0"),
        ({"sizing": '{ method = "FIXED", value = "-1" }'}, "mine.sizing.value", "greater than or equal to 0"),
        ({"sizing": '{ method = "CLOSE_POSITION" }'}, "mine.sizing.method", "no way to size an entry"),
        ({"params": "{ fats = 3 }"}, "mine.params.fats", "it has fast, slow, interval"),
        ({"params": '{ fast = "3" }'}, "mine.params.fast", "write a int"),
        ({"params": "{ fast = true }"}, "mine.params.fast", "write a int"),
        ({"params": "{ fast = 9, slow = 8 }"}, "mine.params", "smaller than slow"),
    ],
)
def test_a_mistake_names_its_file_its_key_and_its_fix(lines: dict[str, str], key: str, fix: str) -> None:
    (line,) = mistakes(table(**lines))
    assert line.startswith(f"strategies.toml: key 'strategies.{key}'")
    assert fix in line


def test_all_mistakes_are_named_at_once() -> None:
    found = mistakes(
        table("one", use='"nothing"', symbols='["DOGE"]') + "\n" + table("two", params="{ x = 1 }")
    )
    assert len(found) == 3


def test_missing_keys_are_named() -> None:
    assert "strategies.mine.account" in mistakes('[strategies.mine]\nuse = "ema_cross"')[0]


def test_the_desks_own_name_is_taken() -> None:
    assert "choose another" in mistakes(table("desk"))[0]


def test_broken_toml_is_named() -> None:
    assert "strategies.toml: not valid TOML" in mistakes("[strategies")[0]


def test_the_registered_strategies_are_found_by_their_entry_points() -> None:
    assert {"ema_cross", "follow_signal"} <= offered_strategies().keys()
    assert find_strategy("follow_signal") is follow_signal.strategy


def test_a_third_partys_strategy_is_found_through_the_entry_point_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def theirs(*, group: str) -> EntryPoints:
        assert group == ENTRY_POINT_GROUP
        return EntryPoints([EntryPoint("theirs", "test_catalogue:local", group)])

    monkeypatch.setattr(catalogue, "entry_points", theirs)
    found: Any = find_strategy("theirs")
    assert found.name == "local"
    assert load(table(use='"theirs"'))[0].strategy.name == "local"


def test_a_strategy_of_ones_own_needs_no_registration() -> None:
    assert find_strategy("test_catalogue:local").name == "local"


def test_the_package_registers_what_it_ships() -> None:
    points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    for name in ("ema_cross", "follow_signal"):
        assert isinstance(points[name].load(), Strategy)


def test_the_demos_catalogue_is_valid() -> None:
    seats = {seat.name: seat for seat in load_catalogue(SHIPPED.read_text(), str(SHIPPED), INSTRUMENTS)}
    assert seats["follow_signal"].symbols is None
    assert seats["ema_cross"].params == {"fast": 3, "slow": 8, "interval": "1"}
    assert {seat.account for seat in seats.values()} == {"paper"}
