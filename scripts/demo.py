"""The whole street in one command: real alerts over HTTP, a real bus, and what became of each.

    demo.py [--json] [--keep] [--home DIR]

Starts every process of workspace.toml beside a real nats-server, posts TradingView alerts to the gateway, prints the
life of each, verifies the audit chain, and exits 0 only if everything went as it should.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from _lib.tree import ROOT
from bootstrap import enter

if TYPE_CHECKING:
    from _lib.demo_run import Audit, Result
    from _lib.platform import Platform


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(description="Watch TradingView alerts become simulated fills.")
    parser.add_argument("--json", action="store_true", help="one JSON object per alert, then one summary")
    parser.add_argument("--keep", action="store_true", help="leave the platform running until Ctrl-C")
    parser.add_argument("--home", type=Path, default=ROOT / ".at" / "demo", help="made anew for each demo")
    options = parser.parse_args()
    home: Path = options.home
    if home.exists() and not (home / "processes.json").is_file() and any(home.iterdir()):
        print(f"demo: {home} is not the home of an earlier demo; choose another --home", file=sys.stderr)
        return 2
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return asyncio.run(_demo(home, machine=options.json, keep=options.keep))


async def _demo(home: Path, *, machine: bool, keep: bool) -> int:
    from _lib.home import Ports
    from _lib.platform import Platform
    from _lib.supervise import GaveUp

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    platform = Platform(home, Ports.free())
    try:
        began = time.perf_counter()
        await platform.start()
        if not machine:
            seconds = time.perf_counter() - began
            print(f"AT demo: five services and a bus, ready after {seconds:.1f} s; paper money only\n")
        code = await _story(platform, machine=machine)
        if keep:
            print(f"still running at {platform.endpoints['gateway']}; Ctrl-C stops it", file=sys.stderr)
            await platform.run(stop)
    except (GaveUp, RuntimeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        await platform.stop()
    return code


async def _story(platform: Platform, *, machine: bool) -> int:
    from _lib.demo_run import audit, play, send_bars
    from _lib.demo_story import bars, chapters

    now = datetime.now(UTC)
    await send_bars(platform, bars(now))
    results: list[Result] = []
    for number, chapter in enumerate(chapters(now), 1):
        result = await play(platform, chapter)
        results.append(result)
        print(json.dumps(result.as_json(number)) if machine else _row(number, result), flush=True)
    verdict = await audit(platform, results[0].answer.get("correlation_id", ""))
    good = verdict.ok and not any(result.problems for result in results)
    if machine:
        summary = {"summary": True, "ok": good, "audit_ok": verdict.ok, "audit_rows": verdict.rows}
        print(json.dumps({**summary, "audit_head": verdict.head}))
    else:
        _close(verdict, good)
    return 0 if good else 1


def _row(number: int, result: Result) -> str:
    life = " > ".join(f"{stage} {ms:.0f}" for stage, ms in result.stages_ms.items())
    end = f"{result.end} {result.filled}".strip()
    said = f"{result.status} in {result.answer_ms:.0f} ms"
    lines = [f"{number}  {result.chapter.title:<29} {said:<14} {end}"]
    if life:
        lines.append(f"   {life} ms")
    if result.end == "DUPLICATE":
        lines.append(f"   same signal {result.answer.get('signal_id')}; nothing happened twice")
    for reason in result.reasons:
        bound = f"  (limit: {reason['limit']})" if reason["limit"] else ""
        lines.append(f"   {reason['code']}: {reason['observed']}{bound}")
    lines += [f"   NOT AS IT SHOULD BE: {problem}" for problem in result.problems]
    return "\n".join(lines) + "\n"


def _close(verdict: Audit, good: bool) -> None:
    if verdict.ok:
        print(f"audit: {verdict.rows} events, every link of the chain holds, head {verdict.head[:16]}")
    else:
        print(f"audit: NOT IN ORDER: {verdict.text}")
    print("everything went as it should" if good else "something did NOT go as it should")


if __name__ == "__main__":
    enter()
    raise SystemExit(main())
