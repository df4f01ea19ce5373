"""Ranges: limits of numbers, sizes of lists and maps. Compared exactly, in whole fractions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from at_core.contracts.compat.rules import Direction, Finding, Rule

__all__ = ["bound", "range_findings"]

Node = Mapping[str, Any]


def bound(rule_backward: bool) -> Rule:
    """The rule for a bound on which the two sides differ."""
    return Rule.BOUND_TIGHTENED if rule_backward else Rule.BOUND_LOOSENED


def range_findings(writer: Node, reader: Node, path: str, direction: Direction) -> Iterator[Finding]:
    """Findings about limits and steps of two nodes of one type (an integer may meet a number)."""
    backward = direction is Direction.BACKWARD
    for low, text in ((True, "lower limit"), (False, "upper limit")):
        sent, taken = _limit(writer, low=low), _limit(reader, low=low)
        if taken is not None and (sent is None or (sent < taken if low else sent > taken)):
            yield _finding(text, _shown(writer, low=low), _shown(reader, low=low), path, direction)
    if not _step_holds(writer, reader):
        yield _finding("step", writer.get("multipleOf"), reader.get("multipleOf"), path, direction)
    for low_word, high_word, text in (
        ("minItems", "maxItems", "items"),
        ("minProperties", "maxProperties", "keys"),
    ):
        least, most = _size(writer, low_word, high_word)
        if least < reader.get(low_word, 0):
            yield _finding(f"least number of {text}", least, reader[low_word], path, direction)
        if high_word in reader and (most is None or most > reader[high_word]):
            yield _finding(f"greatest number of {text}", most, reader[high_word], path, direction)
    if reader.get("uniqueItems") and not writer.get("uniqueItems") and writer.get("maxItems", 2) > 1:
        what = "items must all differ" if backward else "items may now be the same"
        yield Finding(bound(backward), direction, path, what)


def _finding(text: str, sent: object, taken: object, path: str, direction: Direction) -> Finding:
    backward = direction is Direction.BACKWARD
    old, new = (sent, taken) if backward else (taken, sent)
    shown = [("none" if side is None else side) for side in (old, new)]
    return Finding(bound(backward), direction, path, f"{text}: {shown[0]} became {shown[1]}")


def _limit(node: Node, *, low: bool) -> tuple[Fraction, int] | None:
    """A limit that sorts: the number, and on which side of it the values lie. Whole numbers have inclusive limits."""
    plain, strict = ("minimum", "exclusiveMinimum") if low else ("maximum", "exclusiveMaximum")
    found = []
    if plain in node:
        found.append((Fraction(str(node[plain])), 0))
    if strict in node:
        found.append((Fraction(str(node[strict])), 1 if low else -1))
    if not found:
        return None
    number, side = max(found) if low else min(found)
    if node["type"] == "integer":
        if low:
            return Fraction(floor(number) + 1 if side else ceil(number)), 0
        return Fraction(ceil(number) - 1 if side else floor(number)), 0
    return number, side


def _shown(node: Node, *, low: bool) -> str | None:
    words = ("minimum", "exclusiveMinimum") if low else ("maximum", "exclusiveMaximum")
    signs = (">=", ">") if low else ("<=", "<")
    said = [f"{sign} {node[word]}" for word, sign in zip(words, signs, strict=True) if word in node]
    return " and ".join(said) or None


def _step_holds(writer: Node, reader: Node) -> bool:
    if "multipleOf" not in reader:
        return True
    wanted = Fraction(str(reader["multipleOf"]))
    if "multipleOf" in writer and Fraction(str(writer["multipleOf"])) % wanted == 0:
        return True
    return writer["type"] == "integer" and Fraction(1) % wanted == 0


def _size(node: Node, low_word: str, high_word: str) -> tuple[int, int | None]:
    """How many items or keys a writer sends at least and at most."""
    least, most = node.get(low_word, 0), node.get(high_word)
    if high_word == "maxProperties" and node.get("additionalProperties", "properties" not in node) is False:
        named = len(node.get("properties", {}))
        return max(least, len(node.get("required", ()))), named if most is None else min(most, named)
    return least, most
