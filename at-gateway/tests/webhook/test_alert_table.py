"""The table of alert bodies: each goes the live path and means what the table says; the page is made of the table."""

from __future__ import annotations

import pytest
from alert_table import ROWS, Row, outcome
from webhooks_page import PAGE, rendered

from at_gateway.webhook.refusals import CATALOGUE


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_body_means_what_the_table_says(row: Row) -> None:
    found, hint = outcome(row)
    assert found == row.expect
    assert ("reason" in found) == bool(hint)
    assert row.hint in hint


def test_names_and_bodies_are_there_once() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert len({(row.body, str(row.source)) for row in ROWS}) == len(ROWS)


def test_reasons_of_the_table_are_codes_of_the_catalogue() -> None:
    assert {row.expect["reason"] for row in ROWS if "reason" in row.expect} <= {
        code.value for code in CATALOGUE
    }


def test_every_refusal_of_a_body_stands_in_the_table() -> None:
    of_the_transport = {"UNKNOWN_TOKEN", "METHOD_NOT_ALLOWED", "BODY_TOO_LARGE", "NOT_UTF8", "UNREADABLE"}
    told = {row.expect["reason"] for row in ROWS if "reason" in row.expect}
    assert {code.value for code in CATALOGUE} - told == of_the_transport


def test_the_table_is_as_wide_as_it_says() -> None:
    assert len(ROWS) >= 120
    assert len({row.sender for row in ROWS}) >= 30


def test_the_page_is_the_one_made_of_table_and_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered()
