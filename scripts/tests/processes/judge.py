"""The judge of a street after a storm: every accepted alert came to one end, nothing twice, and all books agree."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from at_core.enums import OrderStatus
from processes.facts import last_sequence, obs, stream, venue
from processes.street import Street
from processes.waiting import until

__all__ = ["flow_problems", "settle", "verdict"]

_SIGN = {"BUY": 1, "SELL": -1}
_ONE_EACH = (
    "trading.signal.created",
    "agents.run.completed",
    "trading.proposal.created",
    "trading.execution.submitted",
)
_RULING = "trading.risk."
_ENDS = frozenset(status.value for status in OrderStatus if status.terminal)

Events = list[dict[str, Any]]


def settle(street: Street, signals: Iterable[str], seconds: float = 60.0) -> None:
    """Wait until every flow has its end in the read side and its run, and the audit has what the journal has.

    An order may end before the run that speaks of its proposal is there: where the bus died between the two, the run
    comes when the signal is delivered again, after its acknowledgement is overdue.
    """
    wanted = set(signals)
    waiting = set(wanted)

    def ended() -> bool:
        for signal in tuple(waiting):
            told = street.door.get(f"/v1/traces/{signal}").get("strategies", {}).get("follow_signal", {})
            if told.get("terminal", "PENDING") in {"PENDING", "WORKING"}:
                return False
            waiting.discard(signal)
        return True

    until("every flow ended", ended, seconds=seconds)
    until("every flow has its run", lambda: wanted <= _with_run(street), seconds=seconds)
    until("the audit holds the whole journal", lambda: _audited(street) == last_sequence(street, "JOURNAL"))


def verdict(street: Street, signals: Iterable[str], symbol: str = "BTC/USDT") -> list[str]:
    """Return everything that is not as it must be; an empty list is the good answer."""
    wanted = set(signals)
    flows: dict[str, Events] = defaultdict(list)
    journal = [message.event for message in stream(street, "JOURNAL")]
    for event in journal:
        flows[event["correlation_id"]].append(event)
    problems = [
        f"{signal}: {problem}"
        for signal in sorted(wanted)
        for problem in flow_problems(flows.get(signal, []))
    ]
    seen = {event["event_id"] for event in journal if event["type"] == "trading.signal.created"}
    problems += [f"{signal} was never answered 202" for signal in sorted(seen - wanted)]
    problems += [
        f"event {name} is in the journal {count} times"
        for name, count in Counter(event["event_id"] for event in journal).items()
        if count > 1
    ]
    problems += _books(street, journal, symbol)
    problems += [
        f"dead letter: {message.subject} {message.body[:300]!r}" for message in stream(street, "DLQ")
    ]
    return problems + _audit(street)


def _with_run(street: Street) -> set[str]:
    journal = (message.event for message in stream(street, "JOURNAL"))
    return {event["correlation_id"] for event in journal if event["type"] == "agents.run.completed"}


def flow_problems(events: Events) -> list[str]:
    """One signal, one run, one proposal, one ruling, one intent, one end."""
    counts = Counter(event["type"] for event in events)
    counts["ruling"] = sum(count for name, count in counts.items() if name.startswith(_RULING))
    problems = [f"{counts[name]} times {name}" for name in (*_ONE_EACH, "ruling") if counts[name] != 1]
    updates = [event for event in events if event["type"] == "trading.execution.updated"]
    ends = [event["status"] for event in updates if event["status"] in _ENDS]
    if len(ends) != 1:
        problems.append(f"the order ended {len(ends)} times: {ends}")
    executions = Counter(
        event["execution_id"] for event in events if event["type"] == "trading.execution.fill"
    )
    problems += [
        f"execution {name} recorded {count} times" for name, count in executions.items() if count > 1
    ]
    return problems


def _books(street: Street, journal: Events, symbol: str) -> list[str]:
    """Our position, the sum of our fills, the venue's holding; our intents and the venue's orders."""
    book = venue(street)
    fills = [event for event in journal if event["type"] == "trading.execution.fill"]
    total = sum(
        (_SIGN[event["side"]] * Decimal(event["quantity"]) for event in fills if event["symbol"] == symbol),
        Decimal(0),
    )
    held = book.holdings.get(symbol, Decimal(0))
    rows = street.door.get("/v1/positions")["positions"]
    shown = next((Decimal(row["quantity"]) for row in rows if row["symbol"] == symbol), Decimal(0))
    problems = []
    if not total == held == shown:
        problems.append(f"fills add up to {total}, the venue holds {held}, the read side shows {shown}")
    if Counter(event["client_order_id"] for event in fills) != Counter(book.fills):
        problems.append(f"{len(fills)} executions of ours, {len(book.fills)} at the venue")
    intents = Counter(
        event["client_order_id"] for event in journal if event["type"] == "trading.execution.submitted"
    )
    problems += [f"order {order} of the venue has no intent" for order in book.orders.keys() - intents.keys()]
    problems += [f"order {order} intended {count} times" for order, count in intents.items() if count > 1]
    return problems


def _audited(street: Street) -> int:
    done = obs(street, "verify", "--json")
    return int(json.loads(done.stdout).get("journal_sequence", 0)) if done.returncode == 0 else -1


def _audit(street: Street) -> list[str]:
    done = obs(street, "verify", "--json")
    if done.returncode:
        return [f"at-obs verify ended with {done.returncode}: {done.stdout}{done.stderr}"]
    told = json.loads(done.stdout)
    problems = [f"audit: {told[name]} {name}" for name in ("gaps", "undecodable", "parked") if told[name]]
    last = last_sequence(street, "JOURNAL")
    if told["journal_sequence"] != last:
        problems.append(f"the audit reaches {told['journal_sequence']} of {last}")
    return problems
