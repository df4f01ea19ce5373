"""What happened, read from the streams and the venue alone; the checker shares no code with the services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from at_core.events import (
    AccountEvent,
    AgentRunEvent,
    Event,
    FillEvent,
    KillSwitchEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    PositionEvent,
    RiskApprovedEvent,
    RiskHeldEvent,
    RiskRejectedEvent,
    SignalEvent,
    TradeProposalEvent,
    decode,
)
from at_core.runtime.memory_bus import MemoryBus

__all__ = ["Facts", "Kept", "PlaceCall"]

E = TypeVar("E", bound=Event)
Ruling = RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent


@dataclass(frozen=True, slots=True)
class Kept:
    """An event with its place in its stream."""

    event: Event
    stream: str
    sequence: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """One ``place_order`` that reached the venue."""

    client_order_id: str
    at: datetime
    known_before: bool
    """The venue already held an order with this id: somebody sent blindly."""


@dataclass(slots=True)
class Facts:
    """Everything the laws are judged by."""

    kept: list[Kept]
    place_calls: list[PlaceCall]
    venue_positions: dict[str, Any]
    venue_orders: set[str]
    venue_fills: list[tuple[str, str, Any]]
    """(symbol, client order id, signed quantity) in the order in which the venue traded."""
    accepted: set[UUID]
    """Ids of the signals that somebody was told to be accepted."""
    strategies: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The strategies each signal concerns."""
    dead_letters: int = 0

    @classmethod
    def read(cls, bus: MemoryBus, **outside: Any) -> Facts:
        """Decode every message of the streams that decide anything."""
        kept = [
            Kept(decode(record.subject, record.headers, record.body), name, record.sequence, record.stored_at)
            for name in ("SIGNALS", "OPERATOR", "PROPOSALS", "RISK", "EXEC", "SYSTEM")
            for record in bus.records(name)
        ]
        return cls(kept, dead_letters=len(bus.records("DLQ")), **outside)

    def of(self, *classes: type[E]) -> list[E]:
        """All events of these classes, in stream order."""
        return [one.event for one in self.kept if isinstance(one.event, classes)]

    @property
    def signals(self) -> list[SignalEvent]:
        """Signals, in order."""
        return self.of(SignalEvent)

    @property
    def rulings(self) -> list[Ruling]:
        """Rulings of every kind, in order."""
        return [*self.of(RiskApprovedEvent), *self.of(RiskRejectedEvent), *self.of(RiskHeldEvent)]


def repeated(what: str, keys: Iterable[object]) -> list[str]:
    """Name every key that occurs more than once."""
    seen: set[object] = set()
    twice: list[str] = []
    for key in keys:
        if key in seen:
            twice.append(f"{what} twice: {key}")
        seen.add(key)
    return twice


def law_6_same_facts_have_the_same_ids(facts: Facts) -> list[str]:
    """Redelivery, retry and restart produced no second version of any fact."""
    # A signal that was sent again after the stream's window may stand there twice, but under one id.
    found = [
        f"two ids for the alert {key}"
        for key, ids in _group((one.natural_key, one.event_id) for one in facts.signals).items()
        if len(ids) > 1
    ]
    found += repeated("proposal", ((one.causation_id, one.strategy) for one in facts.of(TradeProposalEvent)))
    found += repeated("run", ((one.trigger_id, one.strategy) for one in facts.of(AgentRunEvent)))
    found += repeated("ruling", (one.proposal_id for one in facts.rulings))
    found += repeated("fill", ((one.client_order_id, one.execution_id) for one in facts.of(FillEvent)))
    found += repeated("position", ((one.symbol, one.causation_id) for one in facts.of(PositionEvent)))
    found += repeated("account", (one.causation_id or one.event_id for one in facts.of(AccountEvent)))
    return found


def law_7_intent_before_act_and_never_blind(facts: Facts) -> list[str]:
    """Each order at the venue has its durable intent before it, and no id was sent that the venue already had."""
    intents: dict[str, datetime] = {}
    found: list[str] = []
    for one in facts.kept:
        if isinstance(one.event, OrderSubmittedEvent):
            if one.event.client_order_id in intents:
                found.append(f"two intents for order {one.event.client_order_id}")
            intents.setdefault(one.event.client_order_id, one.stored_at)
    for call in facts.place_calls:
        written = intents.get(call.client_order_id)
        if written is None or written > call.at:
            found.append(f"order {call.client_order_id} was sent before its intent was stored")
        if call.known_before:
            found.append(f"order {call.client_order_id} was sent again blindly")
    return found


EXIT_REFUSALS = frozenset(
    {
        "NOTHING_TO_CLOSE",
        "WOULD_INCREASE_POSITION",  # the sender wants to sell out of a long, and we are short: that is no exit
        "MALFORMED_PLAN",
        "UNKNOWN_INSTRUMENT",
        "PLAN_EXPIRED",
        "DUPLICATE_PLAN",
    }
)
"""What an exit may be refused for: none of these is a limit."""


def law_8_fail_closed_exits_privileged(facts: Facts) -> list[str]:
    """No entry was approved while stopped; no exit was refused for a limit; no exit opened or turned a position."""
    found: list[str] = []
    proposals = {one.event_id: one for one in facts.of(TradeProposalEvent)}
    for ruling in facts.of(RiskRejectedEvent):
        intent = proposals[ruling.proposal_id].plan.intent
        if (intent.close_position or intent.reduce_only) and not EXIT_REFUSALS.issuperset(ruling.reasons):
            found.append(f"an exit was refused for {ruling.reasons}")
    found += _entries_while_stopped(facts)
    held: dict[str, Any] = defaultdict(int)
    exits = {one.client_order_id for one in facts.of(OrderSubmittedEvent) if one.reduces_risk}
    # In the venue's own order: the engine may hear of an older execution later.
    for symbol, order, quantity in facts.venue_fills:
        before, after = held[symbol], held[symbol] + quantity
        held[symbol] = after
        if order in exits and (before * after < 0 or abs(after) > abs(before)):
            found.append(f"exit {order} moved {symbol} from {before} to {after}")
    return found


def _entries_while_stopped(facts: Facts) -> list[str]:
    """A ruling says how far it had read SYSTEM; judge it by the switches up to there."""
    switches = [
        (one.sequence, one.event.type.endswith("activated"))
        for one in facts.kept
        if isinstance(one.event, KillSwitchEvent)
    ]
    found: list[str] = []
    for ruling in facts.of(RiskApprovedEvent):
        read = max((seen.sequence for seen in ruling.seen if seen.stream == "SYSTEM"), default=0)
        state = [active for sequence, active in switches if sequence <= read]
        if state and state[-1] and not ruling.reduces_risk:
            found.append(f"entry {ruling.client_order_id} was approved while the kill switch was on")
    return found


def law_10_every_trigger_leaves_a_trace(facts: Facts) -> list[str]:
    """Nothing vanished: one run per strategy, one ruling per proposal, one ended life per approval."""
    stored = {one.event_id for one in facts.signals}
    found = [f"accepted signal {one} is not in the stream" for one in facts.accepted - stored]
    answered = _group((one.trigger_id, one.strategy) for one in facts.of(AgentRunEvent))
    for signal in stored:
        missing = facts.strategies[signal] - answered.get(signal, set())
        found += [f"signal {signal} has no run of {strategy}" for strategy in sorted(missing)]
    ruled = {one.proposal_id for one in facts.rulings}
    found += [
        f"proposal {one.event_id} has no ruling"
        for one in facts.of(TradeProposalEvent)
        if one.event_id not in ruled
    ]
    ended = {one.client_order_id for one in facts.of(OrderStatusUpdatedEvent) if one.status.terminal}
    found += [
        f"approval of {one.client_order_id} has no end"
        for one in facts.of(RiskApprovedEvent)
        if one.client_order_id not in ended
    ]
    if facts.dead_letters:
        found.append(f"{facts.dead_letters} dead letters")
    return found


def books_agree(facts: Facts) -> list[str]:
    """Fills, positions and the venue tell the same story, and every order at the venue is one of ours."""
    held: dict[str, Any] = defaultdict(int)
    for fill in facts.of(FillEvent):
        held[fill.symbol] += fill.side.sign * fill.quantity
    said = {one.symbol: one.quantity for one in facts.of(PositionEvent)}
    found: list[str] = []
    for symbol in sorted({*held, *said, *facts.venue_positions}):
        three = (held[symbol], said.get(symbol, 0), facts.venue_positions.get(symbol, 0))
        if len(set(three)) != 1:
            found.append(f"{symbol}: fills {three[0]}, position {three[1]}, venue {three[2]}")
    ours = {one.client_order_id for one in facts.of(OrderSubmittedEvent)}
    found += [f"the venue has an order that is not ours: {one}" for one in sorted(facts.venue_orders - ours)]
    return found


LAWS = (
    law_6_same_facts_have_the_same_ids,
    law_7_intent_before_act_and_never_blind,
    law_8_fail_closed_exits_privileged,
    law_10_every_trigger_leaves_a_trace,
    books_agree,
)


def violations(facts: Facts) -> Sequence[str]:
    """Return every broken law, named."""
    return [f"{law.__name__}: {text}" for law in LAWS for text in law(facts)]


def _group(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, set[Any]]:
    table: dict[Any, set[Any]] = defaultdict(set)
    for key, value in pairs:
        table[key].add(value)
    return table
