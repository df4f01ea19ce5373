"""Admission: every refusal of the catalogue from a body that deserves it, and no body that makes it raise."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from gateway_world import BUY, INSTRUMENTS, a_source
from hypothesis import given
from hypothesis import strategies as st

from at_core.enums import SignalKind
from at_core.events import SignalCreated
from at_core.testing.builders import T0
from at_gateway.webhook.admission import Accept, Refuse, decide
from at_gateway.webhook.dialects.words import ALIASES, VERBS, said_word
from at_gateway.webhook.refusals import CATALOGUE, RefusalCode

SKEW = timedelta(seconds=60)
BAR = {
    "kind": "bar", "ticker": "BTCUSDT", "interval": "1", "time": "2026-01-05T14:59:00Z",
    "open": "2", "high": "3", "low": "1", "close": "2",
}  # fmt: skip


def admit(body: Any, **source: Any) -> Accept | Refuse:
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return decide(raw, a_source(**source), T0, INSTRUMENTS, SKEW)


BODIES: list[tuple[str, Any]] = [
    ("EMPTY_BODY", b""), ("EMPTY_BODY", b" \r\n "), ("NOT_UTF8", b'{"a":"\xff"}'),
    ("BROKEN_JSON", '{"ticker":"BTCUSDT",}'), ("BROKEN_JSON", '{"ticker":"BTCUSDT"} extra'), ("BROKEN_JSON", "{"),
    ("BROKEN_JSON", '{"qty": {{strategy.order.contracts}}}'), ("BROKEN_JSON", "{'ticker':'BTCUSDT'}"),
    ("NOT_AN_OBJECT", "[]"), ("NOT_AN_OBJECT", '"buy"'), ("NOT_AN_OBJECT", "42"), ("NOT_AN_OBJECT", "null"),
    ("TOO_DEEP", '{"a":' * 9 + "1" + "}" * 9), ("TOO_DEEP", "[" * 8000 + "]" * 8000),
    ("DUPLICATE_FIELD", '{"action":"buy","action":"sell","ticker":"BTCUSDT"}'),
    ("CONFLICTING_FIELDS", {"ticker": "BTCUSDT", "symbol": "AAPL", "action": "buy"}),
    ("CONFLICTING_FIELDS", {"ticker": "BTCUSDT", "action": "buy", "side": "sell"}),
    ("CONFLICTING_FIELDS", {"ticker": "BTCUSDT", "action": "buy", "qty": "1", "contracts": "2"}),
    ("CONFLICTING_FIELDS", {"ticker": "BTCUSDT", "Ticker": "AAPL", "action": "buy"}),
    ("CONFLICTING_FIELDS", {"ticker": "BTCUSDT", "data": {"ticker": "AAPL"}, "action": "buy"}),
    ("CONFLICTING_FIELDS", {**BUY, "lots": "1"}),
    ("UNKNOWN_DIALECT", "buy some bitcoin"), ("UNKNOWN_DIALECT", "x: order buy now filled on it"),
    ("UNRESOLVED_PLACEHOLDER", {**BUY, "quantity": "{{strategy.order.contracts}}"}),
    ("UNRESOLVED_PLACEHOLDER", {**BUY, "ticker": "{{ticker}}"}),
    ("UNRESOLVED_PLACEHOLDER", "{{strategy.order.alert_message}}"),
    ("UNRESOLVED_PLACEHOLDER", {**BUY, "order_id": "{{strategy.order.id}}"}),
    ("UNRESOLVED_PLACEHOLDER", {**BUY, "timenow": "{{timenow}}"}),
    ("MISSING_FIELD", {"action": "buy"}), ("MISSING_FIELD", {"ticker": "BTCUSDT"}), ("MISSING_FIELD", {}),
    ("MISSING_FIELD", {name: value for name, value in BAR.items() if name != "close"}),
    ("INVALID_FIELD", {**BUY, "reduce_only": "perhaps"}),
    ("UNKNOWN_ACTION", {**BUY, "action": "yolo"}), ("UNKNOWN_ACTION", {**BUY, "action": True}),
    ("UNKNOWN_SYMBOL", {**BUY, "ticker": "BTCUSDT.P"}), ("UNKNOWN_SYMBOL", {**BUY, "ticker": "x" * 500}),
    ("SYMBOL_NOT_ALLOWED", {**BUY, "ticker": "AAPL"}),
    ("UNKNOWN_UNIT", {**BUY, "qty_type": "bananas"}), ("UNKNOWN_ORDER_TYPE", {**BUY, "type": "trailing"}),
    ("MISSING_LIMIT_PRICE", {**BUY, "type": "limit"}), ("MISSING_STOP_PRICE", {**BUY, "type": "stop"}),
    ("EMPTY_NUMBER", {**BUY, "quantity": ""}), ("NOT_A_NUMBER", {**BUY, "quantity": "ten"}),
    ("NOT_A_NUMBER", {**BUY, "quantity": True}), ("NAN_NUMBER", {**BUY, "price": "NaN"}),
    ("NAN_NUMBER", '{"ticker":"BTCUSDT","action":"buy","qty":NaN}'),
    ("INFINITE_NUMBER", '{"ticker":"BTCUSDT","action":"buy","qty":-Infinity}'),
    ("NEGATIVE_NUMBER", {**BUY, "quantity": -1}), ("ZERO_NUMBER", {**BUY, "quantity": 0}),
    ("ARITHMETIC_NUMBER", {**BUY, "quantity": "10*2"}),
    ("NUMBER_TOO_LONG", '{"ticker":"BTCUSDT","action":"buy","qty":' + "9" * 6000 + "}"),
    ("BAD_TIME", {**BUY, "timenow": "noon"}), ("STALE_ALERT", {**BUY, "timenow": "2026-01-05T14:58:00Z"}),
    ("FUTURE_ALERT", {**BUY, "timenow": "2026-01-05T15:02:00Z"}),
    ("FUTURE_ALERT", {**BAR, "time": "2026-01-05T16:00:00Z"}),
    ("UNKNOWN_POSITION", {**BUY, "market_position": "sideways"}),
    ("CONTRADICTORY_POSITION", {**BUY, "market_position": "short", "prev_market_position": "flat"}),
    ("INCONSISTENT_BAR", {**BAR, "high": "1.5"}),
    ("TRAILING_STOP_UNSUPPORTED", {**BUY, "trailing_stop": "50"}),
    ("TRAILING_STOP_UNSUPPORTED", {**BUY, "stopLoss": {"type": "trailing_stop"}}),
    ("SEVERAL_TAKE_PROFITS", {**BUY, "tp1": "51000", "tp2": "52000"}),
    ("SEVERAL_TAKE_PROFITS", {**BUY, "take_profits": [{"price": "51000"}]}),
    ("RELATIVE_PROTECTION", {**BUY, "stopLoss": {"percent": 2}}), ("RELATIVE_PROTECTION", {**BUY, "sl_pips": 20}),
    ("LEVERAGE_UNSUPPORTED", {**BUY, "leverage": "10"}), ("OPTION_UNSUPPORTED", {**BUY, "strike": "50000"}),
    ("UNSUPPORTED_FIELD", {**BUY, "cancel": True}), ("SEVERAL_SIGNALS", [BUY, BUY]),
    ("SEVERAL_SIGNALS", {**BUY, "orders": [BUY]}), ("CANCEL_UNSUPPORTED", {**BUY, "action": "cancel all"}),
    ("MODIFY_UNSUPPORTED", {**BUY, "action": "modify"}), ("CONTROL_UNSUPPORTED", {**BUY, "action": "stop_bot"}),
    ("ORDER_UPDATE", {"event": "fill", "order": {"symbol": "AAPL", "side": "buy", "qty": "1", "filled_qty": "1"}}),
    ("AMBIGUOUS_TEXT", "BTCUSDT,buy,1,2"), ("AMBIGUOUS_TEXT", "buy BTCUSDT 1 2"),
    ("SCRIPT_UNSUPPORTED", "keys(BTCUSDT) { market(side=buy, amount=1); }"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "body"), BODIES, ids=lambda value: str(value)[:40])
def test_each_wrong_body_has_its_code_and_a_hint(code: str, body: Any) -> None:
    found = admit(body, symbols=["BTC/USDT"])
    assert isinstance(found, Refuse)
    assert found.refusal.code == RefusalCode(code)
    assert 400 <= found.refusal.status < 500
    assert found.refusal.text


def test_every_code_of_the_catalogue_is_reached_by_some_test() -> None:
    elsewhere = {
        "UNKNOWN_TOKEN",
        "METHOD_NOT_ALLOWED",
        "BODY_TOO_LARGE",
        "UNREADABLE",
    }  # the route's and the intake's tests
    assert (
        {code for code, _ in BODIES} | elsewhere
        == {code.value for code in RefusalCode}
        == {code.value for code in CATALOGUE}
    )


def test_a_syntax_error_names_its_place_and_guesses_nothing() -> None:
    found = admit('{"ticker":"BTCUSDT",\n "action":"buy" "qty":1}')
    assert isinstance(found, Refuse)
    assert "line 2, column 17" in found.refusal.text


def test_an_unknown_symbol_is_answered_with_the_nearest_names() -> None:
    found = admit({**BUY, "ticker": "BTCUSD"})
    assert isinstance(found, Refuse)
    assert "BTC/USDT" in found.refusal.text


def test_only_age_leaves_the_key_by_which_a_copy_is_known() -> None:
    stale = admit({**BUY, "alert_id": "a1", "timenow": "2026-01-05T14:58:00Z"})
    fresh = admit({**BUY, "alert_id": "a1"})
    assert isinstance(stale, Refuse)
    assert isinstance(fresh, Accept)
    assert stale.key is not None
    assert stale.key.value == fresh.key.value


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_admitted_or_refused(body: bytes) -> None:
    assert isinstance(admit(body), Accept | Refuse)


words = st.sampled_from(
    [
        *VERBS,
        "long",
        "flat",
        "short",
        "BTCUSDT",
        "BINANCE:BTC/USDT",
        "limit",
        "{{x}}",
        "NaN",
        "",
        "1",
        "-2",
        "0.5",
    ]
)
times = st.sampled_from(
    ["2026-01-05T14:59:59Z", "2020-01-01T00:00:00Z", "1767625199", "2030-01-01T00:00:00Z"]
)
leaves = words | times | st.text(max_size=20) | st.integers() | st.floats() | st.booleans() | st.none()
names = st.sampled_from([name for group in ALIASES.values() for name in group if "." not in name]) | st.text(
    max_size=10
)
trees = st.dictionaries(
    names, st.recursive(leaves, lambda inner: st.dictionaries(names, inner) | st.lists(inner), max_leaves=6)
)


@given(trees)
def test_arbitrary_json_is_admitted_or_refused(tree: dict[str, Any]) -> None:
    found = admit({"ticker": "BTCUSDT", **tree})
    assert isinstance(found, Accept | Refuse)


closing = st.sampled_from([word for word, verb in VERBS.items() if verb.closes])


@given(closing, trees)
def test_whatever_else_a_closing_alert_says_it_never_opens(verb: str, tree: dict[str, Any]) -> None:
    kept = {name: value for name, value in tree.items() if name not in ("kind", *ALIASES["action"])}
    found = admit({**kept, "ticker": "BTCUSDT", "action": verb})
    if isinstance(found, Accept) and isinstance(found.payload, SignalCreated):
        assert found.payload.kind is SignalKind.CLOSE or found.payload.reduce_only


def test_verbs_are_spelled_as_they_are_looked_up() -> None:
    assert all(said_word(word) == word for word in VERBS)
