"""Keys: made once, private, checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from at_core.errors import ConfigurationError
from at_core.topology.keys import create_keys, key_names, load_key, public_keys, seed_path


def test_every_identity_gets_a_private_key_of_its_own(tmp_path: Path) -> None:
    keys = create_keys(tmp_path / "keys")
    assert tuple(keys) == key_names()
    assert "provision" in keys
    assert len({key.public_key for key in keys.values()}) == len(keys)
    assert all(key.public_key.startswith("U") for key in keys.values())
    assert {key.seed_file.stat().st_mode & 0o777 for key in keys.values()} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_existing_keys_are_kept(tmp_path: Path) -> None:
    first = create_keys(tmp_path)
    seed_path(tmp_path, "gate").unlink()
    second = create_keys(tmp_path)
    assert second["gate"].public_key != first["gate"].public_key
    assert {name for name in first if first[name] == second[name]} == set(first) - {"gate"}


def test_public_keys_are_known_without_the_seeds(tmp_path: Path) -> None:
    keys = create_keys(tmp_path)
    for key in keys.values():
        key.seed_file.unlink()
    assert public_keys(tmp_path) == {name: key.public_key for name, key in keys.items()}


def test_a_seed_that_others_can_read_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path)
    seed_path(tmp_path, "gate").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_key(tmp_path, "gate")


@pytest.mark.parametrize("content", [b"", b"SUANOTASEED", b"\xff\xfe"])
def test_a_file_that_is_no_seed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = seed_path(tmp_path, "gate")
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="not an nkey seed"):
        load_key(tmp_path, "gate")


@pytest.mark.parametrize("content", ["", "UAAA", "Ü", 'U" } evil {'])
def test_a_public_key_that_is_none_never_reaches_the_configuration(tmp_path: Path, content: str) -> None:
    create_keys(tmp_path)
    seed_path(tmp_path, "gate").unlink()
    (tmp_path / "gate.pub").write_text(content)
    with pytest.raises(ConfigurationError, match="public"):
        public_keys(tmp_path)


def test_missing_keys_name_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="at-core keys"):
        public_keys(tmp_path)
