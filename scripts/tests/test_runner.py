"""The runner counts honestly, and bootstrap installs once."""

from __future__ import annotations

from pathlib import Path

import pytest

import bootstrap
import check
import test as runner


@pytest.mark.parametrize(
    ("code", "closing", "passed", "failed", "skipped"),
    [
        (0, "5 passed in 0.10s", 5, 0, 0),
        (1, "1 failed, 5 passed, 2 skipped in 1.00s", 5, 1, 2),
        (1, "3 passed, 2 errors in 1.00s", 3, 2, 0),
        (0, "3 passed, 1 xfailed in 1.00s", 3, 0, 1),
        (5, "no tests ran in 0.01s", 0, 1, 0),
        (-11, "", 0, 1, 0),
        (4, "ERROR: file or directory not found: x", 0, 1, 0),
        (1, "5 passed in 0.10s", 5, 1, 0),
        (1, "4 passed, 1 failed in 300.10s", 4, 1, 0),  # the closing line of scripts/alone.py
    ],
)
def test_every_end_of_a_run_is_counted(
    code: int, closing: str, passed: int, failed: int, skipped: int
) -> None:
    counts = runner.Run("x", code, 1.0, f"..... 9 passed of old\n{closing}\n").counts
    assert (counts["passed"], counts["failed"], counts["skipped"]) == (passed, failed, skipped)


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(SystemExit, match="at-nothing"):
        runner.suites(["at-nothing"])


def test_standing_alone_is_proved_in_the_full_run_and_on_demand_only() -> None:
    assert runner.ALONE not in runner.suites([])
    assert runner.suites([], full=True) == [*runner.suites([]), runner.ALONE]
    assert runner.suites(["at-obs"], full=True) == ["at-obs"]
    assert runner.suites([runner.ALONE]) == [runner.ALONE]


def test_a_failing_step_fails_and_shows_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert not check.run("planted", ("python", "-c", "import sys; sys.exit('the reason')"))
    printed = capsys.readouterr().out
    assert "FAILED" in printed
    assert "the reason" in printed


def test_every_step_names_a_tool_that_is_there() -> None:
    assert [words[0] for _, words in check.STEPS if not (bootstrap.VENV / "bin" / words[0]).exists()] == []


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Bootstrap into an empty folder, with installing itself replaced by a note."""
    noted: list[str] = []
    python = tmp_path / "venv" / "bin" / "python"

    def install(members: list[str]) -> None:
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        noted.append("installed")

    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "LOCK", lock)
    monkeypatch.setattr(bootstrap, "_PYTHON", python)
    monkeypatch.setattr(bootstrap, "_STAMP", tmp_path / "venv" / "stamp")
    monkeypatch.setattr(bootstrap, "_install", install)
    return noted


def test_the_second_bootstrap_does_nothing(installs: list[str]) -> None:
    bootstrap.prepare(quiet=True)
    bootstrap.prepare(quiet=True)
    assert installs == ["installed"]


def test_a_changed_lock_installs_again(installs: list[str]) -> None:
    bootstrap.prepare(quiet=True)
    bootstrap.LOCK.write_text("a==2\n")
    bootstrap.prepare(quiet=True)
    assert installs == ["installed", "installed"]


def test_an_interrupted_install_is_not_taken_for_done(
    installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(members: list[str]) -> None:
        raise SystemExit("no network")

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "_install", broken)
        with pytest.raises(SystemExit):
            bootstrap.prepare(quiet=True)
    bootstrap.prepare(quiet=True)
    assert installs == ["installed"]


@pytest.mark.parametrize(
    ("closing", "in_ci", "code"),
    [
        ("5 passed in 0.10s", "true", 0),
        ("5 passed, 1 skipped in 0.10s", "false", 0),
        ("5 passed, 1 skipped in 0.10s", "true", 1),
        ("1 skipped in 0.10s", "false", 1),
    ],
)
def test_a_skip_is_a_failure_in_ci_and_nothing_passed_is_one_everywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], closing: str, in_ci: str, code: int
) -> None:
    monkeypatch.setenv("CI", in_ci)
    monkeypatch.setattr("sys.argv", ["test.py", "scripts"])
    monkeypatch.setattr(runner, "run", lambda suite, _: runner.Run(suite, 0, 0.1, closing))
    assert runner.main() == code
    assert capsys.readouterr().out.splitlines()[-1].endswith(" skipped")
