"""Settings: layers and mistakes."""

from pathlib import Path
from typing import ClassVar

import pytest

from at_core.errors import ConfigurationError
from at_core.runtime.settings import ServiceSettings, load_settings


class DeskSettings(ServiceSettings):
    ENV_PREFIX: ClassVar[str] = "AT_TEST_"

    desk_size: int = 1


GOOD = 'desk_size = 2\n[bus]\nurl = "nats://127.0.0.1:1"\nseed_file = "seed"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(GOOD)
    return path


def test_environment_over_dotenv_over_toml(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("AT_TEST_DESK_SIZE=3\nAT_TEST_BUS__URL=nats://127.0.0.1:2\n")
    assert load_settings(DeskSettings, config).desk_size == 2
    assert load_settings(DeskSettings, config, dotenv).desk_size == 3
    monkeypatch.setenv("AT_TEST_DESK_SIZE", "4")
    settings = load_settings(DeskSettings, config, dotenv)
    assert settings.desk_size == 4
    assert settings.bus.url == "nats://127.0.0.1:2"
    assert str(settings.bus.seed_file) == "seed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("url", "ulr"), r"desk\.toml: key 'bus\.url': missing: .*AT_TEST_BUS__URL"),
        (GOOD.replace("desk_size", "desk_sise"), r"key 'desk_sise': extra_forbidden: remove it"),
        (GOOD.replace("= 2", "= 'many'"), r"key 'desk_size': int_parsing: .*AT_TEST_DESK_SIZE"),
        (GOOD + "[http]\nport = 70000\n", r"key 'http\.port'"),
        ("desk_size = ", "not valid TOML"),
    ],
)
def test_every_mistake_names_file_key_and_fix(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        load_settings(DeskSettings, config)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml"):
        load_settings(DeskSettings, tmp_path / "absent.toml")


def test_the_environment_is_not_read_by_accident(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("PORT", "1")
    settings = load_settings(DeskSettings, config)
    assert settings.http.host == "127.0.0.1"
    assert settings.http.port == 0


def test_emitted_majors_come_from_every_layer(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(GOOD + '[emit_major]\n"a.b" = 1\n"c.d" = 2\n')
    assert load_settings(DeskSettings, config).emit_major == {"a.b": 1, "c.d": 2}
    dotenv = tmp_path / ".env"
    dotenv.write_text('AT_TEST_EMIT_MAJOR={"a.b": 3}\n')
    assert load_settings(DeskSettings, config, dotenv).emit_major == {"a.b": 3, "c.d": 2}
    monkeypatch.setenv("AT_TEST_EMIT_MAJOR", '{"a.b": 4}')
    assert load_settings(DeskSettings, config, dotenv).emit_major == {"a.b": 4, "c.d": 2}
    config.write_text(GOOD + '[emit_major]\n"a.b" = 0\n')
    monkeypatch.delenv("AT_TEST_EMIT_MAJOR")
    with pytest.raises(ConfigurationError, match=r"key 'emit_major\.a\.b'"):
        load_settings(DeskSettings, config)
