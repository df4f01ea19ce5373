"""The route over HTTP: status, headers, streaming bound, tokens, metrics, logs."""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from gateway_world import BUY, OTHER_TOKEN, PATH, TOKEN, World, a_source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from at_core.runtime.logging import configure_logging
from at_gateway.webhook import tokens as tokens_room
from at_gateway.webhook.tokens import Tokens

STRANGE = "/webhooks/tradingview/nobody-knows-this-token"


async def test_an_alert_is_accepted_and_its_copy_is_told(world: World) -> None:
    first, copy = await world.post(BUY), await world.post(BUY)
    assert (first.status_code, copy.status_code) == (202, 202)
    assert first.headers["content-type"] == "application/json"
    body = first.json()
    assert body["status"] == "accepted"
    assert body["correlation_id"] == body["signal_id"]
    assert copy.json() == {**body, "duplicate": True}


async def test_fifty_posts_at_once_make_one_signal(world: World) -> None:
    answers = await asyncio.gather(*(world.post(BUY) for _ in range(50)))
    assert {answer.json()["signal_id"] for answer in answers} == {answers[0].json()["signal_id"]}
    assert len(world.bus.records("SIGNALS")) == 1


async def test_plain_text_is_taken_whatever_the_content_type_says(world: World) -> None:
    text = "MACD: order buy @ 0.1 filled on BTCUSDT. New strategy position is 0.1"
    for content_type in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
        answer = await world.post(text, **{"content-type": content_type})
        assert answer.status_code == 202


@pytest.mark.parametrize(
    "path",
    [STRANGE, "/webhooks/tradingview/", f"{PATH}/more", f"{PATH}x", "/webhooks/tradingview/" + "x" * 5000],
)
async def test_an_unknown_token_is_401_and_leaves_nothing(world: World, path: str) -> None:
    for body in (json.dumps(BUY), "not json", "x" * 100_000, ""):
        answer = await world.post(body, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNKNOWN_TOKEN")
    assert not world.bus.records("SIGNALS")
    assert not world.bus.records("QUARANTINE")
    assert world.metrics.value("at_webhook_requests_total", source="stranger", outcome="refused") == 4


async def test_each_token_speaks_for_its_own_source(world: World) -> None:
    other = f"/webhooks/tradingview/{OTHER_TOKEN}"
    assert (await world.post(BUY, other)).json()["code"] == "SYMBOL_NOT_ALLOWED"
    assert (await world.post({**BUY, "ticker": "AAPL"}, other)).status_code == 202
    assert (await world.post({**BUY, "ticker": "AAPL"})).status_code == 202
    assert len(world.bus.records("SIGNALS")) == 2


def test_a_look_up_compares_with_every_digest_whatever_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    really = hmac.compare_digest

    def compare(one: bytes, two: bytes) -> bool:
        assert len(one) == len(two) == 32
        compared.append(one)
        return really(one, two)

    monkeypatch.setattr(tokens_room.hmac, "compare_digest", compare)
    sources = [
        a_source(
            name=f"s{n}",
            token_sha256=[tokens_room.token_digest(f"token-{n}"), tokens_room.token_digest(f"old-{n}")],
        )
        for n in range(3)
    ]
    tokens = Tokens(sources)
    for token, name in (
        ("token-0", "s0"),
        ("old-2", "s2"),
        ("nobody", None),
        ("", None),
        ("x" * 9_999, None),
    ):
        compared.clear()
        found = tokens.find(token)
        assert (found.name if found else None) == name
        assert len(compared) == 6


async def test_a_body_over_the_bound_is_stopped_while_it_streams(world: World) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 4_096
            yield b"x" * 4_096

    messages: list[dict[str, Any]] = []
    stream = endless()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(stream), "more_body": True}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    await world.app(scope, receive, send)
    assert messages[0]["status"] == 413
    assert (b"connection", b"close") in messages[0]["headers"]
    assert json.loads(messages[1]["body"])["code"] == "BODY_TOO_LARGE"
    assert sent <= world.settings.webhook.body_bytes_max + 4_096
    (kept,) = world.events("QUARANTINE")
    assert kept.code == "BODY_TOO_LARGE"  # type: ignore[attr-defined]  # the stream holds this one type
    await stream.aclose()


@pytest.mark.parametrize(("size", "status"), [(16_384, 202), (16_385, 413)])
async def test_the_bound_is_exact(world: World, size: int, status: int) -> None:
    body = json.dumps(BUY)
    assert (await world.post(body + " " * (size - len(body)))).status_code == status


async def test_a_sender_that_goes_away_or_dawdles_leaves_nothing(world: World) -> None:
    answers: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    await world.app(dict(scope), gone, send)
    await world.app({**scope, "path": STRANGE}, gone, send)
    assert not answers
    quick = World(webhook=world.settings.webhook.model_copy(update={"body_seconds_max": 0.01}))
    await quick.app(dict(scope), never, send)
    assert answers[0]["status"] == 503
    assert json.loads(answers[1]["body"])["code"] == "BODY_TOO_SLOW"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_post_is_taken(world: World, method: str) -> None:
    answer = await world.client.request(method, PATH)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_without_the_bus_the_answer_is_503_with_retry_after(world: World) -> None:
    world.bus.available = False
    answer = await world.post(BUY)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["code"] == "NOT_STORED"


async def test_answers_are_counted_by_source_outcome_and_code(world: World) -> None:
    await world.post(BUY)
    await world.post(BUY)
    await world.post("nonsense")
    counted = {
        outcome: world.metrics.value("at_webhook_requests_total", source="tv", outcome=outcome)
        for outcome in ("accepted", "duplicate", "refused", "unavailable")
    }
    assert counted == {"accepted": 1, "duplicate": 1, "refused": 1, "unavailable": 0}
    assert world.metrics.value("at_webhook_refusals_total", code="UNKNOWN_DIALECT") == 1
    assert world.metrics.value("at_webhook_refusals_total", code="STALE_ALERT") == 0
    assert world.metrics.value("at_webhook_accept_seconds_count", outcome="accepted") == 1


async def test_neither_logs_nor_metrics_ever_hold_a_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    level = root.level
    lines = io.StringIO()
    configure_logging("gateway", "DEBUG", lines)
    try:
        await world.post(BUY)
        await world.post(f"garbage {TOKEN}")
        logging.getLogger("at_gateway").warning("a careless line with %s", TOKEN)
    finally:
        root.setLevel(level)
    assert "alert refused" in lines.getvalue()
    assert "a careless line" in lines.getvalue()
    assert TOKEN not in lines.getvalue()
    assert TOKEN not in world.metrics.render().decode()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=8), st.lists, max_leaves=4).map(
        lambda tree: json.dumps({"ticker": "BTCUSDT", "action": "buy", "quantity": tree}).encode()
    ),
    content_type=st.sampled_from(["application/json", "text/plain", "", "\u00e4"]),
)
def test_no_body_is_answered_5xx(body: bytes, content_type: str) -> None:
    async def story() -> httpx.Response:
        async with World() as world:
            return await world.client.post(
                PATH, content=body, headers={b"content-type": content_type.encode("latin-1")}
            )

    assert asyncio.run(story()).status_code in {202, 400, 403, 422}
