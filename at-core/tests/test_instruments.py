"""The instrument registry."""

from decimal import Decimal
from importlib.resources import files

import pytest

from at_core.errors import ConfigurationError
from at_core.instruments import Instruments

PACKAGED = (files("at_core") / "data" / "instruments.toml").read_text("utf-8")

ONE = """
[[instrument]]
symbol = "A"
venue = "V"
asset_class = "EQUITY"
currency = "USD"
tick_size = "0.01"
lot_size = "1"
quantity_min = "1"
quantity_max = "10"
"""


def test_packaged_instruments_are_found_by_symbol_and_alias() -> None:
    known = Instruments.from_toml(PACKAGED)
    bitcoin = known.find("binance:btcusdt")
    assert bitcoin is not None
    assert bitcoin.symbol == "BTC/USDT"
    assert known.get("BTCUSDT") is None
    assert bitcoin.price(Decimal("42000.126")) == Decimal("42000.13")
    assert bitcoin.quantity(Decimal("0.123456789")) == Decimal("0.12345")


def test_a_future_counts_its_multiplier() -> None:
    future = Instruments.from_toml(PACKAGED).get("NQ")
    assert future is not None
    assert future.notional(Decimal(-2), Decimal(20_000)) == 800_000


def test_unknown_names_get_the_nearest_known_ones() -> None:
    assert Instruments.from_toml(PACKAGED).nearest("BTCUSD")[0] == "BTC/USDT"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[instrument", "not valid TOML"),
        (ONE.replace('"0.01"', "0.01"), "tick_size"),
        (ONE + "colour = 'red'\n", "colour"),
        (ONE + ONE.replace('"A"', '"B"') + 'aliases = ["a"]\n', "belongs to both A and B"),
    ],
)
def test_mistakes_are_named(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Instruments.from_toml(text, "my.toml")
