"""Patterns: what is declared as wider accepts every generated text, and no text is shorter or longer than promised."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from at_core.contracts.compat.forms import FORMATS, WIDER_PATTERNS, has_format
from at_core.contracts.compat.patterns import ENDLESS, matches, width

PAIRS = [(narrow, wide) for narrow, wider in WIDER_PATTERNS.items() for wide in sorted(wider)]
FORMS = [(name, wide) for name, form in FORMATS.items() for wide in sorted(form.wider)]


def texts(pattern: str) -> st.SearchStrategy[str]:
    """Texts that match ``pattern`` up to their last character, with the digits that JSON Schema knows."""
    return st.from_regex(re.compile(pattern[:-1] + r"\Z", re.ASCII))


@pytest.mark.parametrize(("narrow", "wide"), PAIRS)
@given(data=st.data())
def test_a_wider_pattern_accepts_every_text_of_the_narrower(
    narrow: str, wide: str, data: st.DataObject
) -> None:
    text = data.draw(texts(narrow))
    assert matches(narrow, text)
    assert matches(wide, text)


@pytest.mark.parametrize(("narrow", "wide"), PAIRS)
def test_a_wider_pattern_accepts_a_text_that_the_narrower_refuses(narrow: str, wide: str) -> None:
    """So the property above can fail: asked the other way round, it does."""
    assert matches(wide, find(texts(wide), lambda text: not matches(narrow, text)))


def of_form(name: str) -> st.SearchStrategy[str]:
    small = st.decimals(-1, 2, places=4).map(str)
    return st.one_of(texts(FORMATS[name].pattern or ""), small).filter(lambda text: has_format(text, name))


@pytest.mark.parametrize(("narrow", "wide"), FORMS)
@given(data=st.data())
def test_a_wider_format_accepts_every_text_of_the_narrower(
    narrow: str, wide: str, data: st.DataObject
) -> None:
    assert has_format(data.draw(of_form(narrow)), wide)


@pytest.mark.parametrize(("narrow", "wide"), FORMS)
def test_a_wider_format_accepts_a_text_that_the_narrower_refuses(narrow: str, wide: str) -> None:
    assert has_format(find(of_form(wide), lambda text: not has_format(text, narrow)), wide)


def test_a_digit_of_another_script_is_none() -> None:
    assert matches(r"^\d$", "7")
    assert not matches(r"^\d$", "\u0667")


@pytest.mark.parametrize("pattern", ["^[]x]$", "^[^]x]$", "^[[a]b]$", "^[a[:alpha:]]$"])
def test_what_engines_read_differently_promises_no_width(pattern: str) -> None:
    assert width(pattern) == (0, ENDLESS)


@dataclass(frozen=True)
class Piece:
    """A part of a pattern and the lengths it was built to have."""

    text: str
    low: int
    high: int


def together(pieces: list[Piece]) -> Piece:
    highs = [piece.high for piece in pieces]
    high = ENDLESS if ENDLESS in highs else sum(highs)
    return Piece("".join(piece.text for piece in pieces), sum(piece.low for piece in pieces), high)


def either(pieces: list[Piece]) -> Piece:
    highs = [piece.high for piece in pieces]
    high = ENDLESS if ENDLESS in highs else max(highs)
    return Piece(f"({'|'.join(piece.text for piece in pieces)})", min(piece.low for piece in pieces), high)


def counted(piece: Piece, count: tuple[str, int, int]) -> Piece:
    sign, least, most = count
    # What was counted already needs a group around it.
    text = f"(?:{piece.text}){sign}"
    if piece.high == 0 or most == 0:
        return Piece(text, piece.low * least, 0)
    return Piece(text, piece.low * least, ENDLESS if ENDLESS in (piece.high, most) else piece.high * most)


ones = st.sampled_from(["a", "Z", "7", "-", r"\d", r"\.", r"\w", "[a-z]", "[^a-z]", r"[\]x]", "."])
counts = st.one_of(
    st.sampled_from([("*", 0, ENDLESS), ("+", 1, ENDLESS), ("?", 0, 1)]),
    st.integers(0, 4).map(lambda least: (f"{{{least}}}", least, least)),
    st.integers(0, 4).map(lambda least: (f"{{{least},}}", least, ENDLESS)),
    st.tuples(st.integers(0, 3), st.integers(0, 3)).map(
        lambda pair: (f"{{{pair[0]},{sum(pair)}}}", pair[0], sum(pair))
    ),
)
patterns = st.recursive(
    ones.map(lambda text: Piece(text, 1, 1)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(together),
        st.lists(inner, min_size=1, max_size=3).map(either),
        st.builds(counted, inner, counts),
    ),
    max_leaves=6,
)


@given(patterns)
def test_the_width_is_that_of_the_parts(piece: Piece) -> None:
    assert width(f"^{piece.text}$") == (piece.low, piece.high)


@given(patterns, st.data())
def test_no_text_is_shorter_or_longer_than_promised(piece: Piece, data: st.DataObject) -> None:
    text = data.draw(texts(f"^{piece.text}$"))
    low, high = width(f"^{piece.text}$")
    assert low <= len(text)
    assert high == ENDLESS or len(text) <= high
