"""Scenario: given / when / then for a body, without a bus, a loop or a clock.

    Scenario(body, wiring=AGENTS).given(a_position()).when(a_signal()).then(Emit(...))

A scenario plays the shell's part of the Body's promise: observed types are folded, reacted types are answered, own
outputs come back through ``emitted``. ``restart`` throws the state away and reads everything again, with any part of
what was published missing: the crash at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from at_core.events import Emit, Event, derive, encode
from at_core.events.subjects import subject_of
from at_core.runtime.body import Body
from at_core.runtime.bus import Incoming
from at_core.runtime.delivery import Delivery
from at_core.topology.wiring import Wiring

__all__ = ["Scenario", "run_pure"]

_T = TypeVar("_T")


def run_pure(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that never really waits; raises AssertionError when it does."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    work.close()
    raise AssertionError("the body waited for the outside: it is not pure")


class Scenario:
    """One body and its history. Every verb returns the scenario, so a test reads as one sentence."""

    def __init__(self, body: Body, *, wiring: Wiring, now: datetime | None = None) -> None:
        self.body = body
        self.wiring = wiring
        self.emits: list[Emit] = []
        """What the last ``when`` emitted."""
        self.published: list[Event] = []
        """Every event published so far: one per id, as the stream keeps them."""
        self._now = now
        self._history: list[tuple[Event, datetime]] = []
        self._sequences: dict[str, int] = {}
        self._observed = {name for entry in wiring.observes for name in entry.types}
        self._rewound = {name for entry in wiring.reacts if entry.rewinds for name in entry.types}
        self._source = f"at-{wiring.role}/scenario"
        body.reset()
        run_pure(body.recover())

    def given(self, *events: Event) -> Self:
        """Let these have happened before: observed types are folded, all others were answered."""
        for event in events:
            if event.type in self._observed:
                self._observe(event)
            else:
                self._react(event, event.timestamp)
        return self

    def when(self, event: Event, now: datetime | None = None) -> Self:
        """Deliver one trigger at ``now`` (the scenario's time, or the event's own)."""
        self.emits = self._react(event, now or self._now or event.timestamp)
        return self

    def then(self, *expected: Emit) -> Self:
        """Assert exactly these emits, in this order."""
        assert self.emits == list(expected), f"emitted {self.emits}, expected {list(expected)}"
        return self

    def then_types(self, *expected: str) -> Self:
        """Assert the types of the emits, in this order."""
        assert [emit.payload.event_type for emit in self.emits] == list(expected)
        return self

    def then_nothing(self) -> Self:
        """Assert that nothing was emitted."""
        return self.then()

    def restart(self, keep: Callable[[Event], bool] | None = None, after: timedelta = timedelta(0)) -> Self:
        """Crash and start again; of the own outputs, only those ``keep`` holds had reached the stream.

        Rewinding reactions are answered again, ``after`` the times they were answered before; queues are not.
        """
        self.published = [event for event in self.published if keep is None or keep(event)]
        history, self._history = self._history, []
        self._sequences.clear()
        self.body.reset()
        for event, _ in history:
            if event.type in self._observed:
                self._observe(event)
        for event in self.published:
            if event.type in self._observed:
                self._fold(event)
        run_pure(self.body.recover())
        again: list[Emit] = []
        for event, now in history:
            if event.type in self._rewound:
                again += self._react(event, now + after)
            elif event.type not in self._observed:
                self._history.append((event, now))
        self.emits = again
        return self

    def _observe(self, event: Event) -> None:
        self._history.append((event, event.timestamp))
        self._fold(event)

    def _fold(self, event: Event) -> None:
        self.body.observe(self._deliver(event, event.timestamp))

    def _react(self, event: Event, now: datetime) -> list[Emit]:
        self._history.append((event, now))
        emits: Sequence[Emit] = run_pure(self.body.react(self._deliver(event, now), now))
        for emit in emits:
            derived = derive(emit, event, role=self.wiring.role, source=self._source, now=now)
            self.body.emitted(derived)
            if all(derived.event_id != known.event_id for known in self.published):
                self.published.append(derived)
        return list(emits)

    def _deliver(self, event: Event, now: datetime) -> Delivery:
        sequence = self._sequences.get(event.STREAM, 0) + 1
        self._sequences[event.STREAM] = sequence
        message = Incoming(
            subject=subject_of(event),
            body=encode(event),
            headers={},
            stream=event.STREAM,
            sequence=sequence,
            consumer_sequence=sequence,
            deliveries=1,
            pending=0,
            stored_at=now,
        )
        return Delivery(event, message)
