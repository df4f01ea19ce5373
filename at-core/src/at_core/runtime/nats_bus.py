"""The real bus: JetStream behind the ``Bus`` port. Publishing is pipelined; reading is the inbox's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from nats.aio.msg import Msg

from at_core.errors import BusUnavailable, OurFault, SequenceConflict
from at_core.runtime.bus import Inbox, Outgoing, Stored
from at_core.runtime.nats_inbox import NatsInbox
from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.topology.consumers import Durable
from at_core.topology.patterns import is_literal
from at_core.topology.roles import role

__all__ = ["NatsBus"]

EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
_CONFLICTS = frozenset({10071, 10164})
_TOO_LARGE = frozenset({10054, 10097})
"""Message or headers exceed the stream's bound: no retry can help."""


class NatsBus:
    """Implements ``Bus`` on one connection. Safe for many concurrent publishes; their order is kept."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link
        self._closed = False
        self._inboxes: list[NatsInbox] = []
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    def prepare(
        cls,
        servers: tuple[str, ...] | str,
        *,
        role_name: str,
        seed_file: Path,
        name: str = "",
        connect_timeout_seconds: float = 10.0,
        on_violation: Callable[[str], None] | None = None,
    ) -> NatsBus:
        """Return a bus that is not connected yet: ``open`` connects it.

        ``on_violation`` hears every refusal of a subject by the server, also those no caller waits for.
        """
        address = NatsAddress(
            servers=(servers,) if isinstance(servers, str) else servers,
            name=name or role_name,
            seed_file=seed_file,
            inbox_prefix=role(role_name).inbox_prefix,
            connect_timeout_seconds=connect_timeout_seconds,
        )
        link = NatsLink(address)
        if on_violation is not None:
            link.on_violation = on_violation
        return cls(link)

    @classmethod
    async def connect(
        cls,
        servers: tuple[str, ...] | str,
        *,
        role_name: str,
        seed_file: Path,
        connect_timeout_seconds: float = 10.0,
    ) -> NatsBus:
        """Connect as a role; raises what ``open`` raises."""
        bus = cls.prepare(
            servers,
            role_name=role_name,
            seed_file=seed_file,
            connect_timeout_seconds=connect_timeout_seconds,
        )
        await bus.open()
        return bus

    async def open(self) -> None:
        """Connect; raise BusUnavailable, PermissionDenied (key refused) or ConfigurationError (no key)."""
        await self._link.open()

    @property
    def connected(self) -> bool:
        """Whether the connection is up, as far as known."""
        return self._link.connected and not self._closed

    async def publish(self, message: Outgoing, timeout_seconds: float = 2.0) -> Stored:
        """Store one message; see ``Bus.publish`` for what it raises."""
        if not is_literal(message.subject):
            raise ValueError(f"{message.subject!r} cannot be published: empty token, blank or wildcard")
        if self._closed:
            raise BusUnavailable("the bus is closed")
        headers = dict(message.headers)
        if message.expected_last_subject_sequence is not None:
            headers[EXPECTED_LAST] = str(message.expected_last_subject_sequence)
        self._under_way += 1
        self._idle.clear()
        try:
            answer = await self._link.call(message.subject, message.body, timeout_seconds, headers)
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._idle.set()
        return _stored(message, answer)

    async def bind(self, durable: Durable) -> Inbox:
        """Bind to a provisioned durable; a missing one shows at the first fetch or rewind as BusUnavailable."""
        if self._closed:
            raise BusUnavailable("the bus is closed")
        inbox = NatsInbox(self._link, durable)
        await inbox.open()
        self._inboxes.append(inbox)
        return inbox

    async def close(self) -> None:
        """Take no more publishes, finish those under way (bounded), hand back what is buffered, disconnect."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(2):
                await self._idle.wait()
        except TimeoutError:
            pass  # unconfirmed publishes end with their own BusUnavailable when the connection closes
        for inbox in self._inboxes:
            await inbox.close()
        await self._link.close()


def _stored(message: Outgoing, answer: Msg) -> Stored:
    try:
        confirmation = json.loads(answer.data)
    except ValueError as error:
        raise BusUnavailable(f"{message.subject}: the answer is no confirmation") from error
    problem = confirmation.get("error")
    if problem is None:
        return Stored(confirmation["stream"], confirmation["seq"], bool(confirmation.get("duplicate", False)))
    text = f"{message.subject}: {problem.get('description', '')} ({problem.get('err_code', 0)})"
    if problem.get("err_code") in _CONFLICTS:
        raise SequenceConflict(text)
    if problem.get("err_code") in _TOO_LARGE:
        raise OurFault(text)
    raise BusUnavailable(text)
