"""The real inbox: standing pull requests made by hand, a bounded buffer, and folds that notice gaps and rewind.

A pull request *stands*: the server answers it the moment something is stored, so nothing polls. Each carries a short
expiry and a number of its own; statuses (404, 408, 409, 503) name it by their subject. A restarted server forgets
every request, so they are made again after a reconnect; a fold then also asks to be continued right behind the last
message it has seen, because what was on the wire at the loss is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Sequence

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from at_core.errors import BusUnavailable, FoldGap, PermissionDenied
from at_core.runtime.bus import Incoming
from at_core.runtime.fold_guard import FoldGuard
from at_core.runtime.nats_delivery import incoming
from at_core.runtime.nats_link import NatsLink, status_of
from at_core.runtime.nats_pulls import Pulls
from at_core.topology.consumers import Durable
from at_core.topology.permissions import next_subject, reset_subject

__all__ = ["NatsInbox"]

_FOLD_BUFFER = 1024
_QUEUE_BUFFER = 256
_PULL_EXPIRES_SECONDS = 5.0
_ON_ITS_WAY_SECONDS = 0.005
_PROBE_KEPT_SECONDS = 30.0
_PROBE_ANSWER_SECONDS = {"fold": 2.0, "queue": 0.25}
"""How long to wait for the server's yes or no. A queue whose unsettled messages reached their bound gets neither."""
_GRACE_SECONDS = 2.0
"""How much later than its expiry a request is given up when no status came."""
_TROUBLE_WAIT_SECONDS = 0.2
_FRESH_STARTS_MAX = 5
_REWIND_TIMEOUT_SECONDS = 3.0


class NatsInbox:
    """Implements ``Inbox`` for one durable and one reader."""

    def __init__(self, link: NatsLink, durable: Durable) -> None:
        self.durable = durable
        self._link = link
        self._capacity = _FOLD_BUFFER if durable.kind == "fold" else min(_QUEUE_BUFFER, durable.pending_max)
        self._loop = asyncio.get_running_loop()
        self._buffer: deque[tuple[float, Incoming]] = deque()
        self._pulls = Pulls()
        self._base = ""
        self._subscription: Subscription | None = None
        self._news = asyncio.Event()
        self._unwatch = link.watch(self._news.set)
        self._losses = link.losses
        self._closed = False
        self._trouble = ""
        self._quiet_until = 0.0
        self._guard = FoldGuard(durable.name)
        self._fresh_starts = 0

    async def open(self) -> None:
        """Make ready to ask (a fold goes on where its durable stands, until it is rewound)."""
        await self._new_generation()

    async def fetch(self, limit: int, wait_seconds: float) -> Sequence[Incoming]:
        """Return up to ``limit`` messages; see ``Inbox.fetch``."""
        deadline = self._loop.time() + wait_seconds
        while True:
            self._news.clear()
            if self._closed:
                raise BusUnavailable(f"the inbox of {self.durable.name} is closed")
            self._require_permission()
            if self._link.connected:
                batch = await self._ready(limit, standing=wait_seconds > 0)
                if batch or wait_seconds <= 0:
                    return batch
            remaining = deadline - self._loop.time()
            if remaining <= 0:
                if self._link.connected:
                    return []
                raise BusUnavailable("the bus is away")
            await self._wait(remaining)

    async def ack(self, message: Incoming) -> None:
        """Settle ``message``. When the bus is away nothing is raised: the message comes again."""
        await self._settle(message.reply, b"+ACK")

    async def nak(self, message: Incoming, delay_seconds: float) -> None:
        """Ask for ``message`` again after a delay. When the bus is away it comes again after the ack wait."""
        nanoseconds = _nanoseconds(max(delay_seconds, 0.0))
        await self._settle(message.reply, b'-NAK {"delay":%d}' % nanoseconds if nanoseconds else b"-NAK")

    async def term(self, message: Incoming, reason: str) -> None:
        """Give ``message`` up; the reason shows in the server's advisory."""
        await self._settle(message.reply, b"+TERM " + " ".join(reason.split())[:200].encode())

    async def rewind(self, sequence: int = 1) -> None:
        """Read the fold again from ``sequence`` on; raises BusUnavailable when the durable does not answer."""
        if self.durable.kind != "fold":
            raise ValueError(f"{self.durable.name} is a queue; only folds rewind")
        self._buffer.clear()
        self._trouble = ""
        self._guard.rewound(sequence)
        self._fresh_starts = _FRESH_STARTS_MAX
        await self._restart(sequence)

    async def close(self) -> None:
        """Stop asking, and hand back what was buffered and never fetched."""
        if self._closed:
            return
        self._closed = True
        self._unwatch()
        self._news.set()
        await self._end_generation()
        if self.durable.kind == "queue":
            for _, message in self._buffer:
                await self._settle(message.reply, b"-NAK")
        self._buffer.clear()

    def _require_permission(self) -> None:
        refusal = self._link.refused.get(next_subject(self.durable).lower())
        if refusal is not None:
            raise PermissionDenied(f"may not read {self.durable.name}: {refusal}")

    async def _restart(self, sequence: int) -> None:
        losses, self._losses = (
            self._link.losses,
            -1,
        )  # until this is through, every fetch begins with it again
        # The old requests go first: the server must not spend a delivery of the new generation on them.
        await self._end_generation()
        body = json.dumps({"seq": sequence}).encode()
        try:
            answer = await self._link.call(reset_subject(self.durable), body, _REWIND_TIMEOUT_SECONDS)
        except BusUnavailable as error:  # the server is silent about a consumer it does not have
            raise BusUnavailable(
                f"{self.durable.name} does not answer a rewind: not provisioned? ({error})"
            ) from error
        problem = json.loads(answer.data).get("error")
        if problem is not None:
            raise BusUnavailable(f"{self.durable.name} cannot be rewound: {problem.get('description', '')}")
        await self._new_generation()
        self._losses = losses

    async def _new_generation(self) -> None:
        self._base = self._link.new_inbox()
        try:
            self._subscription = await self._link.subscribe(f"{self._base}.*", self._on_message)
        except Error as error:
            raise BusUnavailable("the bus is closed") from error

    async def _end_generation(self) -> None:
        self._pulls.clear()
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(Error):  # a closed connection has no subscriptions left
                await subscription.unsubscribe()

    async def _after_loss(self) -> None:
        """After a reconnect: forget requests the server has forgotten, and let a fold go on where it was."""
        if self._losses == self._link.losses:
            return
        if self._guard.resume_at is not None:
            self._guard.resumed()
            self._fresh_starts = _FRESH_STARTS_MAX
            await self._restart(self._guard.resume_at)
        else:
            self._losses = self._link.losses
            self._pulls.clear()

    async def _begin_again(self) -> bool:
        """Rewind once more when the very first delivery went to a request of the former generation; bounded.

        Across accounts the server may take a moment to learn that nobody waits for an old request any more.
        """
        start = self._guard.resume_at
        if not self._guard.gap or not self._guard.untouched or start is None or self._fresh_starts == 0:
            return False
        self._fresh_starts -= 1
        self._guard.resumed()
        await self._restart(start)
        return True

    def _take(self, limit: int) -> list[Incoming]:
        batch: list[Incoming] = []
        oldest = self._loop.time() - 0.8 * self.durable.ack_wait_seconds
        while self._buffer and len(batch) < limit:
            arrived, message = self._buffer.popleft()
            if self.durable.kind == "fold" or arrived > oldest:
                batch.append(message)
            # else: a queue's message that waited here almost as long as its ack wait is left to its redelivery
        if not batch and self._guard.gap:
            raise FoldGap(self._guard.gap)
        return batch

    async def _ready(self, limit: int, *, standing: bool) -> list[Incoming]:
        """Return what is there: in the buffer, or, when nobody wants to wait, on the server at this moment."""
        await self._after_loss()
        await self._begin_again()
        batch = self._take(limit)
        if standing:
            if not (batch and self.durable.linger_seconds):
                await self._ask()
        elif not batch:
            await self._probe()
            while await self._begin_again():
                await self._probe()
            batch = self._take(limit)
        if not batch and self._trouble:
            text, self._trouble = self._trouble, ""
            raise BusUnavailable(text)
        return batch

    async def _ask(self) -> None:
        """Make sure that a request stands while the buffer has room."""
        now = self._loop.time()
        self._pulls.forget_overdue(now)
        asked = self._pulls.asked
        room = self._capacity - len(self._buffer) - asked
        if self.durable.linger_seconds:
            # Woken by one message; its reader then lets more arrive at the server and takes them in one go.
            room = 0 if asked or self._buffer else 1
        if self._guard.gap or now < self._quiet_until or room < (self._capacity // 2 if asked > 1 else 1):
            return
        await self._pull(room, _PULL_EXPIRES_SECONDS)

    async def _pull(self, batch: int, expires_seconds: float, *, probe: bool = False) -> str:
        # no_wait without an expiry is answered with 404 at once; with one, the server would wait it out.
        request = (
            {"batch": batch, "no_wait": True}
            if probe
            else {"batch": batch, "expires": _nanoseconds(expires_seconds)}
        )
        deadline = self._loop.time() + expires_seconds + _GRACE_SECONDS
        number = self._pulls.add(batch, deadline, probe=probe)
        try:
            await self._link.send(
                next_subject(self.durable), json.dumps(request).encode(), f"{self._base}.{number}"
            )
        except BusUnavailable:
            self._pulls.remove(number)
            raise
        return number

    async def _probe(self) -> None:
        """Ask whether anything is there now, and wait until it arrived or the server said no.

        The server answers 404 also when requests that stand already cover what is there; then it is on its way, and
        a moment is waited for it. Right after a rewind nothing stands, so the answer is exact: catch-up relies on it.
        """
        self._pulls.forget_overdue(self._loop.time())
        standing = self._pulls.standing
        number = self._pulls.probe
        if number is None:
            number = await self._pull(1 if standing else self._capacity, _PROBE_KEPT_SECONDS, probe=True)
        deadline = self._loop.time() + _PROBE_ANSWER_SECONDS[self.durable.kind]
        while not self._buffer and not self._guard.gap and number in self._pulls:
            if not self._link.connected:
                raise BusUnavailable("the bus is away")
            if self._loop.time() >= deadline:
                if self.durable.kind == "queue":
                    return
                raise BusUnavailable(f"{self.durable.name}: no answer to a pull request")
            self._news.clear()
            await self._wait(deadline - self._loop.time())
        if standing and not self._buffer and not self._guard.gap:
            self._news.clear()
            await self._wait(_ON_ITS_WAY_SECONDS)

    async def _wait(self, seconds: float) -> None:
        now = self._loop.time()
        if now < self._quiet_until:
            seconds = min(seconds, self._quiet_until - now)
        elif self._pulls.next_deadline is not None:
            seconds = min(seconds, max(self._pulls.next_deadline - now, 0.0) + 0.001)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _on_message(self, message: Msg) -> None:
        code, description = status_of(message)
        if code:
            self._on_status(message.subject.rpartition(".")[2], code, description)
            return
        self._pulls.received()
        delivered = incoming(message)
        if self.durable.kind == "queue" or self._guard.takes(delivered):
            self._buffer.append((self._loop.time(), delivered))
        self._news.set()

    def _on_status(self, number: str, code: str, description: str) -> None:
        known = self._pulls.remove(number)
        if code == "503":
            self._trouble = (
                f"durable {self.durable.name} of {self.durable.stream} does not answer: not provisioned?"
            )
        elif code == "409" and "deleted" in description.lower():
            self._trouble = f"durable {self.durable.name} of {self.durable.stream} was deleted"
        if known and code in ("503", "409"):
            self._quiet_until = self._loop.time() + _TROUBLE_WAIT_SECONDS
        self._news.set()

    async def _settle(self, reply: str, body: bytes) -> None:
        if self.durable.kind == "fold":
            return  # nothing waits for it, and the role may not even say it
        try:
            await self._link.send(reply, body)
        except BusUnavailable:
            return  # an acknowledgement that is lost only means that the message comes again


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
