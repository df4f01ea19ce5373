"""The frozen registry: what every (type, version) ever released looks like, read from the installed package.

One folder per version, ``data/registry/<type>/<major>.<minor>/``: ``contract.json`` (catalogue facts, reader schema,
writer schema), ``samples/<name>.json`` (exact bodies, see ``at_core.contracts.samples`` for the names) and
``SHA256SUMS``. A file that stands there never changes and never goes; samples, and so lines of the sums, may be added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from at_core.errors import ConfigurationError

__all__ = [
    "CONTRACT_FILE",
    "FrozenContract",
    "contract_of",
    "frozen_contracts",
    "frozen_folder",
    "frozen_samples",
    "version_key",
]

CONTRACT_FILE = "contract.json"


@dataclass(frozen=True, slots=True)
class FrozenContract:
    """One frozen (type, version)."""

    event_type: str
    version: str
    producer: str
    stream: str
    keys: tuple[str, ...]
    expires: bool
    reader: Mapping[str, Any]
    """JSON Schema of what is accepted (Pydantic's validation mode)."""
    writer: Mapping[str, Any]
    """JSON Schema of what is sent (Pydantic's serialization mode)."""

    @property
    def major(self) -> int:
        """The major version."""
        return version_key(self.version)[0]


def version_key(version: str) -> tuple[int, int]:
    """Return ``"1.10"`` as ``(1, 10)``; raises ValueError for another form."""
    major, minor = version.split(".")
    return int(major), int(minor)


def frozen_folder() -> Traversable:
    """The registry inside the installed package."""
    return files("at_core") / "data" / "registry"


def frozen_contracts(folder: Traversable | None = None) -> dict[str, tuple[FrozenContract, ...]]:
    """Return every frozen contract: type to its versions, oldest first. Types in the order of their names.

    Raises ConfigurationError naming a file that is no contract any more.
    """
    table: dict[str, tuple[FrozenContract, ...]] = {}
    for place in sorted((folder or frozen_folder()).iterdir(), key=lambda entry: entry.name):
        if place.is_dir():
            versions = sorted(place.iterdir(), key=lambda entry: version_key(entry.name))
            files_there = (version / CONTRACT_FILE for version in versions)
            table[place.name] = tuple(_read(file) for file in files_there if file.is_file())
    return table


def frozen_samples(event_type: str, version: str, folder: Traversable | None = None) -> dict[str, bytes]:
    """Return the exact sample bodies of one version by name; raises FileNotFoundError when it was never frozen."""
    place = (folder or frozen_folder()) / event_type / version / "samples"
    found = sorted(place.iterdir(), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".json"): entry.read_bytes().rstrip(b"\n") for entry in found}


def _read(file: Traversable) -> FrozenContract:
    try:
        return contract_of(json.loads(file.read_text("utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{file}: not a frozen contract any more ({type(error).__name__}: {error}); restore the file"
        ) from error


def contract_of(document: Mapping[str, Any]) -> FrozenContract:
    """Return the contract that the content of a ``contract.json`` describes; raises KeyError when it is none."""
    return FrozenContract(
        event_type=document["type"],
        version=document["version"],
        producer=document["producer"],
        stream=document["stream"],
        keys=tuple(document["keys"]),
        expires=document["expires"],
        reader=document["reader"],
        writer=document["writer"],
    )
