"""The permission matrix, generated from the tables and tried on a real server in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from attacker import ADMINISTRATION, Attacker
from nats.aio.client import Client

from at_core.errors import PermissionDenied
from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_bus import NatsBus
from at_core.testing.bus_place import eventually
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import DURABLES, durables_of
from at_core.topology.permissions import durable_subjects, next_subject, reset_subject, stored_subjects
from at_core.topology.roles import ROLES, Role
from at_core.topology.streams import STREAMS

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
    *(f"$KV.contracts.{known.name}.1" for known in ROLES),
    *(f"$KV.contracts.{known.name}" for known in ROLES),
    *(f"$KV.contracts.{known.name}.1.deeper" for known in ROLES),
    "$KV.contracts",
    "$KV.contracts.somebody.1",
    "$KV.leases.engine.1",
)


def allowed_samples(one: Role) -> list[str]:
    return [pattern.replace(">", "sample.v1.x").replace("*", "sample-1") for pattern in stored_subjects(one)]


@pytest.mark.parametrize("one", ROLES, ids=lambda one: one.name)
async def test_a_role_may_write_what_the_tables_say_and_nothing_else(server: NatsPlace, one: Role) -> None:
    client = Attacker(one.name)
    await client.open(server)
    allowed = {subject for other in (one,) for subject in allowed_samples(other)}
    foreign = {subject for other in ROLES if other is not one for subject in allowed_samples(other)}
    heads = tuple(f"{head}." for head in (*one.publishes, f"dlq.{one.name}"))
    own_key = f"$KV.contracts.{one.name}.1"
    foreign |= {subject for subject in FOREIGN if subject != own_key and not f"{subject}.".startswith(heads)}
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
    bus = NatsBus.prepare(server.url, role_name=one.name, seed_file=seed, on_violation=refused.append)
    await bus.open()
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
