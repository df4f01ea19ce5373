"""The operator API: roles, commands, queries, status pages, and a document that describes all of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from gateway_world import BUY, OPERATORS, SECRET, TOKEN, World, bearer

from at_core.events import OperatorCommandEvent
from at_core.testing.builders import a_position, an_account
from at_gateway.settings import OperatorRole
from at_gateway.webhook.refusals import RefusalCode

STOP = {"action": "activate", "reason": "something is wrong"}
GO = {"action": "release", "reason": "it is fine again"}
QUERIES = ("/v1/traces", "/v1/positions", "/v1/orders", "/v1/fills", "/v1/account", "/v1/quarantine")


async def order(world: World, role: OperatorRole | None, **body: Any) -> httpx.Response:
    return await world.client.post("/v1/killswitch", json={**STOP, **body}, headers=bearer(role))


@pytest.mark.parametrize("path", [*QUERIES, f"/v1/traces/{UUID(int=1)}"])
async def test_every_query_needs_a_known_operator(world: World, path: str) -> None:
    nobody = await world.get(path, None)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "MISSING_CREDENTIALS")
    assert nobody.headers["www-authenticate"] == "Bearer"
    stranger = await world.client.get(path, headers={"Authorization": "Bearer wrong"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "UNKNOWN_CREDENTIALS")
    webhook = await world.client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert webhook.status_code == 401
    for role in OperatorRole:
        assert (await world.get(path, role)).status_code in (200, 404)


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        (OperatorRole.VIEWER, STOP, 403), (OperatorRole.OPERATOR, STOP, 202), (OperatorRole.ADMIN, STOP, 202),
        (OperatorRole.VIEWER, GO, 403), (OperatorRole.OPERATOR, GO, 403), (OperatorRole.ADMIN, GO, 202),
    ],
)  # fmt: skip
async def test_stopping_is_never_harder_than_starting(
    world: World, role: OperatorRole, body: dict[str, str], status: int
) -> None:
    answer = await order(world, role, **body)
    assert answer.status_code == status
    assert len(world.bus.records("OPERATOR")) == (status == 202)
    if status == 403:
        assert answer.json()["code"] == "ROLE_TOO_LOW"


async def test_a_command_becomes_an_event_with_its_issuer(world: World) -> None:
    answer = await order(
        world, OperatorRole.OPERATOR, scope="STRATEGY", scope_value="ema_cross", level="FLATTEN"
    )
    (event,) = world.events("OPERATOR")
    assert isinstance(event, OperatorCommandEvent)
    assert answer.json()["command_id"] == str(event.event_id) == answer.json()["correlation_id"]
    assert (event.command, event.operator, event.operator_role) == (
        "KILL_SWITCH_ACTIVATE",
        "operator",
        "operator",
    )
    assert (event.scope, event.scope_value, event.level) == ("STRATEGY", "ema_cross", "FLATTEN")
    await world.folded()
    trace = (await world.get(f"/v1/traces/{event.event_id}")).json()
    assert [entry["stage"] for entry in trace["events"]] == ["command"]


async def test_a_command_sent_twice_under_one_id_is_issued_once(world: World) -> None:
    command = str(UUID(int=7))
    answers = [await order(world, OperatorRole.ADMIN, command_id=command) for _ in range(2)]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True]
    assert len(world.bus.records("OPERATOR")) == 1
    assert (await order(world, OperatorRole.ADMIN)).json()["command_id"] != answers[0].json()["command_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "explode"}, {"reason": ""}, {"scope": "STRATEGY"}, {"scope_value": "x"}, {"level": "MAYBE"},
        {"unknown": 1}, {"scope": "ACCOUNT", "scope_value": "a b"}, {"reason": "x" * 501},
    ],
)  # fmt: skip
async def test_a_malformed_command_is_refused_with_a_hint(world: World, body: dict[str, Any]) -> None:
    answer = await order(world, OperatorRole.ADMIN, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert answer.json()["hint"]
    assert not world.bus.records("OPERATOR")


async def test_a_command_that_cannot_be_stored_is_503(world: World) -> None:
    world.bus.available = False
    answer = await order(world, OperatorRole.OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_STORED")


async def test_queries_show_what_was_folded(world: World) -> None:
    signal = (await world.post(BUY)).json()
    await world.post({**BUY, "ticker": "NOPE", "passphrase": SECRET})
    world.happen(a_position(), an_account())
    await world.folded()
    positions = (await world.get("/v1/positions?account=paper&symbol=BTC/USDT")).json()
    assert [row["quantity"] for row in positions["positions"]] == ["0.5"]
    assert (await world.get("/v1/positions?account=other")).json()["positions"] == []
    assert (await world.get("/v1/account")).json()["accounts"][0]["equity"] == "100000"
    refused = (await world.get("/v1/quarantine")).json()["quarantine"]
    assert [entry["code"] for entry in refused] == ["UNKNOWN_SYMBOL"]
    assert SECRET not in str(refused)
    assert (await world.get("/v1/quarantine?code=BROKEN_JSON")).json()["total"] == 0
    latest = (await world.get("/v1/traces?signals_only=true")).json()
    assert [row["correlation_id"] for row in latest["traces"]] == [signal["correlation_id"]]
    assert latest["folded"]["JOURNAL"] == len(world.bus.records("JOURNAL"))


async def test_an_unknown_trace_and_a_wrong_id_are_told_apart(world: World) -> None:
    assert (await world.get(f"/v1/traces/{UUID(int=9)}")).json()["code"] == "UNKNOWN_TRACE"
    assert (await world.get("/v1/traces/not-an-id")).json()["code"] == "INVALID_REQUEST"


async def test_a_page_is_never_longer_than_its_bound() -> None:
    async with World() as world:
        for number in range(7):
            await world.post({**BUY, "alert_id": str(number)})
        await world.folded()
        assert len((await world.get("/v1/traces?limit=3")).json()["traces"]) == 3
        assert (await world.get("/v1/traces?limit=0")).status_code == 422


async def test_the_status_pages_tell_readiness() -> None:
    world = World()
    assert (await world.client.get("/healthz")).status_code == 200
    assert (await world.client.get("/readyz")).status_code == 503
    assert (await world.get("/v1/positions")).json()["code"] == "NOT_READY"
    async with world:
        assert (await world.client.get("/readyz")).status_code == 200
        world.bus.available = False
        assert (await world.client.get("/readyz")).status_code == 503
        world.bus.restart()
        await world.until(lambda: world.service.ready)
        metrics = (await world.client.get("/metrics")).text
        assert "at_webhook_requests_total" in metrics


async def test_the_document_describes_every_route_the_webhook_included(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/webhooks/tradingview/{token}", "/v1/killswitch", "/v1/traces/{correlation_id}", *QUERIES,
        "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    webhook = document["paths"]["/webhooks/tradingview/{token}"]["post"]
    assert set(webhook["responses"]) == {"202", "400", "401", "403", "405", "413", "422", "503"}
    assert set(document["components"]["schemas"]["AlertRefused"]["properties"]["code"]["enum"]) == {
        c.value for c in RefusalCode
    }
    for reference in ("AlertAccepted", "AlertRefused", "AlertUnavailable"):
        assert reference in document["components"]["schemas"]
    assert "/docs" not in str(document)


async def test_unknown_paths_and_methods_have_the_same_shape(world: World) -> None:
    assert (await world.client.get("/nowhere")).json()["code"] == "NOT_FOUND"
    assert (await world.client.get("/docs")).status_code == 404
    assert (await world.client.delete("/v1/traces")).json()["code"] == "METHOD_NOT_ALLOWED"


async def test_operator_tokens_are_no_webhook_tokens(world: World) -> None:
    for token in OPERATORS.values():
        assert (await world.post(BUY, f"/webhooks/tradingview/{token}")).status_code == 401
