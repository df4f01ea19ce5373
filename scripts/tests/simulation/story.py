"""A seeded story: alerts, copies, bad bodies, bars, stops and crashes, then calm until everything has ended."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any

from at_core.enums import KillSwitchLevel, KillSwitchScope, OperatorCommandKind
from at_core.events import Emit, OperatorCommandIssued, SignalEvent, originate
from at_core.events.codec import encode, headers_of
from at_core.events.subjects import subject_of
from at_core.ids import natural_id
from at_core.runtime.bus import Outgoing
from at_core.testing.simulation import FaultRates, VirtualLoop, run_virtual
from simulation.facts import Facts, violations
from simulation.street import Street

__all__ = ["Outcome", "play"]

_CONCERNED = {"BTC/USDT": {"follow_signal"}, "ETH/USDT": {"follow_signal", "second_opinion"}}
_PRICES = {"BTCUSDT": "60000", "ETHUSDT": "3000"}
_SIZES = {"BTCUSDT": ("0.05", "0.1", "0.2", "2"), "ETHUSDT": ("0.5", "1", "3", "40")}
"""The last of each is beyond a limit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed."""

    seed: int
    violations: tuple[str, ...]
    injected: int
    crashes: int
    orders: int
    refused: int
    facts: Facts


def play(seed: int, *, steps: int = 14, rates: FaultRates | None = None) -> Outcome:
    """Play the story of ``seed`` and judge it."""

    async def main(loop: VirtualLoop) -> Outcome:
        street = Street(loop, seed, rates or FaultRates())
        street.start()
        try:
            await _tell(street, random.Random(f"story {seed}"), steps)
            return await _judge(street)
        finally:
            await street.stop()

    return run_virtual(main)


async def _tell(street: Street, chance: random.Random, steps: int) -> None:
    await street.until(lambda: all(host.ready for host in street.hosts.values()))
    sent: list[bytes] = []
    posts: list[asyncio.Task[int]] = []
    stopped = False
    for step in range(steps):
        what = chance.random()
        if what < 0.12 and sent:
            posts += [_later(street, chance.choice(sent)) for _ in range(3)]
        elif what < 0.18:
            posts.append(_later(street, b'{"ticker": "BTCUSDT", "action": '))
        elif what < 0.28:
            stopped = not stopped
            _switch(street, step, on=stopped)
        elif what < 0.36:
            chance.choice(list(street.hosts.values())).crash()
        elif what < 0.42:
            await asyncio.sleep(700)  # beyond every window in which the streams drop copies by themselves
        else:
            body = _alert(chance, step, street)
            sent.append(body)
            posts.append(_later(street, body))
        if chance.random() < 0.3:
            posts.append(_later(street, _bar(chance, step)))
        await asyncio.sleep(chance.choice((0.0, 0.01, 0.2, 1.0, 4.0)))
    if stopped:
        _switch(street, steps, on=False)
    await asyncio.gather(*posts)


async def _judge(street: Street) -> Outcome:
    street.faults.calm = True

    def facts() -> Facts:
        known = street.facts()
        for signal in known.of(SignalEvent):
            known.strategies[signal.event_id] |= _CONCERNED[signal.symbol]
        return known

    def dead() -> bool:
        return any(host.failure is not None for host in street.hosts.values())

    def audited() -> bool:
        return len(street.bus.records("JOURNAL")) == street.audited()

    await street.until(lambda: dead() or (audited() and not violations(facts())), seconds=300, every=3)
    await asyncio.sleep(20)  # and nothing more may happen
    final = facts()
    found = list(violations(final))
    found += [f"{name} died: {host.failure!r}" for name, host in street.hosts.items() if host.failure]
    if not audited():
        found.append(
            f"the journal has {len(street.bus.records('JOURNAL'))} messages, the audit {street.audited()}"
        )
    return Outcome(
        street.seed,
        tuple(found),
        sum(street.faults.injected.values()),
        sum(host.crashes for host in street.hosts.values()),
        len(final.venue_orders),
        len([one for one in final.rulings if one.type.endswith("rejected")]),
        final,
    )


def _later(street: Street, body: bytes) -> asyncio.Task[int]:
    return asyncio.create_task(street.post(body))


def _alert(chance: random.Random, step: int, street: Street) -> bytes:
    ticker = chance.choice(("BTCUSDT", "ETHUSDT"))
    now = street.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    body: dict[str, Any] = {"ticker": ticker, "price": _PRICES[ticker], "time": now, "timenow": now}
    size = chance.choice(_SIZES[ticker])
    action = chance.choice(("buy", "buy", "sell", "close"))
    if action == "close":
        body |= {"action": "sell", "contracts": size, "market_position": "flat", "market_position_size": "0"}
        body |= {"prev_market_position": "long", "prev_market_position_size": size}
    else:
        body |= {"action": action, "contracts": size}
    return json.dumps(body | {"order_id": f"o{step}", "strategy": "Story"}).encode()


def _bar(chance: random.Random, step: int) -> bytes:
    ticker = chance.choice(tuple(_PRICES))
    price = str(int(_PRICES[ticker]) + chance.randint(-20, 20))
    body = {"kind": "bar", "ticker": ticker, "interval": "1", "time": f"2026-01-05T15:{step % 60:02d}:00Z"}
    prices = dict.fromkeys(("open", "high", "low", "close"), price)
    return json.dumps(body | prices | {"volume": "1000"}).encode()


def _switch(street: Street, step: int, *, on: bool) -> None:
    """Order a stop or its release, as the gateway would publish it."""
    kind = OperatorCommandKind.KILL_SWITCH_ACTIVATE if on else OperatorCommandKind.KILL_SWITCH_RELEASE
    command = OperatorCommandIssued(
        command=kind,
        operator="alice",
        operator_role="admin",
        reason="story",
        scope=KillSwitchScope.GLOBAL,
        scope_value="all",
        level=KillSwitchLevel.STOP_ENTRIES,
    )
    event = originate(
        Emit(command),
        natural_id("story", f"{street.seed}:{step}"),
        source="sim/gateway",
        now=street.clock.now(),
    )
    street.bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))
