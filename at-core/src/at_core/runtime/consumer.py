"""The consumer: from a bound durable to a body and back to a settlement, one kind of failure at a time.

One table maps what happened to what follows (law 9):

    handled, outputs confirmed      ack
    WorldFailed in the body         nak with backoff, the rest of the batch with it (order)
    ContractBroken                  dead-letter with its code, then term
    any other exception             nak with backoff; on the last delivery dead-letter HANDLER_ERROR, then term
    BusUnavailable on publish       leave unsettled and raise: the service rebuilds

A downcast copy of an event that this build reads in a newer major is settled without being looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from at_core.clock import Clock
from at_core.errors import BusUnavailable, ContractBroken, FoldGap, OurFault, WorldFailed
from at_core.events.codec import decode
from at_core.events.envelope import Event
from at_core.events.rendering import is_spare_copy
from at_core.runtime.body import Body, ForgeryJudge, RawObserver, RawReactor
from at_core.runtime.bus import Bus, Inbox, Incoming
from at_core.runtime.dead_letter import dead_letter
from at_core.runtime.delivery import Delivery
from at_core.runtime.logging import correlation
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import Publisher

__all__ = ["Consumer", "backoff_seconds"]

log = logging.getLogger(__name__)


def backoff_seconds(deliveries: int) -> float:
    """How long to wait before delivery ``deliveries + 1``: 0.2 s doubling up to 30 s."""
    return float(min(0.2 * 2 ** max(deliveries - 1, 0), 30.0))


@dataclass(slots=True)
class _Batch:
    done: list[Incoming] = field(default_factory=list)
    skipped: list[Incoming] = field(default_factory=list)
    answers: list[list[Event]] = field(default_factory=list)
    """What each trigger led to, in order."""

    def waves(self) -> Iterator[list[Event]]:
        """The first event of every answer, then the second of every answer that has one, and so on.

        Within one answer order is a promise: a run never stands in the stream without the proposal it speaks of.
        """
        for wave in zip_longest(*self.answers):
            yield [event for event in wave if event is not None]


class Consumer:
    """Feeds one body from its durables; a lock makes triggers strictly one after the other."""

    def __init__(self, body: Body, bus: Bus, publisher: Publisher, clock: Clock, metrics: Metrics) -> None:
        self._body = body
        self._bus = bus
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._turn = asyncio.Lock()

    async def fold(self, inbox: Inbox, messages: Sequence[Incoming], tolerant: bool) -> None:
        """Fold a batch of observed messages; raises OurFault on an undecodable one unless ``tolerant`` or forged."""
        name = inbox.durable.name
        skipped = 0
        for message in messages:
            if isinstance(self._body, RawObserver) and self._body.observe_raw(message):
                continue
            if self._spare(message):
                skipped += 1
                continue
            try:
                self._body.observe(Delivery(self._decode(message), message))
            except ContractBroken as error:
                await self._set_aside(inbox, message, error.code, error.detail)
                if not tolerant and not (isinstance(self._body, ForgeryJudge) and self._body.forged(message)):
                    raise OurFault(
                        f"fold {name} cannot read {message.stream}:{message.sequence} ({error}); "
                        "a decision on an incomplete state is refused: upgrade this service"
                    ) from error
        if messages:
            self._metrics.consumed(name, "folded", len(messages) - skipped)
            self._metrics.consumed(name, "skipped", skipped)
            self._metrics.waiting(name, messages[-1].pending)

    async def react(self, inbox: Inbox, messages: Sequence[Incoming]) -> None:
        """Handle a batch of triggers: decide each in order, publish together, then settle."""
        if not messages:
            return
        name = inbox.durable.name
        began = asyncio.get_running_loop().time()
        if isinstance(self._body, RawReactor) and name in self._body.raw_durables:
            await self._body.react_raw(messages)
            await self._ack(inbox, messages)
        else:
            batch = _Batch()
            for position, message in enumerate(messages):
                if self._spare(message):
                    batch.skipped.append(message)
                elif not await self._decide(inbox, message, batch):
                    await self._later(inbox, messages[position:])
                    break
            for wave in batch.waves():
                await self._publisher.publish_all(wave)
            await self._ack(inbox, batch.done)
            await self._ack(inbox, batch.skipped, "skipped")
        self._metrics.handled(name, asyncio.get_running_loop().time() - began)
        self._metrics.waiting(name, messages[-1].pending)

    async def _decide(self, inbox: Inbox, message: Incoming, batch: _Batch) -> bool:
        """Let the body answer one trigger; False asks to put it and what follows back."""
        try:
            delivery = Delivery(self._decode(message), message)
            with correlation(delivery.event.correlation_id):
                batch.answers.append(await self._answer(delivery))
        except (BusUnavailable, FoldGap):
            raise
        except WorldFailed as error:
            log.warning(
                "the world did not answer", extra={"durable": inbox.durable.name, "error": str(error)}
            )
            return False
        except ContractBroken as error:
            await self._set_aside(inbox, message, error.code, error.detail)
            await self._settle_dead(inbox, message, error.code)
            return True
        except OurFault:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in one handler must not stop the others' messages
            return await self._bug(inbox, message, error)
        batch.done.append(message)
        return True

    async def _answer(self, delivery: Delivery) -> list[Event]:
        async with self._turn:
            now = self._clock.now()
            emits = await self._body.react(delivery, now)
            events = [self._publisher.derive(emit, delivery.event, now) for emit in emits]
            # Before the body is told: a refusal leaves its state as it was.
            self._publisher.require_sayable(events)
            for event in events:
                self._body.emitted(event)
        return events

    async def _bug(self, inbox: Inbox, message: Incoming, error: Exception) -> bool:
        fields = {"durable": inbox.durable.name, "stream": message.stream, "sequence": message.sequence}
        log.error("handler error", extra=fields, exc_info=error)
        if 0 < inbox.durable.deliveries_max <= message.deliveries:
            await self._set_aside(inbox, message, "HANDLER_ERROR", f"{type(error).__name__}: {error}")
            await self._settle_dead(inbox, message, "HANDLER_ERROR")
        else:
            await inbox.nak(message, backoff_seconds(message.deliveries))
            self._metrics.consumed(inbox.durable.name, "redelivered")
        return True

    async def _later(self, inbox: Inbox, messages: Sequence[Incoming]) -> None:
        delay = backoff_seconds(messages[0].deliveries)
        for message in messages:
            await inbox.nak(message, delay)
        self._metrics.consumed(inbox.durable.name, "redelivered", len(messages))

    async def _ack(self, inbox: Inbox, messages: Sequence[Incoming], outcome: str = "handled") -> None:
        if inbox.durable.kind == "queue":
            for message in messages:
                await inbox.ack(message)
        self._metrics.consumed(inbox.durable.name, outcome, len(messages))

    def _spare(self, message: Incoming) -> bool:
        return is_spare_copy(message.subject, message.headers, self._publisher.prefix)

    async def _set_aside(self, inbox: Inbox, message: Incoming, code: str, detail: str) -> None:
        fields = {
            "durable": inbox.durable.name,
            "stream": message.stream,
            "sequence": message.sequence,
            "code": code,
        }
        log.error("dead letter: %s", detail, extra=fields)
        await self._bus.publish(dead_letter(self._publisher.role, inbox.durable.name, message, code, detail))
        self._metrics.consumed(inbox.durable.name, "dead_lettered")
        self._metrics.set_aside(inbox.durable.name, code)

    async def _settle_dead(self, inbox: Inbox, message: Incoming, code: str) -> None:
        if inbox.durable.kind == "queue":
            await inbox.term(message, code)

    def _decode(self, message: Incoming) -> Event:
        return decode(message.subject, message.headers, message.body, self._publisher.prefix)
