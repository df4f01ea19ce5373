"""Exits: whatever else a sender says, in whatever dialect, an exit never becomes something that may open or enlarge."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from gateway_world import INSTRUMENTS, a_source
from hypothesis import given
from hypothesis import strategies as st

from at_core.enums import PositionSide, SignalKind
from at_core.events import SignalCreated
from at_core.testing.builders import T0
from at_gateway.webhook.admission import Accept, Refuse, decide
from at_gateway.webhook.dialects.words import ALIASES, RARE_ALIASES, SIZED_NAMES, VERBS, Verb
from at_gateway.webhook.meaning import Figures, Holding, meaning_of
from at_gateway.webhook.refusals import Refusal

SIZES = (None, Decimal(1), Decimal(2), Decimal(3))
SIDES = (PositionSide.LONG, PositionSide.SHORT)
HOLDINGS = (None, Holding(PositionSide.FLAT), *(Holding(side, size) for side in SIDES for size in SIZES))
TARGETS = (None, Decimal(-2), Decimal(0), Decimal(1), Decimal(3))
VERBS_SAID = (None, *Verb)


def admit(body: str) -> Accept | Refuse:
    return decide(body.encode(), a_source(default_quantity="7"), T0, INSTRUMENTS, timedelta(seconds=60))


def only_exits(found: Accept | Refuse) -> bool:
    if isinstance(found, Refuse):
        return True
    assert isinstance(found.payload, SignalCreated)
    said = found.payload
    return said.kind is SignalKind.CLOSE or (said.reduce_only and said.kind is not SignalKind.REVERSE)


def calls_it_an_exit(figures: Figures) -> bool:
    """Whether the sender's figures say an exit: an oracle that shares nothing with the table of meanings."""
    before, after = figures.before, figures.after
    if figures.reduce_only or figures.target == 0 or (figures.verb is not None and figures.verb.closes):
        return True
    if after is None:
        return False
    if after.side is PositionSide.FLAT:
        return True
    if before is None or before.side is not after.side or before.size is None or after.size is None:
        return False
    return after.size < before.size


@pytest.mark.parametrize("verb", VERBS_SAID)
def test_the_whole_table_holds_the_law(verb: Verb | None) -> None:
    exits = 0
    for quantity, before, after, target, flag in product(SIZES, HOLDINGS, HOLDINGS, TARGETS, (False, True)):
        if verb is None and target and after is not None and after.side is not PositionSide.FLAT:
            continue  # two positions to reach: the named one counts, which is no exit
        figures = Figures(verb, quantity, before, after, target, flag)
        if calls_it_an_exit(figures):
            exits += 1
            found = meaning_of(figures)
            assert isinstance(found, Refusal) or (found.exits and found.kind is not SignalKind.REVERSE), (
                figures
            )
    assert exits > 1000


names = st.sampled_from(
    sorted(
        {name for table in (ALIASES, RARE_ALIASES) for ours in table for name in table[ours]}
        | set(SIZED_NAMES)
        | {
            "trailing_stop",
            "tp2",
            "leverage",
            "sl_percent",
            "strike",
            "cancel",
            "orders",
            "pricetype",
            "isBuy",
        }
    )
)
values = st.sampled_from(
    [
        "buy",
        "sell",
        "long",
        "short",
        "5",
        "-3",
        "0",
        "",
        "true",
        True,
        False,
        "limit",
        "NaN",
        [1],
        [{"action": "buy"}],
    ]
)
extras = st.dictionaries(names, values, max_size=6)
closing = st.sampled_from(sorted(word for word, verb in VERBS.items() if verb.closes))


def without(extra: dict[str, Any], *fields: str) -> dict[str, Any]:
    told = {name for ours in fields for name in (*ALIASES[ours], *RARE_ALIASES.get(ours, ()))}
    return {
        name: value for name, value in extra.items() if name not in told and name not in ("kind", "isBuy")
    }


@given(closing, extras)
def test_a_closing_verb_in_json(verb: str, extra: dict[str, Any]) -> None:
    assert only_exits(
        admit(json.dumps({**without(extra, "symbol", "action"), "ticker": "BTCUSDT", "action": verb}))
    )


@given(extras, st.sampled_from(["buy", "sell", "reverse", None]))
def test_a_flat_position_afterwards_in_json(extra: dict[str, Any], verb: str | None) -> None:
    kept = without(extra, "symbol", "action", "market_position")
    said = {"ticker": "BTCUSDT", "market_position": "flat", **({"action": verb} if verb else {})}
    assert only_exits(admit(json.dumps({**kept, **said})))


@given(extras, st.sampled_from(["buy", "sell"]))
def test_a_flag_to_reduce_only_in_json(extra: dict[str, Any], verb: str) -> None:
    kept = without(extra, "symbol", "action", "reduce_only")
    assert only_exits(admit(json.dumps({**kept, "ticker": "BTCUSDT", "action": verb, "reduce_only": True})))


@given(closing, st.lists(st.sampled_from(["1", "2", "sl=5", "tp=9", "risk=1", "vol_lots=2"]), max_size=3))
def test_a_closing_verb_in_a_list(verb: str, more: list[str]) -> None:
    assert only_exits(admit(",".join(["BTCUSDT", verb, *more])))
    assert only_exits(admit(",".join(["60123456", verb, "BTCUSDT", *more])))


@given(
    closing,
    st.lists(
        st.sampled_from(["1", "50%", "@ 9", "sl 5", "tp 9", "limit 3", "stop 4", "buy", "long"]), max_size=3
    ),
)
def test_a_closing_verb_in_prose_and_pairs(verb: str, more: list[str]) -> None:
    assert only_exits(admit(" ".join([verb.replace("_", " "), "BTCUSDT", *more])))
    assert only_exits(admit(f"symbol=BTCUSDT action={verb} qty=3 sl=5 type=limit"))


@pytest.mark.parametrize(
    "extra", [{"tp1": "na"}, {"tp1": "x"}, {"pricetype": "?"}, {"leverage": "9"}, {"trail": "1"}]
)
def test_an_exit_is_not_refused_for_what_only_an_entry_needs(extra: dict[str, str]) -> None:
    found = admit(json.dumps({"ticker": "BTCUSDT", "action": "close", **extra}))
    assert isinstance(found, Accept)
    assert isinstance(found.payload, SignalCreated)
    assert found.payload.kind is SignalKind.CLOSE


def test_an_action_beside_a_target_of_zero_only_closes() -> None:
    assert only_exits(admit('{"ticker":"BTCUSDT","action":"sell","qty":"1","target_position":"0"}'))
    priced = admit('{"ticker":"BTCUSDT","action":"sell","qty":"1","target":"0"}')
    assert not only_exits(priced)
