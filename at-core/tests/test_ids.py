"""Identifiers."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from at_core.ids import (
    SeededIds,
    SystemIds,
    client_order_id,
    derived_id,
    internal_order_id,
    natural_id,
    plan_id,
)


def test_root_ids_are_uuid7_unique_and_increasing() -> None:
    source = SystemIds()
    drawn = [source.root() for _ in range(20_000)]
    assert drawn == sorted(set(drawn))
    assert {one.version for one in drawn} == {7}
    assert {one.variant for one in drawn} == {"specified in RFC 4122"}


@given(st.uuids(), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_derived_ids_depend_on_every_part_and_on_nothing_else(
    cause: UUID, producer: str, event_type: str, slot: str
) -> None:
    one = derived_id(cause, producer, event_type, slot)
    assert one == derived_id(cause, producer, event_type, slot)
    assert one != derived_id(cause, producer, event_type, slot + "x")
    assert one != derived_id(cause, producer, event_type + "x", slot)


def test_ids_of_one_order_differ_from_each_other_and_are_frozen() -> None:
    plan = plan_id(natural_id("tradingview", "key"), "follow_signal")
    assert str(plan) == "96c6eece-4887-54da-8e60-0c2b7d34ebce"
    assert client_order_id(plan) != str(internal_order_id(plan)) != str(plan)


def test_seeded_ids_repeat() -> None:
    first, second = SeededIds(7), SeededIds(7)
    assert [first.root() for _ in range(5)] == [second.root() for _ in range(5)]
    assert SeededIds(8).root() != SeededIds(7).root()
