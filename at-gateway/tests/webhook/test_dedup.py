"""Duplicates: a resend is the same alert, two fills are two, and a restart knows what was known."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from at_core.events import SignalEvent
from at_core.testing.builders import T0, a_signal
from at_gateway.webhook.dedup import Memory
from at_gateway.webhook.keys import AlertFacts, Key, digest_key, key_of

BAR = T0 - timedelta(minutes=1)
BYTES = "a" * 64


def facts(**changes: Any) -> AlertFacts:
    values: dict[str, Any] = {
        "body_digest": BYTES, "received_at": T0, "symbol": "BTC/USDT", "action": "BUY",
        "quantity": Decimal(1), **changes,
    }  # fmt: skip
    return AlertFacts(**values)


def a_memory(entries: int = 100) -> Memory:
    return Memory(entries, timedelta(seconds=45), timedelta(seconds=10))


def stored(key: Key | str, at: datetime = T0, **changes: Any) -> SignalEvent:
    value = key if isinstance(key, str) else key.value
    return a_signal(natural_key=value, body_digest=BYTES, received_at=at, **changes)


def test_an_explicit_id_is_the_key_whatever_else_changes() -> None:
    one = key_of(facts(alert_id="a1"))
    assert one.kind == "id"
    assert (
        one.value
        == key_of(facts(alert_id="a1", quantity=Decimal(2), received_at=T0 + timedelta(days=9))).value
    )
    assert one.value != key_of(facts(alert_id="a2")).value


def test_an_order_with_its_bar_is_one_fill_however_its_numbers_are_written() -> None:
    one = facts(order_id="L", bar_time=BAR, positions=("FLAT:0", "LONG:1"))
    same = facts(
        order_id="L",
        bar_time=BAR,
        positions=("FLAT:0", "LONG:1"),
        quantity=Decimal("1.0"),
        body_digest="b" * 64,
    )
    assert key_of(one).kind == "fields"
    assert key_of(one).value == key_of(same).value


def test_two_fills_of_one_second_are_two() -> None:
    at = {"order_id": "TP", "bar_time": BAR, "fired_at": T0}
    first = key_of(facts(**at, positions=("LONG:3", "LONG:2")))
    second = key_of(facts(**at, positions=("LONG:2", "LONG:1")))
    other_order = key_of(facts(**{**at, "order_id": "TP2"}, positions=("LONG:3", "LONG:2")))
    other_bar = key_of(
        facts(**{**at, "bar_time": BAR + timedelta(minutes=1)}, positions=("LONG:3", "LONG:2"))
    )
    assert len({key.value for key in (first, second, other_order, other_bar)}) == 4


def test_an_order_id_without_any_time_is_no_key() -> None:
    assert key_of(facts(order_id="L", positions=("FLAT:0", "LONG:1"))).kind == "bytes"
    assert key_of(facts(order_id="L", positions=("FLAT:0", "LONG:1"), fired_at=T0)).kind == "fields"
    assert key_of(facts(order_id="L", fired_at=T0)).kind == "bytes"


def test_equal_bytes_are_one_alert_within_the_window_of_their_first_arrival() -> None:
    memory = a_memory()
    first = key_of(facts())
    memory.confirm(stored(first))
    for seconds, copy in ((1, True), (44.9, True), (45, True), (45.1, False), (90, False)):
        now = T0 + timedelta(seconds=seconds)
        seen, key = memory.find("tradingview", key_of(facts(received_at=now)), BYTES, now)
        assert (seen is not None) is copy
        assert (key == first.value) is copy


def test_the_window_does_not_move_with_each_copy() -> None:
    memory = a_memory()
    memory.confirm(stored(key_of(facts())))
    later = T0 + timedelta(seconds=60)
    memory.confirm(stored(digest_key(BYTES, later), later))
    now = T0 + timedelta(seconds=100)
    seen, _ = memory.find("tradingview", key_of(facts(received_at=now)), BYTES, now)
    assert seen is not None
    assert seen.first_at == later


def test_the_same_fill_fired_again_later_in_the_same_bar_is_a_new_fill() -> None:
    memory = a_memory()
    pattern = {"order_id": "L", "bar_time": BAR, "positions": ("FLAT:0", "LONG:1")}
    first = key_of(facts(**pattern, fired_at=T0))
    memory.confirm(stored(first, fired_at=T0))
    twin, _ = memory.find(
        "tradingview", key_of(facts(**pattern, fired_at=T0 + timedelta(seconds=1))), BYTES, T0
    )
    assert twin is not None
    again = key_of(facts(**pattern, fired_at=T0 + timedelta(seconds=30)))
    seen, key = memory.find("tradingview", again, BYTES, T0)
    assert seen is None
    assert key != first.value
    memory.confirm(stored(key, fired_at=T0 + timedelta(seconds=30)))
    seen, _ = memory.find("tradingview", again, BYTES, T0)
    assert seen is not None


def test_sources_do_not_share_keys() -> None:
    memory = a_memory()
    memory.confirm(stored(key_of(facts(alert_id="a"))))
    assert memory.find("another", key_of(facts(alert_id="a")), BYTES, T0)[0] is None


def test_an_open_alert_keeps_its_event_until_it_is_confirmed() -> None:
    memory = a_memory()
    event = stored(key_of(facts(alert_id="a")))
    memory.open(event)
    seen, _ = memory.find("tradingview", key_of(facts(alert_id="a")), BYTES, T0)
    assert seen is not None
    assert seen.event == event
    memory.confirm(event)
    seen, _ = memory.find("tradingview", key_of(facts(alert_id="a")), BYTES, T0)
    assert seen is not None
    assert seen.confirmed


@given(st.lists(st.integers(0, 30), max_size=60))
def test_the_memory_never_grows_beyond_its_bound(ids: list[int]) -> None:
    memory = a_memory(entries=10)
    for number in ids:
        memory.confirm(a_signal(number, natural_key=key_of(facts(alert_id=str(number))).value))
    assert len(memory) <= 10
    if ids:
        assert (
            memory.find("tradingview", key_of(facts(alert_id=str(ids[-1]))), BYTES, T0)[0] is not None
            or ids[-1] in ids[:-1]
        )
