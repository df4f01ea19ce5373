"""The kill switch on a running platform: entries stop, exits do not, and no kill -9 makes anybody forget it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from processes.alerts import flat
from processes.facts import stream
from processes.street import Street
from processes.waiting import until


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with Street(tmp_path / "stops") as running:
        yield running


def test_a_kill_switch_stops_entries_lets_exits_pass_and_survives_kills(street: Street) -> None:
    door = street.door
    assert door.end_of(door.accepted(flat("buy", "0.05", alert_id="before")))["terminal"] == "FILLED"
    _holds(street, "0.05")
    assert door.killswitch("viewer", "activate").status_code == 403

    stop = door.killswitch("operator", "activate")
    assert stop.status_code == 202
    _obeyed(street, stop.json()["correlation_id"], "system.killswitch.activated")
    _entry_is_refused(street, "stopped")
    part = door.accepted(flat("sell", "0.02", alert_id="part", reduce_only=True))
    assert door.end_of(part)["terminal"] == "FILLED"
    _holds(street, "0.03")

    for before, service in [(street.kill(service), service) for service in ("gate", "engine")]:
        street.back(service, before)
    _entry_is_refused(street, "still-stopped")
    close = door.end_of(door.accepted(flat("close", alert_id="close")))
    assert (close["terminal"], close["filled_quantity"]) == ("FILLED", "0.03")
    _holds(street, "0")

    refused = door.killswitch("operator", "release")
    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_TOO_LOW")
    _entry_is_refused(street, "not-released")
    go = door.killswitch("admin", "release")
    assert go.status_code == 202
    _obeyed(street, go.json()["correlation_id"], "system.killswitch.released")
    assert door.end_of(door.accepted(flat("buy", "0.01", alert_id="after")))["terminal"] == "FILLED"
    assert stream(street, "DLQ") == []


def _entry_is_refused(street: Street, name: str) -> None:
    told = street.door.end_of(street.door.accepted(flat("buy", "0.01", alert_id=name)))
    assert (told["terminal"], told.get("client_order_id")) == ("REJECTED_BY_GATE", None)
    assert "KILL_SWITCH" in told["reasons"]
    check = next(check for check in told["checks"] if check["code"] == "KILL_SWITCH")
    assert not check["passed"]
    assert check["observed"]


def _obeyed(street: Street, command: str, event_type: str) -> None:
    """Wait until the engine has said it, and the gate has folded all that was said."""

    def said() -> bool:
        return event_type in [
            entry["type"] for entry in street.door.get(f"/v1/traces/{command}").get("events", [])
        ]

    until(event_type, said)
    count = len(stream(street, "SYSTEM"))
    until(
        "the gate knows it",
        lambda: (
            street.door.metric("gate", "at_events_consumed_total", durable="gate-system", outcome="folded")
            >= count
        ),
    )


def _holds(street: Street, quantity: str) -> None:
    def held() -> bool:
        rows = street.door.get("/v1/positions")["positions"]
        return [Decimal(row["quantity"]) for row in rows if row["symbol"] == "BTC/USDT"] == [
            Decimal(quantity)
        ]

    until(f"a position of {quantity}", held)
