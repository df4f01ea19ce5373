"""Measure the street beside its floor, in the same run: what our code costs, as ratios.

    bench.py [--quick] [--codec] [--out FILE]

Accept: alerts posted to at-gateway, beside a bare ASGI handler with the same durable publish. Alert to fill: one alert
at a time through all five processes, beside the same number of bare durable hops. Floors are measured before and after
the platform and averaged, because a machine's speed drifts. Codec: an event to bytes and back through every check,
beside bare Pydantic for the same fields, batch by batch; `--codec` measures that alone, in seconds and without a bus.
Bounded in count and time; loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform as machine
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _lib.tree import ROOT
from bootstrap import enter

if TYPE_CHECKING:
    from _lib.bench_floor import Watcher
    from _lib.load import Figures

_CONNECTIONS = (1, 16)


def main() -> int:
    """Run, print, write, and return 0 when every figure could be taken."""
    from _lib.bench_codec import codec_figures

    parser = argparse.ArgumentParser(description="Measure the platform beside its floor.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: does it run at all")
    parser.add_argument("--out", type=Path, default=ROOT / ".at" / "bench.json", help="where the figures go")
    parser.add_argument("--codec", action="store_true", help="the codec alone: no bus, no processes")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    figures = _head() | {"codec": codec_figures(300 // scale)}
    if not options.codec:
        with tempfile.TemporaryDirectory(prefix="at-bench-") as folder:
            figures |= asyncio.run(_bench(Path(folder), 4000 // scale, 300 // scale))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    _print(figures)
    return 0


def _head() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {machine.system()} {machine.machine()}, Python {machine.python_version()}",
    }


async def _bench(folder: Path, posts: int, fills: int) -> dict[str, Any]:
    from _lib.bench_floor import accept_floor, hops_floor

    accept: dict[str, Any] = {}
    for connections in _CONNECTIONS:
        count = posts if connections > 1 else posts // 4
        before = await accept_floor(folder / f"floor-a-{connections}", count, connections)
        ours = await _accept(folder / f"accept-{connections}", count, connections)
        after = await accept_floor(folder / f"floor-b-{connections}", count, connections)
        accept[str(connections)] = _accept_figures(before, ours, after)
    hops_before = await hops_floor(folder / "hops-a", fills)
    street = await _street(folder / "street", fills)
    hops_after = await hops_floor(folder / "hops-b", fills)
    return {
        "accept": accept,
        "alert_to_fill": _fill_figures(hops_before, street, hops_after),
    }


async def _accept(folder: Path, count: int, connections: int) -> Figures:
    """Post to the gateway alone: what stands behind it works at its own pace and is measured below."""
    from _lib.home import Ports
    from _lib.load import Target, post_many
    from _lib.platform import Platform

    place = Platform(folder, Ports.free())
    try:
        await place.start(roles=("gateway",))
        path = f"/webhooks/tradingview/{place.credentials['webhook']['token']}"
        target = Target("127.0.0.1", place.home.ports.of("gateway"), path)
        await post_many(target, _alert, count // 4, connections)  # warm
        return await post_many(target, lambda number: _alert(number + count), count, connections)
    finally:
        await place.stop()


async def _street(folder: Path, count: int) -> list[float]:
    """Time from posting an alert until its fill is on the bus; seconds, sorted."""
    from _lib.bench_floor import watcher
    from _lib.home import Ports
    from _lib.load import Target
    from _lib.platform import Platform

    place = Platform(folder, Ports.free(), observed=True)
    try:
        await place.start()
        path = f"/webhooks/tradingview/{place.credentials['webhook']['token']}"
        target = Target("127.0.0.1", place.home.ports.of("gateway"), path)
        async with watcher(place.home) as bus:
            await bus.listen("trading.execution.fill.>")
            times = [await _one_fill(target, bus, number) for number in range(count + 20)]
        return sorted(times[20:])
    finally:
        await place.stop()


async def _one_fill(target: Any, bus: Watcher, number: int) -> float:
    from _lib.bench_floor import PACE_SECONDS
    from _lib.load import post_many

    began = time.perf_counter()
    posted = await post_many(target, lambda _: _alert(number), 1, 1)
    if posted.statuses != {202: 1}:
        raise RuntimeError(f"alert {number} was answered {posted.statuses}")
    arrived, _, _ = await bus.next()
    await asyncio.sleep(PACE_SECONDS)
    return arrived - began


def _alert(number: int) -> bytes:
    """Return one alert of TradingView's shape; every one is different, buys and sells alternate."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(
        {
            "strategy": "Bench",
            "ticker": "BTCUSDT",
            "exchange": "BINANCE",
            "interval": "1",
            "action": "buy" if number % 2 == 0 else "sell",
            "contracts": "0.001",
            "price": "60000",
            "order_id": f"order {number}",
            "comment": "a comment of the usual length",
            "time": now,
            "timenow": now,
        }
    ).encode()


def _accept_figures(before: Figures, ours: Figures, after: Figures) -> dict[str, Any]:
    from _lib.load import quantile

    floor_rate = (before.rate + after.rate) / 2
    floor_p50 = (quantile(before.latencies, 0.5) + quantile(after.latencies, 0.5)) / 2
    floor_p99 = (quantile(before.latencies, 0.99) + quantile(after.latencies, 0.99)) / 2
    return {
        "statuses": ours.statuses,
        "rate": round(ours.rate),
        "floor_rate": round(floor_rate),
        "rate_ratio": round(ours.rate / floor_rate, 2),
        "p50_ms": _ms(quantile(ours.latencies, 0.5)),
        "floor_p50_ms": _ms(floor_p50),
        "p99_ms": _ms(quantile(ours.latencies, 0.99)),
        "floor_p99_ms": _ms(floor_p99),
        "p99_ratio": round(quantile(ours.latencies, 0.99) / floor_p99, 2),
    }


def _fill_figures(before: list[float], ours: list[float], after: list[float]) -> dict[str, Any]:
    from _lib.load import quantile

    floor = {share: (quantile(before, share) + quantile(after, share)) / 2 for share in (0.5, 0.99)}
    return {
        "fills": len(ours),
        "p50_ms": _ms(quantile(ours, 0.5)),
        "floor_p50_ms": _ms(floor[0.5]),
        "p50_ratio": round(quantile(ours, 0.5) / floor[0.5], 2),
        "p99_ms": _ms(quantile(ours, 0.99)),
        "floor_p99_ms": _ms(floor[0.99]),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _print(figures: dict[str, Any]) -> None:
    print(f"{figures['date']}  {figures['machine']}")
    _print_codec(figures["codec"])
    if "accept" not in figures:
        return
    for connections, row in figures["accept"].items():
        print(
            f"accept, {connections:>2} connections: {row['rate']}/s, floor {row['floor_rate']}/s, "
            f"ratio {row['rate_ratio']}; p50 {row['p50_ms']} ms (floor {row['floor_p50_ms']}), "
            f"p99 {row['p99_ms']} ms (floor {row['floor_p99_ms']}, ratio {row['p99_ratio']})"
        )
    row = figures["alert_to_fill"]
    print(
        f"alert to fill: p50 {row['p50_ms']} ms, floor {row['floor_p50_ms']} ms, ratio {row['p50_ratio']}; "
        f"p99 {row['p99_ms']} ms (floor {row['floor_p99_ms']})",
        file=sys.stdout,
    )


def _print_codec(codec: dict[str, Any]) -> None:
    from _lib.bench_codec import CODEC_AIM

    for event_type, row in codec.items():
        print(
            f"codec, {event_type} ({row['fields']} fields, {row['bytes']} bytes): "
            f"decode with every check {row['decode_us']} us (bare {row['bare_decode_us']}), "
            f"encode {row['encode_us']} us (bare {row['bare_encode_us']}), "
            f"ratio {row['ratio']} (aim: at most {CODEC_AIM}); validation and encode alone {row['verbs_ratio']}"
        )


if __name__ == "__main__":
    enter()
    raise SystemExit(main())
