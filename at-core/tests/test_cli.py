"""The command line: keys, configuration and provisioning of a fresh server, end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from at_core.cli import main
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.server import NatsServer, free_port


def test_a_fresh_server_is_configured_started_and_provisioned_by_three_verbs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, config, port = tmp_path / "keys", tmp_path / "nats.conf", free_port()
    assert main(["keys", "--folder", str(keys)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == ["gateway", "agents", "gate", "engine", "obs", "provision"]
    arguments = [
        "nats-config",
        "--keys",
        str(keys),
        "--store",
        str(tmp_path / "js"),
        "--name",
        "cli",
        "--port",
        str(port),
    ]
    assert main([*arguments, "--out", str(config)]) == 0
    assert main(arguments) == 0
    assert capsys.readouterr().out == config.read_text()
    server = NatsServer(config, server_name="cli", port=port, log_file=tmp_path / "nats.log")
    server.start()
    try:
        provision = ["provision", "--server", server.url, "--keys", str(keys)]
        assert main([*provision, "--check"]) == 1
        assert "created   stream   RISK" in capsys.readouterr().out
        assert main([*provision, "--apply"]) == 0
        assert main([*provision, "--check"]) == 0
        assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == {"created", "unchanged"}
    finally:
        server.stop()


def test_a_role_cannot_provision(
    own_nats_place: NatsPlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "stolen"
    keys.mkdir()
    stolen = keys / "provision.nk"
    stolen.write_bytes(own_nats_place.keys["agents"].seed_file.read_bytes())
    stolen.chmod(0o600)
    assert main(["provision", "--apply", "--server", own_nats_place.url, "--keys", str(keys)]) == 1
    assert "may not publish $js.api.stream.info" in capsys.readouterr().err.lower()


def test_mistakes_name_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nats-config", "--keys", str(tmp_path), "--store", str(tmp_path / "js")]) == 2
    assert "at-core keys --folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["provision", "--server", "nats://127.0.0.1:1", "--keys", str(tmp_path)])
    assert "--check" in capsys.readouterr().err
