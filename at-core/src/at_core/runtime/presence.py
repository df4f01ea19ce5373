"""Presence: a process looks who is there before it emits a newer major, then says of itself what it reads and writes.

Announcing is a courtesy: whatever happens to it is logged and counted, and the service goes on.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from at_core.errors import AtError, ConfigurationError, WorldFailed
from at_core.runtime.bus import Bus, Incoming, Outgoing
from at_core.runtime.metrics import Metrics
from at_core.topology.consumers import Durable, durables_of
from at_core.topology.flip import explain, in_question, verdicts, was_written
from at_core.topology.live import (
    REMOVED_HEADERS,
    Announcement,
    Bucket,
    Verdict,
    announcement_subject,
    encode_announcement,
    read_bucket,
)
from at_core.topology.readers import delivered_types

__all__ = ["Presence"]

log = logging.getLogger(__name__)

_READ_BATCH = 512
_READ_ATTEMPTS = 2
_WITHDRAW_SECONDS = 1.0


class Presence:
    """One process among the others; an async context manager around the life of its service.

    Entering raises ConfigurationError when a live reader does not read what this process would be the first to emit.
    Leaving without an error takes the announcement back; after a crash it is forgotten with its age.
    """

    def __init__(
        self,
        bus: Bus,
        own: Announcement,
        metrics: Metrics,
        *,
        every_seconds: float,
        emit_unread: tuple[str, ...] = (),
    ) -> None:
        self._bus = bus
        self._own = own
        self._every_seconds = every_seconds
        self._emit_unread = frozenset(emit_unread)
        self._subject = announcement_subject(own.role, own.instance)
        self._task: asyncio.Task[None] | None = None
        self._outcome = "stored"
        self._announced = metrics.counter(
            "at_contracts_announced_total",
            "Announcements of what this process reads and writes, by outcome.",
            {"outcome": ("stored", "unconfirmed", "refused", "withdrawn")},
        )
        self._checked = metrics.counter(
            "at_contracts_majors_checked_total",
            "Majors looked up at start before they are emitted, by what was found.",
            {"outcome": ("read", "unknown", "unread", "refused", "no_bucket")},
        )

    async def __aenter__(self) -> Presence:
        """Check what is to be emitted, then begin to announce."""
        wanted = in_question(self._own.writes)
        if wanted:
            await self._require_readers(wanted)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop announcing; after an orderly end, also take the announcement back."""
        if self._task is not None:
            self._task.cancel()
            [ended] = await asyncio.gather(self._task, return_exceptions=True)
            if isinstance(ended, Exception):
                log.error("announcing had ended by a mistake of ours", exc_info=ended)
        if error is None:
            await self._say(Outgoing(self._subject, b"", REMOVED_HEADERS), "withdrawn", _WITHDRAW_SECONDS)

    async def _run(self) -> None:
        message = Outgoing(self._subject, encode_announcement(self._own))
        while True:
            await self._say(message, "stored")
            await asyncio.sleep(self._every_seconds)

    async def _say(self, message: Outgoing, done: str, timeout_seconds: float = 2.0) -> None:
        try:
            await self._bus.publish(message, timeout_seconds)
        except AtError as error:
            outcome = "unconfirmed" if isinstance(error, WorldFailed) else "refused"
            if outcome != self._outcome:  # once per kind of trouble, not every time
                log.warning("announcement %s: %s", outcome, error)
        else:
            outcome = done
        self._outcome = outcome
        self._announced.inc(outcome)

    async def _require_readers(self, wanted: dict[str, int]) -> None:
        bucket = await self._look()
        if bucket is None:
            self._checked.inc("no_bucket", amount=len(wanted))
            log.error("nobody can be asked who reads what is emitted here", extra={"majors": wanted})
            return
        for verdict in verdicts(wanted, self._own, bucket):
            outcome = await self._judge(verdict, bucket)
            self._checked.inc(outcome)
            if outcome == "refused":
                raise ConfigurationError(explain(verdict))

    async def _judge(self, verdict: Verdict, bucket: Bucket) -> str:
        said = {"type": verdict.type, "major": verdict.major}
        if verdict.answer == "yes":
            return "read"
        if verdict.answer == "unknown":
            log.warning("not all readers are announced", extra={**said, "roles": verdict.missing})
            return "unknown"
        permitted = verdict.type in self._emit_unread
        if not permitted and not await self._was_emitted(verdict, bucket):
            return "refused"
        # Already flipped, or told so: going back is the operator's decision, stopping to trade would help nobody.
        readers = [str(laggard) for laggard in verdict.laggards]
        log.error("emitting a major that a live reader does not read", extra={**said, "readers": readers})
        return "unread"

    async def _look(self) -> Bucket | None:
        """Return the bucket, or None when it cannot be read: a missing list of readers stops nobody from trading."""
        [own] = [known for known in durables_of(self._own.role) if known.by_shell]
        for _ in range(_READ_ATTEMPTS):
            try:
                messages = await self._read(own)
            except AtError as error:
                log.warning("the bucket of live versions cannot be read: %s", error)
                if not isinstance(error, WorldFailed):
                    return None
                continue
            return read_bucket((found.subject, found.headers, found.body) for found in messages)
        return None

    async def _was_emitted(self, verdict: Verdict, bucket: Bucket) -> bool:
        """Whether this major was emitted before: by announcement, or by what the role's own folds hold."""
        if was_written(verdict.type, verdict.major, self._own.role, bucket):
            return True
        head = f"{verdict.type}.v{verdict.major}."
        for known in durables_of(self._own.role):
            if (
                known.kind == "fold"
                and verdict.type in delivered_types(known)
                and await self._read(known, head)
            ):
                return True
        return False

    async def _read(self, known: Durable, head: str = "") -> list[Incoming]:
        """Return what a fold holds on subjects that begin with ``head``; with a head, no more than the first."""
        inbox = await self._bus.bind(known)
        found: list[Incoming] = []
        try:
            await inbox.rewind()
            while batch := await inbox.fetch(_READ_BATCH, 0):
                found += [message for message in batch if message.subject.startswith(head)]
                if head and found:
                    return found[:1]
        finally:
            await inbox.close()
        return found
