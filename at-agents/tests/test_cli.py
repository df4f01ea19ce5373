"""Tests of the command line: the list a person reads, and refusals that end in a sentence instead of a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from at_agents.cli import main

CATALOGUE = """
[strategies.slow_cross]
use = "ema_cross"
account = "paper"
symbols = ["ETH/USDT"]
sizing = { method = "FIXED", value = "0.5" }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strategies.toml").write_text(CATALOGUE)
    path = tmp_path / "agents.toml"
    path.write_text(
        'strategies_file = "strategies.toml"\n[bus]\nurl = "nats://127.0.0.1:1"\nseed_file = "agents.nk"\n'
    )
    return path


def test_strategies_lists_what_is_registered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategies"]) == 0
    out = capsys.readouterr().out
    assert "follow_signal" in out
    assert "fast=12, slow=26" in out


def test_strategies_with_a_configuration_lists_who_is_seated(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["strategies", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert "slow_cross" in out
    assert "account paper" in out
    assert "FIXED 0.5" in out


def test_a_mistake_in_the_catalogue_ends_in_its_sentence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.with_name("strategies.toml").write_text(CATALOGUE.replace("ema_cross", "ema_corss"))
    assert main(["strategies", "--config", str(config)]) == 2
    assert "key 'strategies.slow_cross.use'" in capsys.readouterr().err


def test_run_without_a_key_refuses_to_start_and_says_why(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--config", str(config)]) == 2
    assert "agents.nk" in capsys.readouterr().err


def test_run_without_a_catalogue_names_the_setting(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace('strategies_file = "strategies.toml"', ""))
    assert main(["run", "--config", str(config)]) == 2
    assert "AT_AGENTS_STRATEGIES_FILE" in capsys.readouterr().err
