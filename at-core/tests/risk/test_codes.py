"""Reject codes: closed, each with its own sentence and fix."""

import pytest
from risk_world import a_trial

from at_core.risk.checks import CHECKS, examine
from at_core.risk.codes import HOLD_CODES, RejectCode, fix, sentence


@pytest.mark.parametrize("code", list(RejectCode))
def test_every_code_has_a_sentence_and_a_fix_for_people(code: RejectCode) -> None:
    for text in (sentence(code), fix(code)):
        assert text[0].isupper()
        assert text.endswith(".")
        assert len(text) <= 200
    assert sentence(code) != fix(code)


def test_no_two_codes_say_the_same() -> None:
    assert len({sentence(code) for code in RejectCode}) == len(RejectCode)


def test_a_code_outside_the_set_has_no_sentence() -> None:
    with pytest.raises(ValueError, match="NO_SUCH_CODE"):
        sentence("NO_SUCH_CODE")


def test_every_code_belongs_to_exactly_one_check() -> None:
    codes = [result.code for result in examine(a_trial())]
    assert sorted(codes) == sorted(RejectCode)
    assert len(codes) == len(CHECKS)


def test_hold_codes_are_reject_codes() -> None:
    assert frozenset(RejectCode) > HOLD_CODES
