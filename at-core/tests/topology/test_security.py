"""What a stolen key can do: every known route tried against the shipped configuration on a real server.

The attacker is the agents' key with a client of its own, not our bus: it may send anything the protocol allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from at_core.errors import PermissionDenied
from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.testing.bus_place import eventually, take
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.consumers import DURABLES, durable, durables_of
from at_core.topology.permissions import durable_subjects, event_subjects, next_subject, reset_subject
from at_core.topology.roles import ROLES, Role, role
from at_core.topology.streams import STREAMS

APPROVED = "trading.risk.approved.v1.paper.BTC=2FUSDT"
SIGNAL = "trading.signal.created.v1.paper.BTC=2FUSDT"
PROPOSAL = "trading.proposal.created.v1.paper.BTC=2FUSDT"
FORGED = b'{"type":"trading.risk.approved","forged":true}'
PROTECTED = ("SIGNALS", "OPERATOR", "MARKET", "RISK", "EXEC", "SYSTEM", "OBS", "QUARANTINE")


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsPlace]:
    place = make_nats_place(tmp_path_factory.mktemp("security"))
    yield place
    place.server.kill()


@pytest.fixture
async def attacker(server: NatsPlace) -> AsyncIterator[Attacker]:
    agents = Attacker("agents")
    await agents.open(server)
    yield agents
    await agents.client.close()


@pytest.fixture
async def watch(server: NatsPlace) -> AsyncIterator[Watch]:
    seed = server.keys["provision"].seed_file
    link = NatsLink(NatsAddress((server.url,), "watch", seed, PROVISIONER_INBOX))
    await link.open()
    yield Watch(link)
    await link.close()


@pytest.fixture
async def gateway(server: NatsPlace) -> AsyncIterator[NatsBus]:
    bus = await server.connect("gateway")
    yield bus
    await bus.close()


@pytest.fixture
async def gate(server: NatsPlace) -> AsyncIterator[NatsBus]:
    bus = await server.connect("gate")
    yield bus
    await bus.close()


# --- The rows of the facts, section 2.3 -------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", [APPROVED, "trading.execution.fill.v1.x", "system.killswitch.released.v1.all"]
)
async def test_row_1_a_confirmation_cannot_be_sent_to_a_protected_subject(
    attacker: Attacker, watch: Watch, target: str
) -> None:
    before, proposals = await watch.counts(), await watch.counts("PROPOSALS")
    await attacker.try_publish(PROPOSAL, FORGED, reply=target)
    assert (await watch.counts("PROPOSALS"))["PROPOSALS"][0] == proposals["PROPOSALS"][
        0
    ] + 1  # it was stored, so
    assert await watch.counts() == before  # a confirmation was sent, and landed nowhere


async def test_row_2_a_pulled_message_cannot_be_delivered_to_a_protected_subject(
    attacker: Attacker, watch: Watch, gateway: NatsBus
) -> None:
    await gateway.publish(Outgoing(SIGNAL, FORGED))
    await gateway.publish(Outgoing("market.raw.v1.x", FORGED))
    before = await watch.counts()
    for name in ("agents-signals", "agents-market"):
        assert await attacker.try_publish(
            next_subject(durable(name)), b'{"batch":5,"no_wait":true}', reply=APPROVED
        )
    await attacker.settle()
    assert await watch.counts() == before


async def test_row_3_an_answer_of_the_bus_cannot_be_sent_to_a_protected_subject(
    attacker: Attacker, watch: Watch
) -> None:
    before = await watch.counts()
    assert await attacker.try_publish(reset_subject(durable("agents-market")), b'{"seq":1}', reply=APPROVED)
    assert await attacker.try_publish(
        next_subject(durable("agents-market")), b"not a request", reply=APPROVED
    )
    for api in ("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.RISK"):
        assert not await attacker.try_publish(api, b"", reply=APPROVED)
    assert await watch.counts() == before


async def test_row_4_a_stored_message_cannot_be_replayed_onto_a_protected_subject(
    attacker: Attacker, watch: Watch
) -> None:
    await attacker.try_publish(PROPOSAL, FORGED)
    before = await watch.counts()
    for api in (
        "$JS.API.DIRECT.GET.PROPOSALS",
        f"$JS.API.DIRECT.GET.PROPOSALS.{PROPOSAL}",
        "$JS.API.STREAM.MSG.GET.PROPOSALS",
    ):
        assert not await attacker.try_publish(api, b'{"seq":1}', reply=APPROVED)
    assert await watch.counts() == before


async def test_row_5_a_roll_up_wipes_nothing(attacker: Attacker, watch: Watch) -> None:
    await attacker.try_publish(PROPOSAL, b"{}")
    before = await watch.counts("PROPOSALS")
    for scope in ("all", "sub"):
        await attacker.try_publish(PROPOSAL, b"{}", headers={"Nats-Rollup": scope})
    assert await watch.counts("PROPOSALS") == before
    assert not await attacker.try_publish("$KV.control.killswitch", b"off", headers={"Nats-Rollup": "all"})


async def test_row_6_the_server_publishes_nothing_on_a_schedule(attacker: Attacker, watch: Watch) -> None:
    before = await watch.counts()
    for target in (APPROVED, "trading.proposal.created.v1.other.X"):
        headers = {"Nats-Schedule": "@every 1s", "Nats-Schedule-Target": target, "Nats-Schedule-TTL": "5s"}
        answer = json.loads(
            (await attacker.client.request(PROPOSAL, FORGED, headers=headers, timeout=2)).data
        )
        assert "error" in answer
    assert await watch.counts() == before


async def test_row_7_no_acknowledgement_makes_the_bus_a_deputy(
    attacker: Attacker, watch: Watch, gateway: NatsBus
) -> None:
    await gateway.publish(Outgoing(SIGNAL, FORGED))
    before = await watch.counts()
    for body in (b"+NXT", b'+NXT {"batch":5}', b"-NAK", b"+WPI", b"+ACK"):
        subject = "$JS.ACK.SIGNALS.agents-signals.1.1.1.1.0"
        assert await attacker.try_publish(subject, body, reply=APPROVED)
    assert await watch.counts() == before


# --- Reading and diverting --------------------------------------------------------------------------------


async def test_an_acknowledgement_cannot_take_messages_out_of_the_engines_queue(
    server: NatsPlace, attacker: Attacker, gate: NatsBus
) -> None:
    """A permission with wildcards for the newer acknowledgement format (``$JS.ACK.*.*.…``) lets the second through."""
    await gate.publish(Outgoing(APPROVED, b"the ruling"))
    inbox = attacker.client.new_inbox()
    assert await attacker.try_subscribe(inbox)
    for subject in (
        "$JS.ACK.RISK.engine-approvals.1.1.1.1.0",
        "$JS.ACK.RISK.engine-approvals.SIGNALS.agents-signals.1.1.1",
        "$JS.ACK.RISK.engine-approvals.SIGNALS.agents-signals.1.1.1.1.0",
        "$JS.ACK._.x.RISK.engine-approvals.1.1.1.1.0",
    ):
        assert not await attacker.try_publish(subject, b"+NXT", reply=inbox), subject
    engine = await server.connect("engine")
    queue = await engine.bind(durable("engine-approvals"))
    messages = await take(queue, 1)
    assert messages[-1].body == b"the ruling"
    for message in messages:
        await queue.ack(message)
    await engine.close()
    assert not attacker.received


@pytest.mark.parametrize(
    "other", [known for known in DURABLES if known.role != "agents"], ids=lambda known: known.name
)
async def test_the_durable_of_another_role_can_be_neither_read_nor_rewound(
    server: NatsPlace, attacker: Attacker, other: object
) -> None:
    known = durable(getattr(other, "name", ""))
    inbox = attacker.client.new_inbox()
    assert not await attacker.try_publish(next_subject(known), b'{"batch":1,"no_wait":true}', reply=inbox)
    assert not await attacker.try_publish(reset_subject(known), b'{"seq":1}', reply=inbox)
    for api in ("INFO", "DELETE", "PAUSE", "UNPIN", "LEADER.STEPDOWN"):
        assert not await attacker.try_publish(
            f"$JS.API.CONSUMER.{api}.{known.stream}.{known.name}", b"", reply=inbox
        )


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "*",
        "trading.>",
        "trading.risk.>",
        "trading.signal.created.>",
        "_INBOX.>",
        "_INBOX_gateway.>",
        "_INBOX_engine.>",
        "_R_.>",
        "$SYS.>",
        "$JS.>",
        "$JS.ACK.>",
        "$JS.API.>",
        "$JS.EVENT.>",
        "$KV.>",
        "dlq.>",
        "market.raw.>",
    ],
)
async def test_nothing_but_the_own_replies_can_be_listened_to(attacker: Attacker, subject: str) -> None:
    assert not await attacker.try_subscribe(subject)


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


@pytest.mark.parametrize("subject", ADMINISTRATION)
async def test_an_agent_administers_nothing(attacker: Attacker, watch: Watch, subject: str) -> None:
    before = await watch.counts()
    assert not await attacker.try_publish(
        subject, b'{"name":"EVIL","subjects":["evil.>"]}', attacker.client.new_inbox()
    )
    assert await watch.counts() == before


# --- The permission matrix, generated from the tables, both directions --------------------------------------


FOREIGN = (
    "trading.risk.approved.v1.paper.X",
    "trading.execution.submitted.v1.order",
    "trading.execution.fill.v1.order",
    "trading.reconciliation.delta.v1.paper",
    "trading.state.drift.v1.paper",
    "portfolio.position.changed.v1.paper.X",
    "portfolio.account.changed.v1.paper",
    "portfolio.target.v1.paper.x",
    "system.killswitch.activated.v1.all",
    "system.tradingmode.changed.v1.all",
    "operator.command.issued.v1.x",
    "trading.signal.created.v1.paper.X",
    "trading.proposal.created.v1.paper.X",
    "media.screenshot.received.v1.x",
    "market.raw.v1.x",
    "features.candles.v1.x",
    "signal.long.v1.x",
    "agents.run.completed.v1.x",
    "assistant.answer.given.v1.x",
    "intake.alert.refused.v1.x",
    "obs.incident.opened.v1.x",
    *(f"heartbeat.{known.name}.v1.x" for known in ROLES),
    *(f"dlq.{known.name}.durable.reason" for known in ROLES),
    "trading",
    "trading.risk",
    "trading.anything.v1.x",
    "elsewhere.v1.x",
)


def allowed_samples(one: Role) -> list[str]:
    return [pattern.replace(">", "sample.v1.x") for pattern in event_subjects(one)]


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.name)
async def test_a_role_may_write_what_the_tables_say_and_nothing_else(server: NatsPlace, one: Role) -> None:
    client = Attacker(one.name)
    await client.open(server)
    allowed = {subject for other in (one,) for subject in allowed_samples(other)}
    foreign = {subject for other in ROLES if other is not one for subject in allowed_samples(other)}
    heads = tuple(f"{head}." for head in (*one.publishes, f"dlq.{one.name}"))
    foreign |= {subject for subject in FOREIGN if not f"{subject}.".startswith(heads)}
    for subject in (*sorted(allowed), *sorted(foreign)):
        await client.client.publish(subject, b"{}")
    await client.settle()
    await eventually(lambda: len(client.refused) >= len(foreign))
    assert set(client.refused) == {subject.lower() for subject in foreign}
    await client.client.close()


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.name)
async def test_what_a_role_may_write_is_stored(server: NatsPlace, one: Role) -> None:
    bus = await server.connect(one.name)
    taken = tuple(pattern.removesuffix(">") for stream in STREAMS for pattern in stream.subjects)
    samples = [subject for subject in allowed_samples(one) if subject.startswith(taken)]
    assert samples
    for subject in samples:
        assert (await bus.publish(Outgoing(subject, b"{}"))).sequence > 0
    await bus.close()


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.name)
async def test_a_role_asks_for_its_own_durables_and_for_no_others(server: NatsPlace, one: Role) -> None:
    client = Attacker(one.name)
    await client.open(server)
    inbox = client.client.new_inbox()
    own = {subject for known in durables_of(one.name) for subject in durable_subjects(known)}
    others = {subject for known in DURABLES if known.role != one.name for subject in durable_subjects(known)}
    others |= {reset_subject(known) for known in DURABLES if known.kind == "queue"}
    others |= {f"$JS.ACK.{known.stream}.{known.name}.>" for known in DURABLES if known.kind == "fold"}
    for subject in (*sorted(own), *sorted(others)):
        await client.client.publish(subject.replace(">", "1.1.1.1.0"), b"bad request", reply=inbox)
    await client.settle()
    await eventually(lambda: len(client.refused) >= len(others))
    assert set(client.refused) == {subject.replace(">", "1.1.1.1.0").lower() for subject in others}
    await client.client.close()


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.name)
async def test_the_bus_of_a_role_reads_all_its_durables(server: NatsPlace, one: Role) -> None:
    refused: list[str] = []
    seed = server.keys[one.name].seed_file
    bus = await NatsBus.connect(server.url, role_name=one.name, seed_file=seed, on_violation=refused.append)
    for known in durables_of(one.name):
        inbox = await bus.bind(known)
        if known.kind == "fold":
            await inbox.rewind()
        for message in await inbox.fetch(1, 0):
            await inbox.nak(message, 0)
        await inbox.close()
    for known in DURABLES:
        if known.role != one.name:
            with pytest.raises(PermissionDenied):
                await (await bus.bind(known)).fetch(1, 1)
    foreign = {next_subject(known).lower() for known in DURABLES if known.role != one.name}
    assert {subject for subject in foreign if any(subject in text for text in refused)} == foreign
    assert len(refused) == len(foreign)
    await bus.close()


@pytest.mark.parametrize("name", ["gate", "engine", "gateway", "obs"])
async def test_nobody_in_core_listens_to_others_or_administers(server: NatsPlace, name: str) -> None:
    client = Attacker(name)
    await client.open(server)
    for subject in (">", "trading.>", "_INBOX.>", "_INBOX_agents.>", "$SYS.>", "$JS.>"):
        assert not await client.try_subscribe(subject), subject
    for subject in ADMINISTRATION:
        if not subject.startswith(f"_INBOX_{name}."):
            assert not await client.try_publish(subject, b"", reply=client.client.new_inbox()), subject
    await client.client.close()


async def test_a_client_without_a_key_gets_nowhere(server: NatsPlace, tmp_path: Path) -> None:
    client = Client()
    with pytest.raises(Exception, match=r"(?i)authorization|reset|no servers"):
        await client.connect(server.url, allow_reconnect=False, max_reconnect_attempts=0)
    await client.close()
