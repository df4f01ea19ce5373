from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from obs_world import T0, Flow, journal, signals

from at_obs.audit.recorder import Recorder
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.cli import main


@pytest.fixture
def recorded(store: SqliteAuditStore, audit_file: Path) -> Path:
    """A file with one whole flow, still open in its writer."""
    Recorder(store).append(journal(Flow().whole()), T0)
    return audit_file


def at_obs(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "at_obs", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def tamper(path: Path, *statements: str) -> None:
    """What somebody with the file does: take the triggers off, then change it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name in ("audit_never_updated", "audit_never_deleted", "audit_only_extended"):
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def verified(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main(["verify", "--json", *(str(argument) for argument in arguments)])
    return code, json.loads(capsys.readouterr().out)


def test_verify_ends_0_while_the_writer_has_the_file_open(recorded: Path) -> None:
    done = at_obs("verify", "--db", recorded)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rows 9" in done.stdout
    assert "OK: every row holds" in done.stdout


def test_verify_ends_1_and_names_the_first_bad_sequence_and_the_reason(recorded: Path) -> None:
    tamper(recorded, "UPDATE audit SET decision = 'REJECTED' WHERE position = 4")
    done = at_obs("verify", "--db", recorded, "--json")
    assert done.returncode == 1
    broken = json.loads(done.stdout)["broken"]
    assert (broken["sequence"], broken["reason"]) == (4, "ROW_ALTERED")
    text = at_obs("verify", "--db", recorded)
    assert text.returncode == 1
    assert "BROKEN at journal sequence 4 (row 4): ROW_ALTERED" in text.stdout


def test_verify_ends_2_when_there_is_nothing_to_check(tmp_path: Path) -> None:
    done = at_obs("verify", "--db", tmp_path / "none.db")
    assert done.returncode == 2
    assert "no audit file at" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("statements", "sequence", "reason"),
    [
        (("DELETE FROM audit WHERE position = 5",), 5, "ROW_MISSING"),
        (("UPDATE audit SET body = x'7b7d' WHERE position = 3",), 3, "ROW_ALTERED"),
        (
            (
                "UPDATE audit SET position = 100 WHERE position = 2",
                "UPDATE audit SET position = 2 WHERE position = 3",
                "UPDATE audit SET position = 3 WHERE position = 100",
            ),
            3,
            "ROW_ALTERED",
        ),
    ],
)
def test_tampering_with_the_file_is_found(
    recorded: Path,
    capsys: pytest.CaptureFixture[str],
    statements: tuple[str, ...],
    sequence: int,
    reason: str,
) -> None:
    tamper(recorded, *statements)
    code, document = verified(capsys, "--db", recorded)
    assert code == 1
    assert (document["broken"]["sequence"], document["broken"]["reason"]) == (sequence, reason)


def test_a_cut_tail_passes_without_a_checkpoint_and_fails_with_one(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = verified(capsys, "--db", recorded)
    assert code == 0
    kept = tmp_path / "checkpoint.json"
    kept.write_text(json.dumps(document))
    tamper(recorded, "DELETE FROM audit WHERE position > 6")
    assert verified(capsys, "--db", recorded)[0] == 0
    code, document = verified(capsys, "--db", recorded, "--checkpoint", kept)
    assert code == 1
    assert (document["broken"]["sequence"], document["broken"]["reason"]) == (7, "TAIL_CUT")


def test_verify_without_a_checkpoint_says_what_it_cannot_see(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--db", str(recorded)]) == 0
    assert "a cut tail needs --checkpoint" in capsys.readouterr().out


def test_an_unreadable_checkpoint_ends_2(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    code, document = verified(capsys, "--db", recorded, "--checkpoint", wrong)
    assert (code, document["ok"]) == (2, None)


def test_a_damaged_file_is_broken_where_reading_ends(
    store: SqliteAuditStore, audit_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Recorder(store).append(signals(300), T0)
    store.close()
    size = audit_file.stat().st_size
    with audit_file.open("r+b") as file:
        file.seek(size // 8)
        file.write(b"\xff" * (size // 2))
    code, document = verified(capsys, "--db", audit_file)
    assert code == 1
    assert document["broken"]["reason"] in {"FILE_DAMAGED", "ROW_ALTERED", "ROW_MISSING"}
    assert 0 < document["broken"]["sequence"] <= 300


def test_trace_tells_a_flow_as_text_and_as_json(recorded: Path) -> None:
    done = at_obs("trace", Flow().correlation_id, "--db", recorded)
    assert done.returncode == 0
    assert "ORDER_FILLED" in done.stdout
    document = json.loads(at_obs("trace", Flow().correlation_id, "--db", recorded, "--json").stdout)
    assert document["final_outcome"] == "ORDER_FILLED"
    assert document["stages"][0]["stage"] == "signal"


def test_trace_finds_the_flow_by_any_of_its_events(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", str(Flow().approved().event_id), "--db", str(recorded)]) == 0
    assert Flow().correlation_id in capsys.readouterr().out


def test_trace_includes_what_still_waits_behind_a_hole(
    store: SqliteAuditStore, audit_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = journal(Flow().whole())
    Recorder(store).append([*whole[:3], *whole[4:]], T0)
    assert main(["trace", Flow().correlation_id, "--db", str(audit_file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["final_outcome"] == "ORDER_FILLED"
    assert [stage["sequence"] for stage in document["stages"]].count(4) == 0


def test_trace_ends_1_for_an_unknown_flow_and_2_for_something_that_is_no_id(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", Flow(7).correlation_id, "--db", str(recorded), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "NOT_FOUND"
    assert main(["trace", "the-first-one", "--db", str(recorded)]) == 2
    assert "is no id" in capsys.readouterr().err


def test_run_names_every_missing_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "obs.toml"
    config.write_text("hole_seconds_max = -1\n")
    done = at_obs("run", "--config", config)
    assert done.returncode == 2
    for key in ("audit_file", "bus", "hole_seconds_max"):
        assert key in done.stderr
