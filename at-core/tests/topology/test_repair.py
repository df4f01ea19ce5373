"""Which drifted bounds would delete messages, and which fields no update touches."""

from __future__ import annotations

from typing import Any

import pytest

from at_core.topology.desired import Difference, drift
from at_core.topology.repair import deletions, fixed, update_request

HOUR = 3_600_000_000_000
NOW = "2026-01-05T15:00:00.123456789Z"
STATE = {"messages": 10, "bytes": 1000, "first_ts": "2026-01-05T13:30:00Z"}


@pytest.mark.parametrize(
    ("field", "found", "wanted", "deletes"),
    [
        ("max_age", None, HOUR, True),
        ("max_age", None, 2 * HOUR, False),
        ("max_age", HOUR, None, False),
        ("max_bytes", -1, 999, True),
        ("max_bytes", -1, 1000, False),
        ("max_bytes", 500, -1, False),
        ("max_msgs", -1, 9, True),
        ("max_msgs", -1, 10, False),
        ("max_msgs_per_subject", -1, 3, True),
        ("max_msgs_per_subject", -1, 4, False),
        ("discard", "old", "new", False),
    ],
)
def test_a_bound_that_deletes_is_held(field: str, found: Any, wanted: Any, deletes: bool) -> None:
    held = deletions([Difference(field, found, wanted)], STATE, NOW, fullest_subject=4)
    assert (field in held) is deletes


def test_an_empty_stream_holds_nothing_that_could_be_deleted() -> None:
    empty = {"messages": 0, "bytes": 0, "first_ts": "0001-01-01T00:00:00Z"}
    narrowed = [
        Difference(name, None, 1) for name in ("max_age", "max_bytes", "max_msgs", "max_msgs_per_subject")
    ]
    assert deletions(narrowed, empty, NOW, 0) == {}


def test_closing_against_deletion_is_allowed_and_opening_is_not() -> None:
    assert fixed("stream", drift({"deny_delete": True}, {})) == {}
    assert list(fixed("stream", drift({}, {"deny_delete": True}))) == ["deny_delete"]


def test_an_untouched_field_is_sent_as_it_was_found() -> None:
    wanted, found = (
        {"max_age": 1, "storage": "file"},
        {"max_age": 2, "storage": "memory", "allow_msg_ttl": True},
    )
    assert update_request(wanted, found, ["storage", "allow_msg_ttl"]) == {
        "max_age": 1, "storage": "memory", "allow_msg_ttl": True,
    }  # fmt: skip
    assert update_request(wanted, {}, ["storage"]) == {"max_age": 1}
