"""State: what the desk has folded so far; every part of it comes back from the streams after a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from at_agents.catalogue import Seat
from at_agents.desk.decide import Known, Verdict, failed
from at_agents.desk.plans import Trigger
from at_core.enums import AgentVerdict, Side
from at_core.events import (
    AccountEvent,
    AgentRunEvent,
    Event,
    MarketDataEvent,
    PositionEvent,
    SeenStream,
    TradeProposalEvent,
)
from at_core.instruments import Instruments
from at_core.strategy import Context, Position

__all__ = ["ANSWERS_MAX", "DeskState"]

ANSWERS_MAX = 200_000
"""Answers remembered. An older one is only missed by a trigger that comes again after this many others."""

_NO_POSITION: Mapping[str, Position] = MappingProxyType({})
_NO_ENTRY: Mapping[str, Side] = MappingProxyType({})


class DeskState:
    """Answers given, portfolio heard of, last prices, and one folded state per seat and symbol."""

    def __init__(
        self, seats: Sequence[Seat], instruments: Instruments, answers_max: int = ANSWERS_MAX
    ) -> None:
        self._seats = seats
        self._instruments = instruments
        self._answers_max = answers_max
        self._answers: dict[tuple[UUID, str], Known] = {}
        self._positions: dict[str, dict[str, Position]] = {}
        self._last_entries: dict[str, dict[str, Side]] = {}
        self._equity: dict[str, Decimal] = {}
        self._last_prices: dict[str, Decimal] = {}
        self._memory: dict[tuple[str, str], Any] = {}
        self._sequences: dict[str, int] = {}

    def fold(self, event: Event) -> None:
        """Fold one observed event or own output; folding it twice changes nothing."""
        match event:
            case TradeProposalEvent():
                self._proposed(event)
            case AgentRunEvent():
                proposed = event.verdict is AgentVerdict.PROPOSED
                known = self.known(event.trigger_id, event.strategy)
                told = replace(known, run=True, run_proposed=known.run_proposed or proposed)
                self._answers[event.trigger_id, event.strategy] = told
            case PositionEvent():
                held = Position(event.quantity, event.average_price)
                self._positions.setdefault(event.account or "", {})[event.symbol] = held
            case AccountEvent():
                self._equity[event.account or ""] = event.equity
            case _:
                return
        if len(self._answers) > self._answers_max:
            del self._answers[next(iter(self._answers))]

    def _proposed(self, event: TradeProposalEvent) -> None:
        if event.causation_id is None:
            return
        known = self.known(event.causation_id, event.strategy)
        if known.proposal:
            # The copy of an own output: a later entry may have been proposed since.
            return
        self._answers[event.causation_id, event.strategy] = replace(known, proposal=True)
        if not (event.plan.intent.reduce_only or event.plan.intent.close_position):
            self._last_entries.setdefault(event.account or "", {})[event.symbol] = event.plan.intent.side

    def remember(self, observation: MarketDataEvent) -> dict[str, Verdict]:
        """Fold one market observation into last prices and into every seat that remembers its symbol.

        Returns the verdict on each seat whose fold raised, by name; such a seat keeps the state it had before.
        Symbols that are no known instrument are not folded, so nothing here grows without bound.
        """
        if self._instruments.get(observation.symbol) is None:
            return {}
        if observation.last is not None:
            self._last_prices[observation.symbol] = observation.last
        broken: dict[str, Verdict] = {}
        for seat in self._seats:
            evolve = seat.strategy.evolve
            if evolve is None or not seat.remembers(observation):
                continue
            key = seat.name, observation.symbol
            try:
                self._memory[key] = evolve(
                    self._memory.get(key, seat.strategy.initial), observation, seat.params
                )
            except Exception as error:  # noqa: BLE001 - a strategy's fold is foreign code; its bug is its verdict
                broken[seat.name] = failed(error)
        return broken

    def reached(self, stream: str, sequence: int) -> bool:
        """Note how far ``stream`` was read; False when this sequence was read before."""
        before = self._sequences.get(stream, 0)
        self._sequences[stream] = max(before, sequence)
        return sequence > before

    def known(self, cause: UUID, seat: str) -> Known:
        """Return what the stream holds of the answer of ``seat`` to ``cause``."""
        return self._answers.get((cause, seat), Known())

    def context(self, seat: Seat, trigger: Trigger, now: datetime) -> Context:
        """Return the frozen view of one seat on this state."""
        return Context(
            account=seat.account,
            now=now,
            instruments=self._instruments,
            sizing=seat.sizing,
            positions=MappingProxyType(self._positions.get(seat.account) or _NO_POSITION),
            last_entries=MappingProxyType(self._last_entries.get(seat.account) or _NO_ENTRY),
            equity=self._equity.get(seat.account),
            last_prices=MappingProxyType(self._last_prices),
            params=MappingProxyType(seat.params),
            state=self._memory.get((seat.name, trigger.symbol), seat.strategy.initial),
            seen=tuple(
                SeenStream(stream=stream, sequence=sequence)
                for stream, sequence in sorted(self._sequences.items())
            ),
        )
