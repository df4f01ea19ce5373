"""JSON, strictly: numbers stay text, doubled keys and deep nesting are refused, a syntax error names its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from at_gateway.webhook.dialects.words import Raw, RawNumber
from at_gateway.webhook.numbers import PLACEHOLDER
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["leaves", "list_names", "load"]

DEPTH_MAX: Final = 6
_CONTEXT: Final = 20


class _Doubled(ValueError):
    """A key that stands in one object twice."""


def load(text: str) -> Any | Refusal:
    """Return the value in ``text``; numbers are RawNumber, so that no digit is lost before it is judged."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=RawNumber,
            parse_float=RawNumber,
            parse_constant=RawNumber,
        )
    except _Doubled as error:
        return Refusal(
            RefusalCode.DUPLICATE_FIELD, f"the field {str(error)[:60]!r} stands in the message twice"
        )
    except json.JSONDecodeError as error:
        return Refusal(RefusalCode.BROKEN_JSON, _place(text, error))
    except RecursionError:
        return Refusal(RefusalCode.TOO_DEEP)


def leaves(tree: Mapping[str, Any]) -> dict[str, Raw] | Refusal:
    """Return the leaves of ``tree`` by dotted lower-case path; null means absent, lists carry nothing we read."""
    found: dict[str, Raw] = {}
    for path, value in _walk(tree, "", 1):
        if value is None:
            return Refusal(RefusalCode.TOO_DEEP, f"more than {DEPTH_MAX} levels of objects")
        if path in found and found[path] != value:
            return Refusal(
                RefusalCode.CONFLICTING_FIELDS,
                f"{path[:60]!r} is given twice, with different capitals or paths",
            )
        found[path] = value
    return found


def list_names(tree: Mapping[str, Any]) -> dict[str, int]:
    """Return the dotted names under which a list stands, with its length; ``tree`` is one that ``leaves`` took."""
    names: dict[str, int] = {}
    for key, value in tree.items():
        name = key.strip().lower().replace("-", "_").replace(" ", "_")
        if isinstance(value, dict):
            names.update({f"{name}.{inner}": count for inner, count in list_names(value).items()})
        elif isinstance(value, list) and value:
            names[name] = len(value)
    return names


def _walk(tree: Mapping[str, Any], head: str, depth: int) -> Iterator[tuple[str, Raw | None]]:
    """Yield the leaves; a None value says that the tree goes deeper than allowed."""
    if depth > DEPTH_MAX:
        yield head, None
        return
    for key, value in tree.items():
        name = key.strip().lower().replace("-", "_").replace(" ", "_")
        path = f"{head}.{name}" if head else name
        if isinstance(value, dict):
            yield from _walk(value, path, depth + 1)
        elif isinstance(value, str | bool):
            yield path, value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _Doubled(next(key for key in keys if keys.count(key) > 1))
    return tree


def _place(text: str, error: json.JSONDecodeError) -> str:
    near = text[max(error.pos - _CONTEXT, 0) : error.pos + _CONTEXT]
    hint = f"line {error.lineno}, column {error.colno}: {error.msg}, near {near!r}"
    if PLACEHOLDER.search(near):
        return f"{hint}; a placeholder was not replaced, or needs quotes around it"
    return hint
