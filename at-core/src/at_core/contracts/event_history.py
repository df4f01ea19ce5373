"""The history of an event: what each frozen version changed against the one before, told from the frozen schemas."""

from __future__ import annotations

from collections.abc import Sequence

from at_core.contracts.field_forms import FieldForm, field_forms
from at_core.contracts.frozen import FrozenContract

__all__ = ["changes", "since"]

_FACTS = ("producer", "stream", "keys", "expires")


def changes(older: FrozenContract, newer: FrozenContract) -> list[str]:
    """Return one sentence per difference; never empty, because a version that changed nothing says so."""
    before, after = _by_path(older), _by_path(newer)
    told = [
        f"`{path}` added ({_need(after[path])}): {after[path].form}" for path in after if path not in before
    ]
    told += [f"`{path}` removed" for path in before if path not in after]
    for path in after:
        if path not in before or before[path] == after[path]:
            continue
        old, new = before[path], after[path]
        if old.required != new.required:
            told.append(f"`{path}` was {_need(old)}, is {_need(new)}")
        if old.form != new.form:
            told.append(f"`{path}` was {old.form}; is {new.form}")
    for fact in _FACTS:
        was, now = getattr(older, fact), getattr(newer, fact)
        if was != now:
            told.append(f"{fact} was {was}, is {now}")
    return told or ["no field changed"]


def since(versions: Sequence[FrozenContract]) -> dict[str, str]:
    """Return for each field of the last version the version from which on it has been there without a gap."""
    table: dict[str, str] = {}
    for contract in versions:
        table = {path: table.get(path, contract.version) for path in _by_path(contract)}
    return table


def _by_path(contract: FrozenContract) -> dict[str, FieldForm]:
    return {field.path: field for field in field_forms(contract.reader)}


def _need(field: FieldForm) -> str:
    return "required" if field.required else "optional"
