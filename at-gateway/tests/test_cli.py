"""The command line: refuses a wrong configuration with status 2, and helps to make a right one."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from test_settings import EXAMPLE, HEAD

from at_gateway.cli import main
from at_gateway.webhook.refusals import CATALOGUE
from at_gateway.webhook.tokens import token_digest


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_wrong_configuration_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(HEAD)
    assert main([command, "--config", str(path)]) == 2
    told = capsys.readouterr().err
    assert str(path) in told
    assert "sources" in told
    assert "operators" in told


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", "nowhere.toml"]) == 2
    assert "nowhere.toml" in capsys.readouterr().err


def test_check_counts_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out == "ok: 1 sources, 1 operators\n"


def test_hash_token_prints_what_to_configure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("my-token\n"))
    assert main(["hash-token"]) == 0
    assert capsys.readouterr().out.strip() == token_digest("my-token")
    monkeypatch.setattr(sys, "stdin", io.StringIO(" \n"))
    assert main(["hash-token"]) == 2


def test_refusals_prints_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refusals"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {code.value for code in CATALOGUE}
