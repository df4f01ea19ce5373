"""The door of a running platform: a bad alert gets its own code and hint, is counted and kept, and is never a 5xx."""

import json
from collections.abc import Iterator

import pytest
from processes.alerts import flat
from processes.street import Door, Street
from processes.waiting import until

PASS_PHRASE = "correct-horse-battery"

BAD: dict[str, tuple[bytes, int, str]] = {
    "too large": (flat("buy", "1", comment="x" * 20_000), 413, "BODY_TOO_LARGE"),
    "empty": (b"", 400, "EMPTY_BODY"),
    "not UTF-8": (b'{"ticker": "BTCUSDT", "action": "b\xff\xfey"}', 400, "NOT_UTF8"),
    "broken JSON": (b'{"ticker": "BTCUSDT", "action": ', 400, "BROKEN_JSON"),
    "no object": (b'["buy", "BTCUSDT"]', 400, "NOT_AN_OBJECT"),
    "too deep": (b'{"ticker": ' + b"[" * 7_000 + b"]" * 7_000 + b"}", 400, "TOO_DEEP"),
    "not for us": (b"hello, is anybody there?", 422, "UNKNOWN_DIALECT"),
    "unresolved placeholder": (
        flat("buy", "{{strategy.order.contracts}}"), 422, "UNRESOLVED_PLACEHOLDER",
    ),
    "NaN as text": (flat("buy", "NaN"), 422, "NAN_NUMBER"),
    "NaN as a bare word": (b'{"ticker": "BTCUSDT", "action": "buy", "contracts": NaN}', 422, "NAN_NUMBER"),
    "infinite": (flat("buy", "Infinity"), 422, "INFINITE_NUMBER"),
    "negative": (flat("buy", "-1"), 422, "NEGATIVE_NUMBER"),
    "zero": (flat("buy", "0"), 422, "ZERO_NUMBER"),
    "endless digits": (flat("buy", "1" * 60), 422, "NUMBER_TOO_LONG"),
    "arithmetic": (flat("buy", "2*3"), 422, "ARITHMETIC_NUMBER"),
    "unknown symbol": (flat("buy", "1", ticker="DOGEMOON"), 422, "UNKNOWN_SYMBOL"),
    "unknown action": (flat("hodl", "1"), 422, "UNKNOWN_ACTION"),
    "stale": (flat("buy", "1", timenow="2020-01-05T15:00:00Z"), 422, "STALE_ALERT"),
    "from the future": (flat("buy", "1", timenow="2099-01-05T15:00:00Z"), 422, "FUTURE_ALERT"),
}  # fmt: skip


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with Street(tmp_path_factory.mktemp("door")) as running:
        yield running


@pytest.mark.parametrize("name", BAD)
def test_a_bad_alert_is_named_counted_and_kept(street: Street, name: str) -> None:
    body, status, code = BAD[name]
    door = street.door
    before = _refusals(door, code)
    answer = door.post(body)
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert (told["status"], told["code"]) == ("refused", code)
    assert len(told["hint"]) > 10
    assert _refusals(door, code) == before + 1
    assert code in _kept(door, told["quarantine_id"])


def test_what_is_kept_of_a_refused_alert_has_no_secret_in_it(street: Street) -> None:
    door = street.door
    said = {"passphrase": PASS_PHRASE, "note": f"sent to {door.webhook}", "again": door.token}
    answer = door.post(flat("buy", "NaN", **said)).json()
    kept = _kept(door, answer["quarantine_id"])
    assert "NAN_NUMBER" in kept
    everywhere = kept + json.dumps(answer) + json.dumps(street.log("gateway"))
    assert PASS_PHRASE not in everywhere
    assert door.token not in everywhere


def test_a_stranger_learns_nothing_and_leaves_nothing(street: Street) -> None:
    door = street.door
    kept_before = door.get("/v1/quarantine")["total"]
    counted = _refusals(door, "UNKNOWN_TOKEN")
    bodies = [flat("buy", "0.01"), b"\xff", b"", flat("buy", "1", comment="x" * 20_000)]
    answers = [door.post(body, token="guess") for body in bodies]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].json()["code"] == "UNKNOWN_TOKEN"
    assert _refusals(door, "UNKNOWN_TOKEN") == counted + len(bodies)
    marker = door.post(b"[]").json()[
        "quarantine_id"
    ]  # stored after them: what they left would be there by now
    _kept(door, marker)
    assert door.get("/v1/quarantine")["total"] == kept_before + 1


def test_nothing_of_all_this_became_a_signal_or_a_server_error(street: Street) -> None:
    door = street.door
    good = door.accepted(flat("buy", "0.01"))
    assert door.end_of(good)["terminal"] == "FILLED"
    assert [trace["correlation_id"] for trace in door.get("/v1/traces?signals_only=true")["traces"]] == [good]
    assert door.metric("gateway", "at_webhook_requests_total", outcome="unavailable") == 0
    assert not [line for line in street.log("gateway") if line.get("level") == "ERROR"]


def _refusals(door: Door, code: str) -> float:
    return door.metric("gateway", "at_webhook_refusals_total", code=code)


def _kept(door: Door, quarantine_id: str) -> str:
    """Return the kept alert as text, once the read side shows it."""

    def shown() -> str:
        rows = door.get("/v1/quarantine?limit=200")["quarantine"]
        return next((json.dumps(row) for row in rows if row["quarantine_id"] == quarantine_id), "")

    return until(f"{quarantine_id} in the quarantine", shown)
