"""A real nats-server for tests: the shipped configuration, keys of its own, provisioned, on a free loopback port.

``pytest_plugins = ["at_core.testing.nats_fixture"]`` in a root conftest gives every test ``nats_place`` (one server
per session, shared: use subjects or durables of your own) and ``own_nats_place`` (a server for one test, to break).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from at_core.errors import ConfigurationError
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.nats_provision import provision_server
from at_core.topology.accounts import ServerOptions, render
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.keys import KeyFile, create_keys
from at_core.topology.provisioner import Change
from at_core.topology.server import NatsServer, find_binary, free_port

__all__ = ["NatsPlace", "make_nats_place", "nats_place", "own_nats_place"]

_VERSION = "test"


class NatsPlace:
    """A running server with its folder, its keys and ways to connect."""

    def __init__(
        self,
        folder: Path,
        server: NatsServer,
        keys: dict[str, KeyFile],
        durables: tuple[Durable, ...] = DURABLES,
    ) -> None:
        self.folder = folder
        self.server = server
        self.keys = keys
        self.durables = durables

    @property
    def url(self) -> str:
        """The server's address."""
        return self.server.url

    @property
    def keys_folder(self) -> Path:
        """Where the seeds lie."""
        return self.folder / "keys"

    async def connect(self, role_name: str) -> NatsBus:
        """Return a bus connected as a role; the caller closes it."""
        return await NatsBus.connect(self.url, role_name=role_name, seed_file=self.keys[role_name].seed_file)

    async def provision(self, *, apply: bool = True, version: str = _VERSION) -> list[Change]:
        """Run the provisioner against this server."""
        return await provision_server(
            (self.url,), self.keys_folder, apply=apply, version=version, durables=self.durables
        )


def make_nats_place(folder: Path, durables: tuple[Durable, ...] = DURABLES) -> NatsPlace:
    """Start and provision a server under ``folder``; the caller stops ``place.server``."""
    keys = create_keys(folder / "keys")
    place = NatsPlace(
        folder, _start(folder, {name: key.public_key for name, key in keys.items()}, durables), keys, durables
    )
    loop = asyncio.new_event_loop()
    try:
        changes = loop.run_until_complete(place.provision())
    except BaseException:
        place.server.stop()
        raise
    finally:
        loop.close()
    refused = [str(change) for change in changes if change.outcome != "created"]
    if refused:
        place.server.stop()
        raise AssertionError(f"a fresh server was not provisioned cleanly: {refused}")
    return place


def _start(folder: Path, public: dict[str, str], durables: tuple[Durable, ...]) -> NatsServer:
    # Every known durable stays permitted, so one that is not provisioned is missed instead of refused.
    permitted = tuple({known.name: known for known in (*DURABLES, *durables)}.values())
    for attempt in range(3):
        port = free_port()
        options = ServerOptions(
            store_dir=folder / "js", server_name=f"at-test-{folder.name}-{port}", port=port
        )
        config_file = folder / "nats.conf"
        config_file.write_text(render(options, public, durables=permitted))
        server = NatsServer(
            config_file, server_name=options.server_name, port=port, log_file=folder / "nats.log"
        )
        try:
            server.start()
        except ConfigurationError:
            if attempt == 2:
                raise
            continue  # somebody took the port in between
        return server
    raise AssertionError("unreachable: the last attempt returns or raises")


@pytest.fixture(scope="session")
def nats_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsPlace]:
    """One provisioned server for the whole session."""
    yield from _place(tmp_path_factory.mktemp("nats"))


@pytest.fixture
def own_nats_place(tmp_path: Path) -> Iterator[NatsPlace]:
    """A provisioned server for one test alone."""
    yield from _place(tmp_path)


def _place(folder: Path) -> Iterator[NatsPlace]:
    try:
        find_binary()
    except ConfigurationError as error:
        pytest.skip(f"needs a real server: {error}")
    place = make_nats_place(folder)
    try:
        yield place
    finally:
        place.server.kill()  # its folder goes with the test: nothing is worth an orderly end
