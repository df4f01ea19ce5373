"""Texts: formats, patterns and lengths of two string nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from at_core.contracts.compat.forms import FORMATS, format_covers, lengths, pattern_covers
from at_core.contracts.compat.patterns import ENDLESS
from at_core.contracts.compat.ranges import bound
from at_core.contracts.compat.rules import Direction, Finding, Rule

__all__ = ["text_findings"]

Node = Mapping[str, Any]


def text_findings(writer: Node, reader: Node, path: str, direction: Direction) -> Iterator[Finding]:
    """Findings about two string nodes. A changed format speaks for the pattern that belongs to it."""
    backward = direction is Direction.BACKWARD

    def became(word: str) -> str:
        old, new = (writer, reader) if backward else (reader, writer)
        return f"{_shown(old.get(word))} became {_shown(new.get(word))}"

    named = FORMATS.get(reader.get("format", ""))
    if not format_covers(writer.get("format"), reader.get("format")):
        yield Finding(Rule.FORMAT_CHANGED, direction, path, became("format"))
        if named is not None:
            return
    if not pattern_covers(writer, reader.get("pattern")):
        yield Finding(Rule.PATTERN_CHANGED, direction, path, became("pattern"))
    least, most = lengths(writer)
    wanted, allowed = reader.get("minLength", 0), reader.get("maxLength", ENDLESS)
    if least < wanted:
        yield Finding(bound(backward), direction, path, f"least length: {became('minLength')}")
    if allowed != ENDLESS and (most == ENDLESS or most > allowed):
        yield Finding(bound(backward), direction, path, f"greatest length: {became('maxLength')}")


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
