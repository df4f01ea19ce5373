"""The rendered configuration: the server accepts it, and a mistake in it is found before it is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from at_core.topology.accounts import ServerOptions, render
from at_core.topology.keys import create_keys
from at_core.topology.server import check_configuration


@pytest.fixture
def public(tmp_path: Path) -> dict[str, str]:
    return {name: key.public_key for name, key in create_keys(tmp_path / "keys").items()}


def rendered(tmp_path: Path, public: dict[str, str], monitor_port: int | None = 8222) -> str:
    return render(ServerOptions(store_dir=tmp_path / "js", monitor_port=monitor_port), public)


def test_the_server_accepts_the_rendered_file(tmp_path: Path, public: dict[str, str]) -> None:
    file = tmp_path / "nats.conf"
    file.write_text(rendered(tmp_path, public))
    assert check_configuration(file) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sync_interval: always", "sync_interval: allways"),
        ("max_payload: 1MB", "max_paylod: 1MB"),
        ("accounts {", "accounts {{"),
        ("response_type: stream", "response_type: streem"),
    ],
)
def test_a_mistake_in_the_file_is_found(
    tmp_path: Path, public: dict[str, str], right: str, wrong: str
) -> None:
    text = rendered(tmp_path, public)
    assert right in text
    file = tmp_path / "nats.conf"
    file.write_text(text.replace(right, wrong))
    assert check_configuration(file) != ""


def test_what_is_promised_is_on_the_disk_and_the_monitor_is_on_loopback(
    tmp_path: Path, public: dict[str, str]
) -> None:
    text = rendered(tmp_path, public)
    assert "sync_interval: always" in text
    assert 'http: "127.0.0.1:8222"' in text
    assert "http:" not in rendered(tmp_path, public, None)


def test_the_configuration_holds_no_secret(tmp_path: Path, public: dict[str, str]) -> None:
    seeds = [path.read_text().strip() for path in (tmp_path / "keys").glob("*.nk")]
    text = rendered(tmp_path, public)
    assert len(seeds) == len(public)
    assert not [seed for seed in seeds if seed in text]
    assert all(text.count(key) == 1 for key in public.values())


def test_a_role_without_a_key_is_not_left_out_silently(tmp_path: Path, public: dict[str, str]) -> None:
    del public["gate"]
    with pytest.raises(KeyError, match="gate"):
        rendered(tmp_path, public)


def test_a_name_that_would_break_out_of_its_quotes_is_refused(tmp_path: Path, public: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        render(ServerOptions(store_dir=tmp_path / "js", server_name='x" authorization { }'), public)
