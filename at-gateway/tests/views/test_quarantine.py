"""The quarantine across a new major: what version 1 kept is shown rightly, and nothing it did not say is made up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_world import World

from at_core.contracts.frozen import frozen_samples
from at_core.errors import ConfigurationError
from at_core.runtime.bus import Outgoing

TYPE = "intake.alert.quarantined"
SUBJECT = f"{TYPE}.v1.tradingview.BROKEN_JSON"
V1 = {TYPE: 1}


async def shown(world: World) -> list[dict[str, Any]]:
    await world.folded()
    rows = (await world.get("/v1/quarantine")).json()["quarantine"]
    return [{name: row[name] for name in ("code", "body", "body_encoding", "truncated")} for row in rows]


def row(code: str, body: str, encoding: str, truncated: bool | None) -> dict[str, Any]:
    return {"code": code, "body": body, "body_encoding": encoding, "truncated": truncated}


async def test_a_restart_over_alerts_of_version_1_shows_them_as_what_they_are() -> None:
    async with World() as first:
        first.bus.store(Outgoing(SUBJECT, frozen_samples(TYPE, "1.0")["full"]))
        await first.post(b"\\xff")
    async with World(first.bus) as again:
        assert await shown(again) == [
            row("UNKNOWN_DIALECT", "\\xff", "UTF8", False),
            row("BROKEN_JSON", '{"side":}', "UNKNOWN", None),
        ]


async def test_the_way_back_and_forth_loses_nothing_and_doubles_nothing() -> None:
    posted = [b"\xff one", b"two", b"\xff three"]
    world = World()
    async with world:
        await world.post(posted[0])
    async with World(world.bus, emit_major=V1) as back:
        await back.post(posted[1])
        assert await shown(back) == [
            row("UNKNOWN_DIALECT", "two", "UTF8", None),
            row("NOT_UTF8", "\\xff one", "ESCAPED", False),
        ]
    async with World(world.bus) as forth:
        await forth.post(posted[2])
        assert [entry["body"] for entry in await shown(forth)] == ["\\xff three", "two", "\\xff one"]
    stored = [
        (record.subject.split(".")[3], json.loads(record.body)["schema_version"])
        for record in world.bus.records("QUARANTINE")
    ]
    assert stored == [("v2", "2.0"), ("v1", "1.0"), ("v2", "2.0")]


def test_a_wrong_entry_keeps_the_gateway_from_starting() -> None:
    for majors, words in (
        ({TYPE: 3}, "this build writes major 1, 2 of it"),
        ({"intake.alert.quarantine": 1}, "knows no such type"),
        ({"trading.risk.approved": 1}, "set it where gate is configured"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            World(emit_major=majors)
