"""The engine's settings: live is refused with a sentence, and what they say reaches the venue and the engine."""

from decimal import Decimal
from pathlib import Path

import pytest

from at_core.errors import ConfigurationError
from at_core.runtime.settings import load_settings
from at_core.testing.builders import INSTRUMENTS
from at_exec_sim.bootstrap import engine_config, venue_config
from at_exec_sim.cli import main
from at_exec_sim.settings import EngineSettings

MINIMAL = """
gate_public_key = "U{key}"
venue_file = ":memory:"
[bus]
url = "nats://127.0.0.1:4222"
seed_file = "engine.nk"
""".replace("{key}", "A" * 55)


def _load(folder: Path, text: str) -> EngineSettings:
    path = folder / "engine.toml"
    path.write_text(text)
    return load_settings(EngineSettings, path)


def test_paper_is_the_default_and_live_is_refused_with_a_sentence(tmp_path: Path) -> None:
    assert _load(tmp_path, MINIMAL).mode == "paper"
    with pytest.raises(ConfigurationError, match="live trading is not available in this build; set mode to"):
        _load(tmp_path, f'mode = "live"\n{MINIMAL}')


def test_live_is_refused_by_the_command_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.toml"
    path.write_text(f'mode = "live"\n{MINIMAL}')
    assert main(["engine", "--config", str(path)]) == 2
    assert "live trading is not available" in capsys.readouterr().err


def test_what_the_file_says_reaches_the_venue_and_the_engine(tmp_path: Path) -> None:
    text = f'paper_cash = "5"\nsettle_seconds = 7\n{MINIMAL}[venue]\nseed = 3\nslippage_bps = "9"\nlatency = "fixed"\n'
    settings = _load(tmp_path, text)
    engine, venue = engine_config(settings), venue_config(settings.venue, INSTRUMENTS)
    assert (engine.paper_cash, engine.settle_seconds) == (Decimal(5), 7.0)
    assert (venue.seed, venue.slippage.bps, venue.latency.kind) == (3, Decimal(9), "fixed")


@pytest.mark.parametrize(
    "line",
    ['gate_public_key = "S123"', "lookup_delays_seconds = []", 'paper_cash = "0"', 'broker = "somebody"'],
)
def test_a_wrong_value_is_named(tmp_path: Path, line: str) -> None:
    key = line.split(" ", 1)[0]
    kept = "\n".join(text for text in MINIMAL.splitlines() if not text.startswith(key))
    with pytest.raises(ConfigurationError, match=key):
        _load(tmp_path, f"{line}\n{kept}")
