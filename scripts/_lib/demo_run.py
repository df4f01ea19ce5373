"""Plays the demo's story against a running platform and judges what came of each chapter."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from _lib.demo_story import Chapter
from _lib.platform import Platform

__all__ = ["Audit", "Result", "audit", "play", "send_bars"]

_PATIENCE_SECONDS = 15.0
_STAGES = {
    "trading.signal.created": "signal",
    "trading.proposal.created": "proposal",
    "trading.risk.approved": "decision",
    "trading.risk.rejected": "decision",
    "trading.execution.submitted": "order",
    "trading.execution.fill": "fill",
    "portfolio.position.changed": "position",
}


@dataclass(slots=True)
class Result:
    """What came of one chapter."""

    chapter: Chapter
    status: int
    answer: dict[str, Any]
    answer_ms: float
    end: str = "PENDING"
    stages_ms: dict[str, float] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    reasons: list[dict[str, str]] = field(default_factory=list)
    filled: str = ""
    problems: list[str] = field(default_factory=list)

    def as_json(self, number: int) -> dict[str, Any]:
        """One object for machines."""
        return {
            "alert": number,
            "title": self.chapter.title,
            "http_status": self.status,
            "signal_id": self.answer.get("signal_id"),
            "correlation_id": self.answer.get("correlation_id"),
            "duplicate": self.answer.get("duplicate", False),
            **self.ids,
            "terminal": self.end,
            "reasons": self.reasons,
            "answer_ms": round(self.answer_ms, 1),
            "stages_ms": self.stages_ms,
            "as_expected": not self.problems,
            "problems": self.problems,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """What the verifier said, and how many of the expected flows at-obs can tell."""

    ok: bool
    rows: int
    head: str
    text: str


class Reader:
    """The read side, as an operator with the viewer role sees it."""

    def __init__(self, platform: Platform) -> None:
        token = platform.credentials["operators"]["viewer"]
        self.client = httpx.AsyncClient(
            base_url=platform.endpoints["gateway"], headers={"Authorization": f"Bearer {token}"}, timeout=5
        )
        self.webhook = f"/webhooks/tradingview/{platform.credentials['webhook']['token']}"

    async def get(self, path: str) -> dict[str, Any]:
        """Return one document; an empty one while it does not exist yet."""
        answer = await self.client.get(path)
        if answer.status_code == 404:
            return {}
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    async def position(self, symbol: str) -> Decimal:
        """Return the signed quantity held."""
        rows = (await self.get("/v1/positions"))["positions"]
        return next((Decimal(row["quantity"]) for row in rows if row["symbol"] == symbol), Decimal(0))

    async def orders(self) -> int:
        """Return how many orders there are."""
        return int((await self.get("/v1/orders"))["total"])


async def send_bars(platform: Platform, bodies: list[str]) -> None:
    """Post market data that the story needs; raises when one is not taken."""
    reader = Reader(platform)
    async with reader.client as client:
        for body in bodies:
            answer = await client.post(
                reader.webhook, content=body, headers={"content-type": "application/json"}
            )
            answer.raise_for_status()


async def play(platform: Platform, chapter: Chapter) -> Result:
    """Post one chapter, wait for its end, and compare with what should have happened."""
    reader = Reader(platform)
    async with reader.client as client:
        orders_before = await reader.orders()
        began = time.perf_counter()
        answer = await client.post(
            reader.webhook, content=chapter.body, headers={"content-type": chapter.content_type}
        )
        result = Result(chapter, answer.status_code, answer.json(), (time.perf_counter() - began) * 1000)
        if result.status != chapter.status:
            result.problems.append(
                f"answered {result.status}, expected {chapter.status}: {answer.text[:200]}"
            )
            return result
        if chapter.end == "QUARANTINED":
            await _judge_quarantined(reader, result)
        elif chapter.end == "DUPLICATE":
            await _judge_duplicate(reader, result, orders_before)
        else:
            await _judge_flow(reader, result)
        if chapter.position is not None and not await _soon(lambda: _holds(reader, chapter)):
            result.problems.append(
                f"position is {await reader.position(chapter.symbol)}, expected {chapter.position}"
            )
    return result


async def audit(platform: Platform, wanted: str) -> Audit:
    """Run the verifier and the trace of at-obs, as an auditor would, until the flow ``wanted`` is in it."""
    program = str(Path(sys.executable).parent / "at-obs")
    database = str(platform.home.audit_file)

    async def told() -> bool:
        code, text = await _run(program, "trace", wanted, "--db", database)
        return code == 0 and "FILLED" in text

    seen = await _soon(told)
    code, text = await _run(program, "verify", "--db", database, "--json")
    report = json.loads(text) if text.startswith("{") else {}
    note = "" if seen else f"at-obs trace does not tell the whole flow {wanted}"
    return Audit(code == 0 and seen, int(report.get("rows", 0)), str(report.get("head", "")), note or text)


async def _judge_flow(reader: Reader, result: Result) -> None:
    flow = result.answer["correlation_id"]
    chapter = result.chapter

    async def ended() -> bool:
        trace = await reader.get(f"/v1/traces/{flow}")
        _read_trace(result, trace)
        settled = result.end not in {"PENDING", "WORKING"}
        return settled and (result.end != "FILLED" or "position" in result.stages_ms)

    await _soon(ended)
    if result.end != chapter.end:
        result.problems.append(f"ended {result.end}, expected {chapter.end}")
    if chapter.code and chapter.code not in {reason["code"] for reason in result.reasons}:
        result.problems.append(f"{chapter.code} is not among the reasons")


def _read_trace(result: Result, trace: dict[str, Any]) -> None:
    told = trace.get("strategies", {}).get(result.chapter.strategy, {})
    result.end = told.get("terminal", "PENDING")
    result.stages_ms = {}
    for event in trace.get("events", []):
        stage = _STAGES.get(event["type"])
        if stage is not None:
            result.stages_ms.setdefault(stage, round(event["ms"], 1))
    names = ("proposal_id", "plan_id", "client_order_id")
    result.ids = {name: told[name] for name in names if told.get(name)}
    result.reasons = [
        {"code": check["code"], "observed": check["observed"], "limit": check["limit"]}
        for check in told.get("checks", [])
        if not check["passed"] and not check["waived"]
    ]
    if told.get("filled_quantity"):
        result.filled = f"{told['filled_quantity']} @ {told.get('last_fill_price')}"


async def _judge_quarantined(reader: Reader, result: Result) -> None:
    wanted = result.answer.get("quarantine_id")
    result.end = "QUARANTINED"
    result.reasons = [
        {"code": result.answer.get("code", ""), "observed": result.answer.get("hint", ""), "limit": ""}
    ]
    if result.answer.get("code") != result.chapter.code:
        result.problems.append(f"code {result.answer.get('code')}, expected {result.chapter.code}")

    async def kept() -> bool:
        rows = (await reader.get("/v1/quarantine"))["quarantine"]
        return any(row["quarantine_id"] == wanted for row in rows)

    if not await _soon(kept):
        result.problems.append("it is not in the quarantine")


async def _judge_duplicate(reader: Reader, result: Result, orders_before: int) -> None:
    result.end = "DUPLICATE" if result.answer.get("duplicate") else "NOT_NOTICED"
    if result.end != "DUPLICATE":
        result.problems.append("the second copy was not recognised")
    if await reader.orders() != orders_before:
        result.problems.append("the second copy led to an order")


async def _holds(reader: Reader, chapter: Chapter) -> bool:
    return await reader.position(chapter.symbol) == Decimal(chapter.position or 0)


async def _soon(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Return whether ``condition`` came true in time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()
