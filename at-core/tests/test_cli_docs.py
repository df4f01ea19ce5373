"""The verbs that write documents."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from at_core.cli import main
from at_core.contracts.schema_files import schema_files


def test_schemas_are_written_and_the_second_run_writes_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "schemas"
    for _ in range(2):
        assert main(["docs", "schemas", str(folder)]) == 0
        written = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}
        assert written == schema_files()


def test_asyncapi_and_events_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "asyncapi", "--host", "bus.example:4222"]) == 0
    assert json.loads(capsys.readouterr().out)["servers"]["bus"]["host"] == "bus.example:4222"
    assert main(["docs", "events"]) == 0
    assert "`agents-signals` (agents, queue on SIGNALS)" in capsys.readouterr().out


def test_a_sample_is_printed_plain_and_as_a_cloudevent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "sample", "market.raw"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main(["docs", "sample", "market.raw", "--cloudevent"]) == 0
    wrapped = json.loads(capsys.readouterr().out)
    assert (plain["event_id"], plain["close"]) == (wrapped["id"], wrapped["data"]["close"])


def test_mistakes_name_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "sample", "nobody.knows"]) == 2
    assert "at-core docs events" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["docs", "schemas", str(tmp_path / "file")]) == 2
    assert "name a folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "schemas", "/dev/null/x"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    code = "from at_core.cli import main; raise SystemExit(main(['docs', 'events']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0
