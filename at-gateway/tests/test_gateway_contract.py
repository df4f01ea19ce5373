"""What the gateway reads and writes is what its contract says: run over every sample ever frozen, held against it."""

from __future__ import annotations

import asyncio

import pytest
from gateway_world import BUY, World, bearer

from at_core.contracts.consumers.load import installed_contracts
from at_core.events import Event
from at_core.events.versions import readable_majors
from at_core.testing.builders import T0
from at_core.testing.corpus import Sample, corpus
from at_core.testing.field_record import FieldRecord
from at_core.testing.handling import (
    differences,
    production_differences,
    run_body,
    unnoticed_changes,
    wiring_differences,
)
from at_gateway.operator.queries import Pages
from at_gateway.settings import OperatorRole
from at_gateway.wiring import GATEWAY

(CONTRACT,) = (one for one in installed_contracts() if one.member == "at-gateway")
TYPES = [name for entry in GATEWAY.observes for name in entry.types]

Seen = tuple[FieldRecord, list[Event]]

BAR = {
    "ticker": "BTCUSDT", "kind": "bar", "interval": "1", "time": "2026-01-05T14:59:00Z",
    "open": 1, "high": 2, "low": 1, "close": 2, "volume": 7,
}  # fmt: skip
STRATEGY = {
    "strategy": "MACD cross", "ticker": "BTCUSDT", "interval": "60", "time": "2026-01-05T14:00:00Z",
    "timenow": "2026-01-05T14:59:58Z", "action": "sell", "contracts": "3", "price": "50000.5", "order_id": "Long",
    "comment": "take profit 1", "market_position": "long", "market_position_size": "2",
    "prev_market_position": "long", "prev_market_position_size": "5",
}  # fmt: skip
TURNED = {
    "ticker": "ETHUSDT", "action": "buy", "contracts": "3", "strategy.market_position": "long",
    "market_position_size": "2", "prev_market_position": "short", "prev_market_position_size": "1",
}  # fmt: skip
LIMITED = {
    **BUY, "order_type": "stop_limit", "limit_price": "50100", "stop_price": "50050", "stop_loss": "49000",
    "take_profit": "52000",
}  # fmt: skip
ALERTS = (BUY, BAR, STRATEGY, TURNED, LIMITED, {**BUY, "ticker": "NOPE"})
STOP = {"action": "activate", "reason": "test", "scope": "ACCOUNT", "scope_value": "paper"}


async def shown(samples: tuple[Sample, ...]) -> None:
    """Fold the samples one by one and all together, and ask for everything an operator can ask for."""
    world = World()
    for batch in (*((one,) for one in samples), samples):
        body = world.gateway.body
        await run_body(body, GATEWAY, batch, T0)
        pages = Pages(body, world.settings.read)
        for trace in body.traces.latest():
            assert pages.trace(trace.correlation_id)["events"]
        rows = (
            body.books.positions(), body.books.accounts(), body.books.orders(), body.books.fills(),
            body.quarantine.entries(), pages.traces(50, signals_only=False)["traces"],
        )  # fmt: skip
        assert any(rows)
    await world.client.aclose()


async def let_in() -> list[Event]:
    """Alerts and a command as they come from outside, and what the gateway published because of them."""
    async with World() as world:
        answers = [await world.post(alert) for alert in ALERTS]
        headers = bearer(OperatorRole.OPERATOR)
        answers.append(await world.client.post("/v1/killswitch", json=STOP, headers=headers))
    assert [answer.status_code for answer in answers] == [202, 202, 202, 202, 202, 422, 202]
    return [
        event for stream in ("SIGNALS", "MARKET", "QUARANTINE", "OPERATOR") for event in world.events(stream)
    ]


@pytest.fixture(scope="module")
def seen() -> Seen:
    with FieldRecord() as record:
        asyncio.run(shown(corpus(*TYPES)))
    return record, asyncio.run(let_in())


def test_what_is_read_is_what_is_declared(seen: Seen) -> None:
    assert differences(seen[0], CONTRACT.reads) == []


def test_a_field_left_out_and_a_field_made_up_are_noticed(seen: Seen) -> None:
    assert unnoticed_changes(seen[0], CONTRACT.reads) == []


def test_types_durables_and_majors_are_those_of_the_wiring() -> None:
    assert wiring_differences(CONTRACT.reads, GATEWAY) == []
    assert all(one.majors == readable_majors(one.event_type) for one in CONTRACT.reads)


def test_what_is_written_is_what_is_declared(seen: Seen) -> None:
    assert production_differences(CONTRACT.writes, GATEWAY, seen[1]) == []
