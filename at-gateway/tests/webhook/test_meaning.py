"""Meaning: the whole table, and the rule that no exit ever becomes an opening kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from at_core.enums import PositionSide, Side, SignalKind
from at_gateway.webhook.dialects.words import Verb
from at_gateway.webhook.meaning import Figures, Holding, Meaning, meaning_of
from at_gateway.webhook.refusals import Refusal, RefusalCode


def held(text: str | None) -> Holding | None:
    """``+5``, ``-5``, ``0``, ``+`` (long of unknown size), or None."""
    if text is None:
        return None
    if text == "0":
        return Holding(PositionSide.FLAT)
    side = PositionSide.LONG if text[0] == "+" else PositionSide.SHORT
    return Holding(side, Decimal(text[1:]) if text[1:] else None)


def mean(
    verb: str | None,
    quantity: str | None = None,
    before: str | None = None,
    after: str | None = None,
    **more: Any,
) -> str:
    found = meaning_of(
        Figures(
            Verb(verb) if verb else None,
            Decimal(quantity) if quantity else None,
            held(before),
            held(after),
            **more,
        )
    )
    if isinstance(found, Refusal):
        return found.code.value
    words = [found.kind.value, found.side.value if found.side else "-", str(found.quantity or "-")]
    return " ".join([*words, *(["reduce"] if found.reduce_only else [])])


@pytest.mark.parametrize(
    ("verb", "quantity", "before", "after", "meaning"),
    [
        # entries and additions
        ("BUY", "1", None, None, "ORDER BUY 1"), ("SELL", "1", None, None, "ORDER SELL 1"),
        ("BUY", None, None, None, "ORDER BUY -"), ("BUY", "1", "0", "+1", "ORDER BUY 1"),
        ("SELL", "1", "0", "-1", "ORDER SELL 1"), ("BUY", "2", "+1", "+3", "ORDER BUY 2"),
        ("BUY", "1", None, "+1", "ORDER BUY 1"), ("BUY", "1", "0", None, "ORDER BUY 1"),
        ("BUY", "1", "+2", None, "ORDER BUY 1"), ("SELL", "1", "-2", "-3", "ORDER SELL 1"),
        # full exits
        ("SELL", "1", "+1", "0", "CLOSE SELL - reduce"), ("BUY", "1", "-1", "0", "CLOSE BUY - reduce"),
        ("SELL", "1", None, "0", "CLOSE SELL - reduce"), ("BUY", "9", "+1", "0", "CLOSE SELL - reduce"),
        ("SELL", "3", "+3", None, "CLOSE SELL - reduce"), ("CLOSE", None, None, None, "CLOSE - - reduce"),
        ("CLOSE", "5", None, None, "CLOSE - - reduce"), ("CLOSE_LONG", None, None, None, "CLOSE SELL - reduce"),
        ("CLOSE_SHORT", None, None, None, "CLOSE BUY - reduce"), ("CLOSE", None, "-1", None, "CLOSE BUY - reduce"),
        (None, None, "+3", "0", "CLOSE SELL - reduce"), ("REVERSE", "1", "+1", "0", "CLOSE SELL - reduce"),
        # partial exits
        ("SELL", "1", "+3", "+2", "ORDER SELL 1 reduce"), ("BUY", "1", "-3", "-2", "ORDER BUY 1 reduce"),
        ("SELL", "1", None, "+2", "ORDER SELL 1 reduce"), ("SELL", "1", "+3", None, "ORDER SELL 1 reduce"),
        ("SELL", "1", "+", None, "ORDER SELL 1 reduce"), ("SELL", None, "+3", "+2", "CLOSE SELL - reduce"),
        ("CLOSE_LONG", "2", None, None, "ORDER SELL 2 reduce"), ("CLOSE", "2", "+3", "+1", "ORDER SELL 2 reduce"),
        # reversals: what is closed and what is opened are one order
        ("BUY", "3", "-1", "+2", "REVERSE BUY 3"), ("SELL", "3", "+1", "-2", "REVERSE SELL 3"),
        ("BUY", "3", "-", "+2", "REVERSE BUY 3"), ("BUY", "3", None, "+2", "REVERSE BUY 3"),
        ("SELL", "3", "+1", None, "REVERSE SELL 3"), ("REVERSE", None, "-1", "+2", "REVERSE BUY 3"),
        ("BUY", "5", "-1", "+2", "CONTRADICTORY_POSITION"), ("BUY", "2", "-", "+2", "CONTRADICTORY_POSITION"),
        # targets
        (None, None, None, "+2", "TARGET - -"), (None, None, "+3", "+2", "TARGET - - reduce"),
        (None, None, None, "+", "MISSING_FIELD"), (None, None, None, None, "MISSING_FIELD"),
        # what cannot be
        ("SELL", "1", "0", "+1", "CONTRADICTORY_POSITION"), ("BUY", "1", "0", "-1", "CONTRADICTORY_POSITION"),
        ("SELL", "1", "-1", "+1", "CONTRADICTORY_POSITION"), ("BUY", "1", "+3", "+2", "CONTRADICTORY_POSITION"),
        ("REVERSE", "1", None, None, "MISSING_FIELD"), ("REVERSE", "1", "+1", "+2", "CONTRADICTORY_POSITION"),
    ],
)  # fmt: skip
def test_the_table(
    verb: str | None, quantity: str | None, before: str | None, after: str | None, meaning: str
) -> None:
    assert mean(verb, quantity, before, after) == meaning


def test_the_flag_turns_everything_into_an_exit() -> None:
    assert mean("BUY", "1", reduce_only=True) == "ORDER BUY 1 reduce"
    assert mean("BUY", "3", "-1", "+2", reduce_only=True) == "CLOSE BUY - reduce"
    assert mean(None, None, None, "+2", reduce_only=True) == "CONTRADICTORY_POSITION"


def test_an_order_id_that_strategies_only_close_with_is_an_exit() -> None:
    assert mean("SELL", "1", order_id="Close entry(s) order Long") == "ORDER SELL 1 reduce"
    assert mean("SELL", order_id="Close position order") == "CLOSE SELL - reduce"


def test_a_reversal_knows_where_it_leads() -> None:
    found = meaning_of(Figures(Verb.SELL, Decimal(3), held("+1"), held("-2")))
    assert isinstance(found, Meaning)
    assert (found.kind, found.side, found.target) == (SignalKind.REVERSE, Side.SELL, Decimal(-2))


sizes = st.integers(1, 5).map(Decimal)
holdings = st.one_of(
    st.none(),
    st.just(Holding(PositionSide.FLAT)),
    st.builds(Holding, st.sampled_from([PositionSide.LONG, PositionSide.SHORT]), st.none() | sizes),
)


@given(
    st.none() | st.sampled_from(list(Verb)),
    st.none() | sizes,
    holdings,
    holdings,
    st.booleans(),
    st.none() | st.just("Close entry(s) order L"),
)
def test_no_exit_ever_becomes_an_opening_kind(
    verb: Verb | None,
    quantity: Decimal | None,
    before: Holding | None,
    after: Holding | None,
    flag: bool,
    order_id: str | None,
) -> None:
    told = [None if holding is None else holding.signed for holding in (before, after)]
    shrinks = None not in told and abs(told[1]) < abs(told[0]) and told[0] * told[1] >= 0  # type: ignore[arg-type, operator]  # None is excluded on the left
    flat = after is not None and after.side is PositionSide.FLAT
    named = order_id is not None and before is None and after is None and verb in (Verb.BUY, Verb.SELL)
    assume(flag or shrinks or flat or named or (verb is not None and verb.closes))
    found = meaning_of(Figures(verb, quantity, before, after, None, flag, order_id))
    assert isinstance(found, Refusal) or found.exits
    assert not isinstance(found, Meaning) or found.kind is not SignalKind.REVERSE


@given(st.sampled_from([Verb.BUY, Verb.SELL]), st.none() | sizes, holdings)
def test_selling_what_is_held_never_opens_more_than_was_said(
    verb: Verb, quantity: Decimal | None, before: Holding | None
) -> None:
    found = meaning_of(Figures(verb, quantity, before))
    if isinstance(found, Refusal) or found.exits:
        return
    assert found.quantity == quantity or found.kind is SignalKind.REVERSE
    if found.kind is SignalKind.REVERSE and found.target is not None and before is not None and before.signed:
        assert abs(found.target - before.signed) == quantity


def test_a_contradiction_is_told_in_words() -> None:
    found = meaning_of(Figures(Verb.SELL, Decimal(1), held("0"), held("+1")))
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.CONTRADICTORY_POSITION
    assert found.text == "a sell order cannot lead from flat to long 1"
