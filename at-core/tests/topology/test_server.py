"""The embedded server: its own, and nobody else's."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from at_core.errors import ConfigurationError
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.server import NatsServer, greeting


def a_server(folder: Path, port: int, text: str | None = None) -> NatsServer:
    config = folder / "other.conf"
    config.write_text(text or f'server_name: "other"\nlisten: "127.0.0.1:{port}"\n')
    return NatsServer(config, server_name="mine", port=port, log_file=folder / "other.log")


def test_it_greets_with_its_own_name_and_stops(own_nats_place: NatsPlace) -> None:
    server = own_nats_place.server
    info = greeting(server.host, server.port)
    assert info is not None
    assert (info["server_name"], info["jetstream"]) == (server.server_name, True)
    pid = server.pid
    server.start()
    assert server.pid == pid
    server.stop()
    assert not server.running
    assert greeting(server.host, server.port) is None


def test_a_port_that_belongs_to_another_server_is_refused(own_nats_place: NatsPlace, tmp_path: Path) -> None:
    mine = a_server(tmp_path, own_nats_place.server.port)
    with pytest.raises(ConfigurationError):
        mine.start()
    assert not mine.running
    assert own_nats_place.server.running


def test_a_server_that_does_not_start_tells_why(tmp_path: Path) -> None:
    broken = a_server(tmp_path, 1, "listen: nonsense {")
    with pytest.raises(ConfigurationError, match="last words"):
        broken.start()


def test_whatever_else_listens_is_no_nats_server() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert greeting("127.0.0.1", other.getsockname()[1], 0.05) is None
