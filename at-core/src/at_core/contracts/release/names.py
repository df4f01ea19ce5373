"""Names: what changed between the public names of two builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from at_core.contracts.release.classes import compare_classes, compare_lines
from at_core.contracts.release.rules import Finding

__all__ = ["compare_names"]

Surface = Mapping[str, Mapping[str, Any]]


def compare_names(old: Surface, new: Surface) -> Iterator[Finding]:
    """Yield every change a user of the package can notice; what a class inherits is told of its base alone."""
    found = list(_all(old, new))
    told = {(one.rule, one.name, one.place.rpartition(".")[2], one.old, one.new) for one in found}
    entries = {
        name: entry for names in new.values() for name, entry in names.items() if isinstance(entry, dict)
    }
    for one in found:
        bases = entries.get(one.name, {}).get("bases", ())
        member = one.place.rpartition(".")[2]
        if not any((one.rule, base, member, one.old, one.new) in told for base in bases):
            yield one


def _all(old: Surface, new: Surface) -> Iterator[Finding]:
    for module in sorted(old.keys() - new.keys()):
        yield Finding("MODULE_REMOVED", module, f"{len(old[module])} names", "", module)
    for module in sorted(new.keys() - old.keys()):
        yield Finding("MODULE_ADDED", module, "", f"{len(new[module])} names", module)
    for module in sorted(old.keys() & new.keys()):
        before, after = old[module], new[module]
        for name in sorted(before.keys() - after.keys()):
            yield Finding("NAME_REMOVED", f"{module}.{name}", _short(before[name]), "", name)
        for name in sorted(after.keys() - before.keys()):
            yield Finding("NAME_ADDED", f"{module}.{name}", "", _short(after[name]), name)
        for name in sorted(before.keys() & after.keys()):
            # A name that is handed on by the same module in both builds is judged where it is defined.
            if before[name] != after[name]:
                was, now = _resolved(old, before[name]), _resolved(new, after[name])
                yield from _compare(f"{module}.{name}", name, was, now)


def _compare(place: str, name: str, old: Any, new: Any) -> Iterator[Finding]:
    if isinstance(old, str) and isinstance(new, str):
        yield from compare_lines(place, name, old, new)
    elif not isinstance(old, str) and not isinstance(new, str):
        yield from compare_classes(place, name, old, new)
    else:
        yield Finding("KIND_CHANGED", place, _short(old), _short(new), name)


def _resolved(surface: Surface, entry: Any) -> Any:
    """Return the definition behind ``same at_core.events.fill.FillEvent``."""
    if isinstance(entry, str) and entry.startswith("same "):
        module, _, name = entry.removeprefix("same ").rpartition(".")
        return surface[module][name]
    return entry


def _short(entry: Any) -> str:
    return entry if isinstance(entry, str) else f"class, {entry['form']}"
