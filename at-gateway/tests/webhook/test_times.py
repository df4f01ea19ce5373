"""Times: RFC 3339 with a zone or whole epochs; everything else is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_gateway.webhook.refusals import Refusal, RefusalCode
from at_gateway.webhook.times import interval_length, read_time

MOMENT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T15:00:00Z", "2026-01-05 15:00:00z", "2026-01-05T16:00:00+01:00", "2026-01-05T15:00:00.000Z",
        "2026-01-05T15:00Z", "1767625200", "1767625200000", " 2026-01-05T15:00:00Z ",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_utc(text: str) -> None:
    assert read_time("time", text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T15:00:00",
        "yesterday",
        "2026-13-05T15:00:00Z",
        "05.01.2026",
        "1",
        "17676252",
        "-1767625200",
        "NaN",
    ],
)
def test_a_time_that_could_mean_several_is_refused(text: str) -> None:
    found = read_time("time", text)
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.BAD_TIME


def test_an_unresolved_placeholder_says_so() -> None:
    found = read_time("timenow", "{{timenow}}")
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.UNRESOLVED_PLACEHOLDER


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        ("1", 60),
        ("240", 14_400),
        ("D", 86_400),
        ("1D", 86_400),
        ("30S", 30),
        ("1W", 604_800),
        ("5m", 300),
        ("1h", 3_600),
    ],
)
def test_the_length_of_an_interval_is_known(interval: str, seconds: int) -> None:
    assert interval_length(interval) == timedelta(seconds=seconds)


@pytest.mark.parametrize("interval", ["", "1M", "range", "0", "1X"])
def test_an_interval_without_a_fixed_length_has_none(interval: str) -> None:
    assert interval_length(interval) is None


@given(st.text(max_size=40))
def test_any_text_is_a_utc_time_or_a_refusal(text: str) -> None:
    read = read_time("time", text)
    assert isinstance(read, Refusal) or read.utcoffset() == timedelta(0)
