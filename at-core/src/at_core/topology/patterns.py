"""Subject patterns: the matching rules of NATS (``*`` one token, ``>`` the rest), as pure functions."""

from __future__ import annotations

__all__ = ["is_literal", "matches", "overlaps"]


def matches(pattern: str, subject: str) -> bool:
    """Return whether the literal ``subject`` lies under ``pattern``."""
    wanted, given = pattern.split("."), subject.split(".")
    for position, part in enumerate(wanted):
        if part == ">":
            return len(given) > position
        if position >= len(given) or part not in ("*", given[position]):
            return False
    return len(wanted) == len(given)


def overlaps(left: str, right: str) -> bool:
    """Return whether some subject lies under both patterns."""
    one, other = left.split("."), right.split(".")
    for position in range(max(len(one), len(other))):
        if position >= len(one) or position >= len(other):
            return False
        a, b = one[position], other[position]
        if ">" in (a, b):
            return True
        if a != b and "*" not in (a, b):
            return False
    return True


def is_literal(subject: str) -> bool:
    """Return whether ``subject`` can be published: no empty token, no wildcard, no blank.

    The server stores ``*`` and ``>`` literally when they are published, so the check is ours.
    """
    if not subject or any(character.isspace() for character in subject):
        return False
    return all(part and part not in ("*", ">") for part in subject.split("."))
