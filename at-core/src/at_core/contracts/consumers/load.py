"""Loading: consumer contracts from installed packages or folders; every mistake named with file, key and fix."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from at_core.contracts.consumers.model import ANY, Contract, Mode, Reading, Writing
from at_core.errors import ConfigurationError

__all__ = ["CONSUMES", "ENTRY_POINT_GROUP", "PRODUCES", "gather", "installed_contracts", "load_contract"]

CONSUMES, PRODUCES = "consumes.toml", "produces.toml"
ENTRY_POINT_GROUP = "at.contracts"
"""An entry point ``<member> = "<package>"`` says that the package has a folder ``contracts``."""

_PATH = r"^[a-z][a-z0-9_]*(\[\])?(\.[a-z][a-z0-9_]*(\[\])?)*(\.\*)?$"
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,40}$")
_Path = Annotated[str, Field(pattern=_PATH, max_length=200)]
_Majors = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=16)]
_Values = Annotated[tuple[str, ...], Field(min_length=1, max_length=128)]
_Strict = ConfigDict(frozen=True, extra="forbid")


class _Reads(BaseModel):
    """One ``[<role>."<type>"]`` table of consumes.toml."""

    model_config = _Strict

    durables: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)]
    mode: Mode
    majors: _Majors
    fields: Annotated[tuple[_Path, ...], Field(max_length=256)] = ()
    whole: bool = False
    values: dict[_Path, _Values | Literal["any"]] = Field(default_factory=dict)


class _Writes(BaseModel):
    """One ``[<role>."<type>"]`` table of produces.toml."""

    model_config = _Strict

    majors: _Majors
    fills: Annotated[tuple[_Path, ...], Field(max_length=256)] = ()


_TableT = TypeVar("_TableT", _Reads, _Writes)
_READS: TypeAdapter[dict[str, dict[str, _Reads]]] = TypeAdapter(dict[str, dict[str, _Reads]])
_WRITES: TypeAdapter[dict[str, dict[str, _Writes]]] = TypeAdapter(dict[str, dict[str, _Writes]])


def gather(folders: Iterable[Traversable] = ()) -> tuple[Contract, ...]:
    """Return the contracts of all installed members and of ``folders``, by member; a folder replaces its member's own.

    Raises ConfigurationError that names every mistake.
    """
    found = {contract.member: contract for contract in installed_contracts()}
    found.update({contract.member: contract for contract in map(load_contract, folders)})
    return tuple(found[name] for name in sorted(found))


def installed_contracts() -> tuple[Contract, ...]:
    """Return the contracts of every installed package that declares some; raises ConfigurationError."""
    entries = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    contracts = []
    for name, package in {entry.name: entry.value for entry in entries}.items():
        try:
            folder = files(package) / "contracts"
        except ImportError as error:
            raise ConfigurationError(
                f"entry point {name!r} of {ENTRY_POINT_GROUP}: {error}; install that member again or remove it"
            ) from error
        contract = load_contract(folder, f"{package}/contracts")
        if contract.member != name:
            raise ConfigurationError(
                f"{package}/contracts: key 'member': says {contract.member}, its entry point says {name}"
            )
        contracts.append(contract)
    return tuple(contracts)


def load_contract(folder: Traversable, place: str = "") -> Contract:
    """Return the contract in ``folder`` (consumes.toml, produces.toml, or one of them).

    Raises ConfigurationError that names every mistake with file, key and fix.
    """
    place = place or str(folder)
    problems: list[str] = []
    read = _document(folder, place, CONSUMES, problems)
    written = _document(folder, place, PRODUCES, problems)
    if read is None and written is None:
        problems.append(f"{place}: neither {CONSUMES} nor {PRODUCES} is there; name a folder that has one")
    names = {str(text.pop("member", "")) for text in (read, written) if text is not None}
    if not problems and (len(names) > 1 or not all(_NAME.match(name) for name in names)):
        said = ", ".join(repr(name) for name in sorted(names))
        problems.append(f"{place}: key 'member': is {said}; say the member's one name in every file")
    reads = _tables(_READS, read, f"{place}/{CONSUMES}", problems)
    writes = _tables(_WRITES, written, f"{place}/{PRODUCES}", problems)
    for role, event_type, table in reads:
        problems += _contradictions(f"{place}/{CONSUMES}: [{role}.{event_type!r}]", table)
    if problems:
        raise ConfigurationError("\n".join(problems))
    member = next(iter(names))
    return Contract(
        member,
        tuple(_reading(member, role, name, table) for role, name, table in reads),
        tuple(Writing(member, role, name, table.majors, table.fills) for role, name, table in writes),
    )


def _reading(member: str, role: str, event_type: str, table: _Reads) -> Reading:
    return Reading(
        member=member,
        role=role,
        event_type=event_type,
        durables=table.durables,
        mode=table.mode,
        majors=table.majors,
        fields=table.fields,
        whole=table.whole,
        values=table.values,
    )


def _document(folder: Traversable, place: str, name: str, problems: list[str]) -> dict[str, Any] | None:
    file = folder / name
    if not file.is_file():
        return None
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{place}/{name}: is no TOML: {error}; correct the line")
        return None


def _tables(
    adapter: TypeAdapter[dict[str, dict[str, _TableT]]],
    document: Mapping[str, Any] | None,
    place: str,
    problems: list[str],
) -> list[tuple[str, str, _TableT]]:
    try:
        tables = adapter.validate_python(document or {})
    except ValidationError as error:
        problems += _explain(place, error)
        return []
    return [(role, name, table) for role, types in tables.items() for name, table in types.items()]


def _contradictions(place: str, table: _Reads) -> Iterator[str]:
    for key, given in (("fields", table.fields), ("durables", table.durables), ("majors", table.majors)):
        if len(set(given)) != len(given):
            yield f"{place}: key {key!r}: says something twice; keep one"
    for path in table.values:
        if path not in table.fields:
            yield f"{place}: key 'values': {path} is not among the fields; add it there or remove it"
    if not table.fields and not table.whole:
        yield f"{place}: key 'fields': is empty; list what is read, or set whole = true"


def _explain(place: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            fix = "no such key; remove it or correct the spelling"
        elif problem["type"] == "missing":
            fix = "is missing; add it"
        elif problem["type"] == "string_pattern_mismatch":
            fix = "is no field path; write account, plan.intent.side, checks[].code or plan.*"
        else:
            fix = f"{problem['msg']}; correct it (values are a list, or {ANY!r})"
        yield f"{place}: key {key!r}: {fix}"
