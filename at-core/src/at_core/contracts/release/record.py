"""Release records: what a wheel offered, one file per released version, shipped in the wheel and never changed."""

from __future__ import annotations

import configparser
import json
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from at_core.contracts.release.source import read_sources
from at_core.contracts.release.surface import surface_of
from at_core.contracts.release.wire import wire_facts
from at_core.errors import ConfigurationError

__all__ = ["PACKAGE", "Record", "as_version", "load_records", "record_of_project", "record_of_wheel", "store"]

PACKAGE: Final = "at_core"
_RECORDS: Final = Path("src") / PACKAGE / "data" / "releases"
_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What one build offers to those who depend on it."""

    version: str
    names: Mapping[str, Mapping[str, Any]]
    """Module to public name to its description, see ``release.surface``."""
    events: Mapping[str, Mapping[str, Any]]
    """Type to ``newest``, ``readable`` (oldest first) and ``frozen`` (version to digest of its contract)."""
    envelope: str
    """SHA-256 of the envelope's JSON Schema, reader and writer."""
    scripts: Mapping[str, str]
    """Console scripts and what they start."""

    def as_bytes(self) -> bytes:
        """The file: stable, so that the same build always gives the same bytes."""
        document = {
            "form": _FORM,
            "version": self.version,
            "envelope": self.envelope,
            "scripts": dict(sorted(self.scripts.items())),
            "events": {name: _sorted(self.events[name]) for name in sorted(self.events)},
            "names": {module: self.names[module] for module in sorted(self.names)},
        }
        return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _sorted(event: Mapping[str, Any]) -> dict[str, Any]:
    return {**event, "frozen": dict(sorted(event["frozen"].items()))}


def as_version(text: str) -> tuple[int, int, int]:
    """Return ``0.10.2`` as numbers; raises ConfigurationError for any other form."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ConfigurationError(f"version {text!r}: write three numbers, as in 0.3.0")
    return int(parts[0]), int(parts[1]), int(parts[2])


def record_of_project(project: Path) -> Record:
    """Describe the tree in ``project``, the folder of its pyproject.toml."""
    path = project / "pyproject.toml"
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        version, scripts = str(declared["version"]), dict(declared.get("scripts", {}))
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigurationError(f"{path}: no readable [project] with a version ({error!r})") from error
    return _record(version, scripts, project / "src")


def record_of_wheel(wheel: Path) -> Record:
    """Describe a built wheel, from its content alone. Raises ConfigurationError when it is none of at-core."""
    with tempfile.TemporaryDirectory(prefix="at-release-") as name:
        place = Path(name)
        try:
            with ZipFile(wheel) as packed:
                packed.extractall(place)
        except (OSError, BadZipFile) as error:
            raise ConfigurationError(f"{wheel}: not a readable wheel ({error})") from error
        found = sorted(place.glob(f"{PACKAGE}-*.dist-info"))
        if len(found) != 1 or not (place / PACKAGE).is_dir():
            raise ConfigurationError(f"{wheel}: not a wheel of at-core")
        version = found[0].name.removeprefix(f"{PACKAGE}-").removesuffix(".dist-info")
        entries = configparser.ConfigParser(delimiters=("=",))
        entries.read(found[0] / "entry_points.txt", encoding="utf-8")
        scripts = dict(entries["console_scripts"]) if entries.has_section("console_scripts") else {}
        return _record(version, scripts, place)


def _record(version: str, scripts: Mapping[str, str], source: Path) -> Record:
    as_version(version)
    facts = wire_facts(source)
    try:
        names = surface_of(read_sources(source / PACKAGE))
    except SyntaxError as error:
        raise ConfigurationError(f"{source}: {error}; mend that first") from error
    return Record(version, names, facts["events"], facts["envelope"], scripts)


def load_records(project: Path) -> dict[str, Record]:
    """Return the records of the released versions, oldest first. Raises ConfigurationError for a damaged one."""
    found: dict[str, Record] = {}
    for path in sorted((project / _RECORDS).glob("*.json"), key=lambda path: as_version(path.stem)):
        try:
            document = json.loads(path.read_bytes())
            fields = {name: document[name] for name in ("version", "names", "events", "envelope", "scripts")}
            if document["form"] != _FORM or fields["version"] != path.stem:
                raise ConfigurationError(f"{path.name}: not the record of {path.stem}; restore it from git")
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{path.name}: damaged ({error!r}); restore it from git") from error
        found[path.stem] = Record(**fields)
    return found


def store(record: Record, project: Path) -> Path | None:
    """Write a record where the wheel picks it up; None when the same stands there already.

    Raises ConfigurationError when another stands there: what was released does not change afterwards.
    """
    path = project / _RECORDS / f"{record.version}.json"
    content = record.as_bytes()
    if path.is_file():
        if path.read_bytes() != content:
            raise ConfigurationError(
                f"{path.name}: another build was recorded as {record.version}; a record never changes, "
                f"give this build a new version"
            )
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
