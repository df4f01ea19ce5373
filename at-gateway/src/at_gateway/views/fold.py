"""The gateway's body: it observes, shows, and never reacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from at_core.events import AlertQuarantinedEvent, Emit, Event, SignalEvent
from at_core.runtime.delivery import Delivery
from at_gateway.settings import ReadSettings
from at_gateway.views.books import Books
from at_gateway.views.quarantine import Quarantine
from at_gateway.views.traces import Traces

__all__ = ["GatewayBody"]


class GatewayBody:
    """Folds JOURNAL and QUARANTINE into the views, and teaches the door which alerts were already taken.

    ``reset`` forgets the views. The door's memory of alerts is left alone: it holds only facts that the streams hold,
    and the fates it still waits for; forgetting them in the middle of a run could only make a resend look new.
    """

    def __init__(
        self, limits: ReadSettings, learn: Callable[[SignalEvent], None], caught_up: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._learn = learn
        self._caught_up = caught_up
        self.ready = False
        """Whether the views are complete; False while they are folded again."""
        self.reset()

    def reset(self) -> None:
        """Forget the views; the fold begins again."""
        self.ready = False
        self.traces = Traces(self._limits.traces_max, self._limits.trace_events_max)
        self.books = Books(self._limits.orders_max, self._limits.fills_max)
        self.quarantine = Quarantine(self._limits.quarantine_max)
        self.folded: dict[str, int] = {}

    def observe(self, delivery: Delivery) -> None:
        """Fold one event. Folding it again changes nothing."""
        event = delivery.event
        if isinstance(event, AlertQuarantinedEvent):
            self.quarantine.fold(event)
        else:
            self.traces.fold(event, delivery.sequence)
            self.books.fold(event)
            if isinstance(event, SignalEvent):
                self._learn(event)
        self.folded[delivery.stream] = max(self.folded.get(delivery.stream, 0), delivery.sequence)

    async def recover(self) -> None:
        """Open the door: from now on a resend can be told from a new alert."""
        self.ready = True
        self._caught_up()

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Never called: the gateway has no queue."""
        return ()

    def emitted(self, event: Event) -> None:
        """Nothing to do: what the door stores comes back through the JOURNAL."""
