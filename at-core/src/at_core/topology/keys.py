"""Keys: one nkey per role, made on first use, the seed readable by its owner only, the public key beside it."""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import nkeys

from at_core.errors import ConfigurationError
from at_core.topology.roles import ROLES

__all__ = [
    "PROVISIONER",
    "KeyFile",
    "create_keys",
    "key_names",
    "load_key",
    "public_key",
    "public_keys",
    "seed_path",
]

PROVISIONER = "provision"
"""The name of the provisioner's key. It is no role: nothing that runs all day holds it."""

_SEED_MODE = 0o600
_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One identity: where its seed lies and what its public key is."""

    name: str
    seed_file: Path
    public_key: str


def key_names() -> tuple[str, ...]:
    """Return the names of all identities: the roles and the provisioner."""
    return (*(role.name for role in ROLES), PROVISIONER)


def seed_path(folder: Path, name: str) -> Path:
    """Return where the seed of ``name`` lies under ``folder``."""
    return folder / f"{name}.nk"


def create_keys(folder: Path, names: tuple[str, ...] | None = None) -> dict[str, KeyFile]:
    """Make the keys that are missing under ``folder`` and return all of them; existing keys are never changed."""
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    wanted = key_names() if names is None else names
    for name in wanted:
        path = seed_path(folder, name)
        if not path.exists():
            _write_new_seed(path)
    keys = {name: load_key(folder, name) for name in wanted}
    for key in keys.values():
        key.seed_file.with_suffix(".pub").write_text(f"{key.public_key}\n")
    return keys


def load_key(folder: Path, name: str) -> KeyFile:
    """Return the key of ``name``; raise ConfigurationError when it is missing, unreadable or open to others."""
    path = seed_path(folder, name)
    if not path.is_file():
        raise ConfigurationError(
            f"{path}: key of {name!r} is missing; `at-core keys --folder {folder}` makes it"
        )
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path}: readable by others; run `chmod 600 {path}`")
    try:
        pair = nkeys.from_seed(bytearray(path.read_bytes().strip()))
    except (nkeys.NkeysError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: not an nkey seed; remove it and run `at-core keys` again"
        ) from error
    return KeyFile(name, path, pair.public_key.decode())


def public_keys(folder: Path) -> dict[str, str]:
    """Return the public key of every identity; see ``public_key``."""
    return {name: public_key(folder, name) for name in key_names()}


def public_key(folder: Path, name: str) -> str:
    """Return one public key, from its seed or, without one, from its ``.pub`` file; raise ConfigurationError."""
    public = seed_path(folder, name).with_suffix(".pub")
    if seed_path(folder, name).is_file():
        return load_key(folder, name).public_key
    if public.is_file():
        return _checked_public(public)
    raise ConfigurationError(f"{folder}: no key of {name!r}; `at-core keys --folder {folder}` makes it")


def _checked_public(path: Path) -> str:
    text = path.read_text().strip()
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise ConfigurationError(f"{path}: not a public nkey") from error
    if not text.startswith("U") or len(raw) != 35:
        raise ConfigurationError(f"{path}: not a public user nkey (U...)")
    return text


def _write_new_seed(path: Path) -> None:
    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    # O_EXCL: of two processes that start together one makes the key and the other reads it.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SEED_MODE)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(seed))
