"""Fixtures of the security tests: one server with the shipped configuration, an attacker, and a watch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from attacker import Attacker, Watch

from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.testing.nats_fixture import NatsPlace, make_nats_place
from at_core.topology.accounts import PROVISIONER_INBOX


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
