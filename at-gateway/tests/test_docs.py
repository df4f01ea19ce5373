"""Documents: every code, route, setting and template on paper is the one in the code."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from gateway_world import INSTRUMENTS, World, a_source

from at_core.testing.builders import T0
from at_gateway.operator.problems import ProblemCode
from at_gateway.webhook.admission import Accept, decide
from at_gateway.webhook.refusals import CATALOGUE, UnavailableCode

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")
CONTRACTS = (HOME / "docs" / "CONTRACTS.md").read_text(encoding="utf-8")
API = (HOME / "docs" / "API_SPEC.md").read_text(encoding="utf-8")

VALUES = {
    "{{ticker}}": "BTCUSDT", "{{exchange}}": "BINANCE", "{{interval}}": "5", "{{time}}": "2026-01-05T14:55:00Z",
    "{{timenow}}": "2026-01-05T14:59:59Z", "{{close}}": "50000.5", "{{open}}": "50000", "{{high}}": "50001",
    "{{low}}": "49999", "{{volume}}": "12.5", "{{strategy.order.action}}": "buy", "{{strategy.order.contracts}}": "0.5",
    "{{strategy.order.price}}": "50000", "{{strategy.order.id}}": "Long", "{{strategy.order.comment}}": "Long",
    "{{strategy.market_position}}": "long", "{{strategy.market_position_size}}": "0.5",
    "{{strategy.prev_market_position}}": "flat", "{{strategy.prev_market_position_size}}": "0",
    "{{strategy.position_size}}": "0.5",
}  # fmt: skip
TEMPLATES = re.findall(r"```(?:json|text)\n(.*?)```", README, re.DOTALL)


def test_every_refusal_stands_in_the_table_with_its_status() -> None:
    for code, entry in CATALOGUE.items():
        assert f"| `{code.value}` | {entry.status} | {entry.advice} |" in CONTRACTS
    for late in UnavailableCode:
        assert f"| `{late.value}` | 503 |" in CONTRACTS


async def test_every_route_and_problem_stands_in_the_api_page(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in API
    assert all(f"`{code.value}`" in API for code in ProblemCode)


@pytest.mark.parametrize("template", TEMPLATES, ids=range(len(TEMPLATES)))
def test_every_template_of_the_readme_is_understood(template: str) -> None:
    body = template.strip()
    for placeholder, value in VALUES.items():
        body = body.replace(placeholder, value)
    assert "{{" not in body
    found = decide(body.encode(), a_source(), T0, INSTRUMENTS, timedelta(seconds=60))
    assert isinstance(found, Accept), found
    if template.lstrip().startswith("{"):
        json.loads(body)


def test_the_readme_has_a_template_for_each_family() -> None:
    assert len(TEMPLATES) >= 5
