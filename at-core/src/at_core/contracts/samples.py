"""Samples: bodies derived from a version's full one, at the edges of what its frozen reader schema allows.

Pure and deterministic. Per version: ``every-field`` (nothing left out), ``minimal`` (required fields only),
``unknown-field`` (what a newer writer could add, at every level), ``enum-<path>-<value>`` for every value of every
closed vocabulary, ``bound-<path>-<which>`` at the bounds of numbers and collections, and ``bound-all-<which>`` with
every text at its shortest, at its longest, and beyond ASCII. A path names fields with dots; items of a list bear the
list's own name.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from at_core.contracts.frozen import FrozenContract
from at_core.events.codec import decode_body, encode
from at_core.events.registry import newest_major
from at_core.ids import natural_id

__all__ = ["UNKNOWN_FIELD", "Place", "missing_fields", "places", "samples_of", "without_each_field"]

UNKNOWN_FIELD: Final = "from_a_newer_writer"
"""The name that ``unknown-field`` adds to every object; no schema may use it."""

_UNKNOWN: Final = {"nested": [1, "two", None, {"deep": True}]}
_FIXED: Final = frozenset({"type", "schema_version"})
"""Follow from the folder: no vocabulary to walk through, no bound to try."""

_LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it a reader that keeps numbers as floats loses digits."""

_NINES: Final = f"{'9' * 20}.{'9' * 18}"
_PLACES: Final = f"0.{'0' * 17}1"
_DECIMALS: Final[Mapping[str, Mapping[str, str]]] = {
    "decimal": {"smallest": f"-{_NINES}", "largest": _NINES, "zero": "0", "places": _PLACES},
    "decimal-unsigned": {"zero": "0", "largest": _NINES, "places": _PLACES},
    "decimal-positive": {"smallest": _PLACES, "largest": _NINES},
    "decimal-ratio": {"zero": "0", "largest": "1", "places": _PLACES},
}
_EXAMPLES: Final = {
    "^[0-9a-f]{32}$": "0123456789abcdef" * 2,
    "^[0-9a-f]{64}$": "0123456789abcdef" * 4,
    r"^\d{4}-\d{2}-\d{2}$": "2026-01-02",
    "^[A-Za-z0-9._:/@!+-]+$": "sample",
}
"""A text for each pattern that a contract may use; a new pattern needs its example here."""

_WIDE: Final = '\u00e4\u4ef7\U0001f4c8 \u05d0"\\\n'
"""Letters of two, three and four bytes, another direction, and what JSON must escape."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a body: the keys that lead to it, and the schema of what stands there."""

    keys: tuple[str | int, ...]
    schema: Mapping[str, Any]
    required: bool

    @property
    def path(self) -> str:
        """The names on the way, joined by dots; positions in lists left out."""
        return ".".join(str(key) for key in self.keys if not isinstance(key, int))


def samples_of(contract: FrozenContract, full: bytes) -> dict[str, bytes]:
    """Return the samples of a version by name, derived from its ``full`` body; ValueError for an unknown pattern."""
    every = _every_field(contract, full)
    found = {
        "every-field": every,
        "minimal": _minimal(contract, every),
        "unknown-field": _with_unknown(every),
    }
    all_places = [place for place in places(contract, every) if place.path not in _FIXED]
    for place in all_places:
        for value in place.schema.get("enum", ()):
            found[f"enum-{place.path}-{value}"] = _put(every, place, value)
        for which, value in _bounds(place.schema, _at(every, place)):
            found[f"bound-{place.path}-{which}"] = _put(every, place, value)
    for which, change in _TEXTS.items():
        changed = every
        for place in all_places:
            if place.schema.get("type") == "string" and (text := change(place.schema)) is not None:
                changed = _put(changed, place, text)
        found[f"bound-all-{which}"] = changed
    return {name: _written(body) for name, body in found.items()}


def places(contract: FrozenContract, body: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every place that ``body`` fills, outer places first; of a list, the first item."""
    return _places(contract.reader, contract.reader, body, ())


def _places(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, keys: tuple[str | int, ...]
) -> Iterator[Place]:
    if isinstance(value, dict):
        for name in [name for name in value if name in schema.get("properties", {})]:
            part = _resolved(root, schema["properties"][name])
            yield Place((*keys, name), part, name in schema.get("required", ()))
            yield from _places(root, part, value[name], (*keys, name))
    elif isinstance(value, list) and value:
        part = _resolved(root, schema["items"])
        if not isinstance(value[0], dict):
            yield Place((*keys, 0), part, required=False)
        yield from _places(root, part, value[0], (*keys, 0))


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and take the one form of an optional field that is not null."""
    while True:
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            schema = next(option for option in schema["anyOf"] if option.get("type") != "null")
        else:
            return schema


def _every_field(contract: FrozenContract, full: bytes) -> dict[str, Any]:
    """Fill in what the full body leaves out, in the order in which this build writes the fields."""
    body: dict[str, Any] = _filled(contract.reader, contract.reader, json.loads(full), ())
    if contract.major == newest_major(contract.event_type):
        ordered = encode(decode_body(contract.event_type, contract.major, _written(body)))
        body = json.loads(ordered)
    return body


def _filled(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, path: tuple[str, ...]) -> Any:
    schema = _resolved(root, schema)
    if "properties" in schema:
        there = value if isinstance(value, dict) else {}
        names = [*there, *(name for name in schema["properties"] if name not in there)]
        parts = schema["properties"]
        return {name: _filled(root, parts[name], there.get(name), (*path, name)) for name in names}
    if schema.get("type") == "array":
        return [_filled(root, schema["items"], item, path) for item in value or (None,)]
    return _example(schema, path) if value is None else value


def _example(schema: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "boolean":
        return True
    if schema.get("type") == "integer":
        return max(1, schema.get("minimum", 1))
    form = schema.get("format", "")
    if form in _DECIMALS:
        return "0.50"
    if form == "uuid":
        return str(natural_id("sample", ".".join(path)))
    if form == "date-time":
        return "2026-01-02T03:04:05.123456Z"
    if schema.get("type") == "string" and "pattern" not in schema:
        return "sample"
    if (example := _EXAMPLES.get(schema.get("pattern", ""))) is not None:
        return example
    raise ValueError(f"{'.'.join(path)}: no example of {dict(schema)}; fill the field in the golden event")


def _minimal(contract: FrozenContract, every: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(every)
    for place in places(contract, every):
        needed = place.required or (contract.expires and place.keys == ("expires_at",))
        if isinstance(place.keys[-1], int):
            continue
        if not needed:
            _remove(body, place.keys)
        elif place.schema.get("type") == "array":
            body = _put(body, place, _at(body, place)[: place.schema.get("minItems", 0)])
    return body


def without_each_field(contract: FrozenContract, body: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield ``body`` once for each of its fields, at every level, with that field taken out, and the field's path."""
    for place in places(contract, body):
        if isinstance(place.keys[-1], str):
            poorer = copy.deepcopy(dict(body))
            _remove(poorer, place.keys)
            yield place.path, _written(poorer)


def missing_fields(contract: FrozenContract, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of what the reader schema names and ``body`` leaves out, at every level."""
    here = Place((), contract.reader, required=True)
    for place in (here, *places(contract, body)):
        value = _at(body, place)
        objects = value if isinstance(value, list) else [value]
        part = _resolved(contract.reader, place.schema["items"]) if isinstance(value, list) else place.schema
        for name in part.get("properties", {}):
            if any(item.get(name) is None for item in objects):
                yield f"{place.path}.{name}".removeprefix(".")
        if value == []:
            yield place.path


def _remove(body: dict[str, Any], keys: tuple[str | int, ...]) -> None:
    """Take a field out, where the object it stands in is still there."""
    part: Any = body
    for key in keys[:-1]:
        present = key < len(part) if isinstance(key, int) else key in part
        if not present:
            return
        part = part[key]
    part.pop(keys[-1], None)


def _with_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{name: _with_unknown(part) for name, part in value.items()}, UNKNOWN_FIELD: _UNKNOWN}
    return [_with_unknown(item) for item in value] if isinstance(value, list) else value


def _bounds(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
    yield from _DECIMALS.get(schema.get("format", ""), {}).items()
    if schema.get("type") == "integer":
        yield "smallest", schema.get("minimum", -_LARGEST_INTEGER)
        yield "largest", schema.get("maximum", _LARGEST_INTEGER)
    if schema.get("type") == "array":
        yield "shortest", value[:1] * schema.get("minItems", 0)
        if "maxItems" in schema:
            yield "longest", value[:1] * schema["maxItems"]


def _free(schema: Mapping[str, Any]) -> bool:
    """Whether a text may have any length within its bounds."""
    fixed = {"enum", "const", "format"}.intersection(schema)
    return not fixed and schema.get("pattern", "]+$").endswith("]+$")


def _shortest(schema: Mapping[str, Any]) -> str | None:
    return "x" * schema.get("minLength", 0) if _free(schema) else None


def _longest(schema: Mapping[str, Any]) -> str | None:
    return "x" * schema["maxLength"] if _free(schema) and "maxLength" in schema else None


def _wide(schema: Mapping[str, Any]) -> str | None:
    """Return a text beyond ASCII where any letter is allowed."""
    return _WIDE[: schema.get("maxLength")] if _free(schema) and "pattern" not in schema else None


_TEXTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "shortest": _shortest,
    "longest": _longest,
    "wide": _wide,
}


def _at(body: Any, place: Place) -> Any:
    for key in place.keys:
        body = body[key]
    return body


def _put(body: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    part: Any = changed
    for key in place.keys[:-1]:
        part = part[key]
    part[place.keys[-1]] = value
    return changed


def _written(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
