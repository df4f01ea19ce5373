"""Subject patterns: by example, and by comparison with a brute-force reading."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.topology.patterns import is_literal, matches, overlaps

TOKENS = ("a", "b", "*")
PATTERNS = st.builds(
    lambda tokens, rest: ".".join((*tokens, *([">"] if rest else []))),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3),
    st.booleans(),
)
SUBJECTS = [".".join(parts) for size in range(1, 6) for parts in itertools.product("abc", repeat=size)]


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a", False),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        (">", "a", True),
        ("*.b", "a.b", True),
        ("trading.risk.>", "trading.risks.x", False),
    ],
)
def test_matches(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_when_some_subject_lies_under_both(left: str, right: str) -> None:
    assert overlaps(left, right) == any(
        matches(left, subject) and matches(right, subject) for subject in SUBJECTS
    )


@given(PATTERNS)
def test_a_pattern_that_is_a_literal_matches_itself_alone(pattern: str) -> None:
    if is_literal(pattern):
        assert [subject for subject in SUBJECTS if matches(pattern, subject)] == [pattern]
    else:
        assert "*" in pattern or ">" in pattern
