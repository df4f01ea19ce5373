"""The desk as a body: signals are answered once for ever, market data is read again from the beginning at each start.

Which answers were given is a fold of the desk's own outputs, so redelivery, restart and a crash between a proposal
and its run all end in the same facts. Bars recomputed after a restart only feed the strategies' states, unless they
are younger than a proposal's life and still unanswered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from at_agents.catalogue import DESK, Seat
from at_agents.desk.decide import answer, broke, nobody, observed_at
from at_agents.desk.state import ANSWERS_MAX, DeskState
from at_core.errors import OurFault
from at_core.events import AgentRunCompleted, Emit, Event, MarketDataEvent, SignalEvent
from at_core.instruments import Instruments
from at_core.runtime.delivery import Delivery
from at_core.runtime.metrics import Metrics

__all__ = ["DeskBody"]


class DeskBody:
    """Runs the seats of the catalogue."""

    def __init__(
        self,
        seats: Sequence[Seat],
        instruments: Instruments,
        metrics: Metrics,
        answers_max: int = ANSWERS_MAX,
    ) -> None:
        self._seats = tuple(seats)
        self._instruments = instruments
        self._answers_max = answers_max
        self._runs = metrics.counter(
            "at_agent_runs_total",
            "Answers of strategies to triggers, by strategy and verdict.",
            {
                "strategy": [*(seat.name for seat in self._seats), DESK],
                "verdict": ["PROPOSED", "ABSTAINED", "FAILED"],
            },
        )
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._state = DeskState(self._seats, self._instruments, self._answers_max)

    def observe(self, delivery: Delivery) -> None:
        """Fold own outputs and the portfolio."""
        self._state.reached(delivery.stream, delivery.sequence)
        self._state.fold(delivery.event)

    async def recover(self) -> None:
        """Nothing to do: what was left half done is finished when its trigger comes again."""

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Answer one signal for every strategy it concerns, or fold one market observation and answer it."""
        fresh = self._state.reached(delivery.stream, delivery.sequence)
        match delivery.event:
            case SignalEvent() as signal:
                emits = self._signal(signal, now)
            case MarketDataEvent() as observation:
                emits = self._observation(observation, now) if fresh else []
            case other:
                raise OurFault(f"the desk is wired to {other.type}, which it does not know")
        for emit in emits:
            if isinstance(emit.payload, AgentRunCompleted):
                self._runs.inc(emit.payload.strategy, emit.payload.verdict)
        return emits

    def emitted(self, event: Event) -> None:
        """Fold an own output before its copy comes back."""
        self._state.fold(event)

    def _signal(self, signal: SignalEvent, now: datetime) -> list[Emit]:
        seats = [seat for seat in self._seats if seat.answers(signal)]
        if not seats:
            told = self._state.known(signal.event_id, DESK).run
            return [] if told else [nobody(signal, self._seats)]
        emits: list[Emit] = []
        for seat in seats:
            known = self._state.known(signal.event_id, seat.name)
            emits += answer(seat, signal, self._state.context(seat, signal, now), now, known)
        return emits

    def _observation(self, observation: MarketDataEvent, now: datetime) -> list[Emit]:
        broken = self._state.remember(observation)
        news = observed_at(observation)
        emits: list[Emit] = []
        for seat in self._seats:
            known = self._state.known(observation.event_id, seat.name)
            late = now >= news + timedelta(seconds=seat.proposal_ttl_seconds)
            if late and not known.proposal:
                continue
            if seat.name in broken and not known.proposal:
                emits += broke(seat, observation, broken[seat.name], known)
            elif seat.answers(observation):
                ctx = self._state.context(seat, observation, news)
                emits += answer(seat, observation, ctx, now, known)
        return emits
