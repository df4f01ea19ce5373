"""The fold guard: by example and against every way of losing, repeating or replacing messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from at_core.runtime.bus import Incoming
from at_core.runtime.fold_guard import FoldGuard

START = datetime(2026, 1, 5, tzinfo=UTC)


def a_message(sequence: int, consumer_sequence: int, age: int = 0) -> Incoming:
    return Incoming(
        "market.raw.v1.x", b"", {}, "MARKET", sequence, consumer_sequence, 1, 0, START - timedelta(days=age)
    )


def test_without_a_rewind_the_first_message_sets_the_count() -> None:
    guard = FoldGuard("fold")
    assert guard.takes(a_message(70, 7))
    assert guard.takes(a_message(90, 8))
    assert guard.resume_at is None
    assert not guard.takes(a_message(91, 10))
    assert "expected delivery 9, got 10" in guard.gap
    assert not guard.untouched


def test_after_a_rewind_the_count_begins_at_one() -> None:
    guard = FoldGuard("fold")
    guard.rewound(5)
    assert guard.resume_at == 5
    assert not guard.takes(a_message(6, 2))
    assert guard.gap
    assert guard.untouched  # so beginning once more loses nothing
    guard.rewound(5)
    assert not guard.gap
    assert guard.takes(a_message(5, 1))


def test_after_a_loss_the_last_message_comes_again_and_is_swallowed() -> None:
    guard = FoldGuard("fold")
    guard.rewound(1)
    assert guard.takes(a_message(3, 1))
    assert guard.resume_at == 3
    guard.resumed()
    assert not guard.takes(a_message(3, 1))
    assert not guard.gap
    assert guard.takes(a_message(4, 2))


def test_after_a_loss_another_message_in_its_place_is_a_gap() -> None:
    for impostor in (a_message(4, 1), a_message(3, 1, age=1)):
        guard = FoldGuard("fold")
        guard.rewound(1)
        guard.takes(a_message(3, 1))
        guard.resumed()
        assert not guard.takes(impostor)
        assert "not what was folded" in guard.gap
        assert not guard.untouched


def test_a_loss_before_the_first_message_begins_where_the_rewind_did() -> None:
    guard = FoldGuard("fold")
    guard.rewound(8)
    guard.resumed()
    assert guard.resume_at == 8
    assert guard.takes(a_message(9, 1))


@given(st.integers(1, 30), st.sets(st.integers(1, 30), max_size=5), st.sets(st.integers(1, 30), max_size=3))
def test_whatever_is_lost_the_fold_takes_a_prefix_and_never_jumps(
    count: int, lost: set[int], breaks: set[int]
) -> None:
    guard = FoldGuard("fold")
    guard.rewound(1)
    taken: list[int] = []
    delivered = 0
    sequence = 1
    while sequence <= count and not guard.gap:
        if sequence in breaks:
            breaks = breaks - {sequence}
            guard.resumed()
            delivered, sequence = 0, guard.resume_at or 1
        delivered += 1
        if sequence not in lost and guard.takes(a_message(sequence, delivered)):
            taken.append(sequence)
        sequence += 1
    assert taken == list(range(1, len(taken) + 1))
