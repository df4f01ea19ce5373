"""The attacker, a raw client with a role's key that sends anything the protocol allows, and the watch's eyes."""

from __future__ import annotations

import json
import re

from nats.aio.client import Client
from nats.aio.msg import Msg

from at_core.runtime.nats_link import NatsLink
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.roles import role

APPROVED = "trading.risk.approved.v1.paper.BTC=2FUSDT"
SIGNAL = "trading.signal.created.v1.paper.BTC=2FUSDT"
PROPOSAL = "trading.proposal.created.v1.paper.BTC=2FUSDT"
FORGED = b'{"type":"trading.risk.approved","forged":true}'
PROTECTED = ("SIGNALS", "OPERATOR", "MARKET", "RISK", "EXEC", "SYSTEM", "OBS", "QUARANTINE")

ADMINISTRATION = (
    "$JS.API.STREAM.CREATE.EVIL",
    "$JS.API.STREAM.UPDATE.RISK",
    "$JS.API.STREAM.DELETE.RISK",
    "$JS.API.STREAM.PURGE.RISK",
    "$JS.API.STREAM.MSG.DELETE.RISK",
    "$JS.API.STREAM.MSG.GET.RISK",
    "$JS.API.STREAM.SNAPSHOT.RISK",
    "$JS.API.STREAM.RESTORE.RISK",
    "$JS.API.STREAM.LEADER.STEPDOWN.RISK",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.PROPOSALS",
    "$JS.API.CONSUMER.CREATE.RISK",
    "$JS.API.CONSUMER.CREATE.RISK.spy",
    "$JS.API.CONSUMER.CREATE.SIGNALS.agents-signals",
    "$JS.API.CONSUMER.CREATE.SIGNALS.spy.trading.signal.created.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.RISK.spy",
    "$JS.API.CONSUMER.NAMES.RISK",
    "$JS.API.CONSUMER.INFO.SIGNALS.agents-signals",
    "$JS.API.CONSUMER.RESET.SIGNALS.agents-signals",
    "$JS.API.DIRECT.GET.RISK",
    "$JS.API.DIRECT.GET.MARKET",
    "$JS.API.INFO",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$JS.API.ACCOUNT.PURGE.CORE",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SYS.REQ.USER.INFO",
    "$JS.FC.RISK.engine-approvals.x",
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.RISK.engine-approvals",
    "_INBOX_engine.forged.1",
    "_INBOX_gate.forged.1",
    "_INBOX.anything",
    "_R_.forged",
    "$KV.control.mode",
    "$O.screenshots.C.x",
)


class Attacker:
    """A raw connection with a role's key; remembers what the server refused."""

    def __init__(self, role_name: str) -> None:
        self.role = role(role_name)
        self.client = Client()
        self.refused: list[str] = []
        self.received: list[Msg] = []

    async def open(self, place: NatsPlace) -> None:
        await self.client.connect(
            place.url,
            nkeys_seed=str(place.keys[self.role.name].seed_file),
            inbox_prefix=self.role.inbox_prefix,
            error_cb=self._on_error,
        )

    async def settle(self) -> None:
        """Wait until the server has judged what was sent: it answers a ping after the refusals before it.

        Twice, because the client's ping overtakes what it has not written yet.
        """
        await self.client.flush(2)
        await self.client.flush(2)

    async def _on_error(self, error: Exception) -> None:
        match = re.search(
            r'permissions violation for (?:publish|subscription) to "([^"]+)"', str(error), re.IGNORECASE
        )
        if match:
            self.refused.append(match[1].lower())

    async def try_publish(
        self, subject: str, body: bytes = b"", reply: str = "", headers: dict[str, str] | None = None
    ) -> bool:
        """Return whether the server let the message through."""
        before = len(self.refused)
        await self.client.publish(subject, body, reply=reply, headers=headers)
        await self.settle()
        return subject.lower() not in self.refused[before:]

    async def try_subscribe(self, subject: str) -> bool:
        """Return whether the server let the subscription stand."""
        before = len(self.refused)

        async def keep(message: Msg) -> None:
            self.received.append(message)

        await self.client.subscribe(subject, cb=keep)
        await self.settle()
        return subject.lower() not in self.refused[before:]


class Watch:
    """The provisioner's eyes: what the streams hold."""

    def __init__(self, link: NatsLink) -> None:
        self.link = link

    async def ask(self, path: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((await self.link.call(f"$JS.API.{path}", b"", 5)).data)
        return found

    async def counts(self, *names: str) -> dict[str, tuple[int, int]]:
        result = {}
        for name in names or PROTECTED:
            state = (await self.ask(f"STREAM.INFO.{name}"))["state"]
            assert isinstance(state, dict)
            result[name] = (state["messages"], state["last_seq"])
        return result
