"""The limits file: inheritance, digest, and a clear word for every mistake."""

import re
from decimal import Decimal

import pytest

from at_core.errors import ConfigurationError
from at_core.risk.limits_file import policy_from_toml

GOOD = """
[default]
symbols_allowed = ["*"]
notional_max = 25_000
symbol_exposure_max = 50_000
gross_exposure_max = 100_000
daily_loss_max = "2000.50"
price_collar_percent = 5
reference_age_seconds_max = 15
signal_age_seconds_max = 60

[account.paper]
notional_max = 20_000

[account.paper.symbol."BTC/USDT"]
price_collar_percent = "2.5"

[account.other]
"""


def test_nearer_tables_win_key_by_key() -> None:
    policy = policy_from_toml(GOOD)
    other, paper, btc = (
        policy.limits("other", "AAPL"),
        policy.limits("paper", "AAPL"),
        policy.limits("paper", "BTC/USDT"),
    )
    assert other is not None
    assert paper is not None
    assert btc is not None
    assert (other.notional_max, paper.notional_max, btc.notional_max) == (25_000, 20_000, 20_000)
    assert (paper.price_collar_percent, btc.price_collar_percent) == (Decimal(5), Decimal("2.5"))
    assert other.daily_loss_max == Decimal("2000.50")


def test_an_account_without_a_table_has_no_limits_and_so_no_entries() -> None:
    assert policy_from_toml(GOOD).limits("live", "BTC/USDT") is None


def test_symbols_are_allowed_by_name_or_all() -> None:
    some = policy_from_toml(GOOD.replace('["*"]', '["AAPL"]')).limits("paper", "AAPL")
    every = policy_from_toml(GOOD).limits("paper", "AAPL")
    assert some is not None
    assert every is not None
    assert some.allows("AAPL")
    assert not some.allows("NQ")
    assert every.allows("NQ")


def test_paper_defaults_are_strict() -> None:
    limits = policy_from_toml(GOOD).limits("paper", "AAPL")
    assert limits is not None
    assert limits.reference_required
    assert limits.approval_ttl_seconds == 30
    assert limits.hold_notional_above is None


def test_the_digest_tells_limits_apart_not_layouts() -> None:
    digest = policy_from_toml(GOOD).digest
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert policy_from_toml("# a comment\n" + GOOD.replace("25_000", '"25000.00"')).digest == digest
    assert policy_from_toml(GOOD.replace("25_000", "25_001")).digest != digest
    assert policy_from_toml(GOOD.replace('"2.5"', '"2.6"')).digest != digest
    assert policy_from_toml(GOOD + "\n[account.third]\n").digest != digest


def added(line: str) -> str:
    return GOOD.replace("[account.other]", f"[account.other]\n{line}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"no account has limits.*\[account\.NAME\]"),
        (GOOD[: GOOD.index("[account.paper]")], r"no account has limits"),
        ("[default", r"not valid TOML"),
        (GOOD + "\n[defaults]\n", r"unknown table \[defaults\]"),
        ("[account]\npaper = 5\n", r"account\.paper = 5 is no table"),
        (GOOD.replace("notional_max = 25_000", ""), r"\[account\.other\] notional_max is missing.*\[default\]"),
        (GOOD.replace("daily_loss_max", "daily_loss_maxx"), r"key daily_loss_maxx; did you mean daily_loss_max\?"),
        (GOOD.replace("daily_loss_max", "zzz"), r"unknown key zzz; known keys: symbols_allowed"),
        (GOOD.replace("20_000", "-1"), r"notional_max = -1: must not be negative"),
        (GOOD.replace("20_000", "0.5"), r"notional_max = 0\.5: .*in quotes"),
        (GOOD.replace("20_000", '"NaN"'), r"notional_max = 'NaN': .*plain decimal"),
        (GOOD.replace("20_000", '"1e3"'), r"notional_max = '1e3'"),
        (GOOD.replace("20_000", "true"), r"notional_max = True"),
        (GOOD.replace("max = 60", "max = -60"), r"signal_age_seconds_max = -60"),
        (GOOD.replace("max = 60", 'max = "60"'), r"signal_age_seconds_max = '60'"),
        (added("approval_ttl_seconds = 301"), r"approval_ttl_seconds = 301"),
        (added("reference_required = 1"), r"reference_required = 1"),
        (added("notional_min = 25_001"), r"notional_min 25001 is above notional_max"),
        (
            GOOD.replace('price_collar_percent = "2.5"', "gross_exposure_max = 1"),
            r'\[account\.paper\.symbol\."BTC/USDT"\] gross_exposure_max is a limit of the whole account',
        ),
    ],
)  # fmt: skip
def test_every_mistake_names_file_key_and_fix(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        policy_from_toml(text, "config/limits.toml")
    assert str(caught.value).startswith("config/limits.toml: ")


@pytest.mark.parametrize("change", [('["*"]', '["BTCUSDT"]'), ('symbol."BTC/USDT"', 'symbol."BTC/USD"')])
def test_a_misspelt_symbol_is_refused_so_that_the_real_one_keeps_its_limit(change: tuple[str, str]) -> None:
    policy = policy_from_toml(GOOD.replace(*change))
    with pytest.raises(ConfigurationError, match=r"limits\.toml: account '(paper|other)' names the symbol"):
        policy.require_known(["BTC/USDT", "AAPL"], "limits.toml")


def test_known_symbols_are_accepted() -> None:
    policy_from_toml(GOOD).require_known(["BTC/USDT"], "limits.toml")
