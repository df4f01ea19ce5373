"""Proves that each member is a repository of its own in waiting: two wheels, a fresh venv, its own tests and checks.

    python3 scripts/alone.py [--jobs N] [MEMBER ...]

A member is split out (scripts/split.py) into a temporary folder, so nothing of the workspace is beside it but the
at-core wheel. What gets installed is what the member declares, in the versions of the lock: a dependency it forgot is
missed here. Then it does what its CI does: its tests, ruff, mypy, import-linter.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from _lib.standalone import CHECK_STEPS, TOOLS
from _lib.tree import ROOT, carried, manifest
from bootstrap import LOCK, enter
from split import Refused, split

CORE = "at-core"
_BUILD_SECONDS = 120.0
_INSTALL_SECONDS = 600.0
_TEST_SECONDS = 900.0
_CHECK_SECONDS = 300.0
# What would lead a test back into the workspace, or change what pytest runs.
_LEADS = ("AT_", "PYTHON", "PYTEST_", "VIRTUAL_ENV")


class Broken(Exception):
    """A step that failed, with all it printed."""

    def __init__(self, step: str, output: str) -> None:
        super().__init__(step)
        self.step = step
        self.output = output


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a member did alone: pytest's closing line, or the step that failed; the output of a failure."""

    member: str
    good: bool
    seconds: float
    closing: str
    output: str = ""


def prove(member: str, core_wheel: Path, folder: Path, home: Path | None = None) -> Outcome:
    """Build, install, test and check one member in the empty ``folder``; ``home`` when it is split out already."""
    started = time.monotonic()
    good, output = False, ""
    try:
        home = home or split(member, folder / member)
        wheel = core_wheel if member == CORE else build(home, folder / "wheels")
        environment = install(member, wheel, core_wheel, folder / "venv", home / TOOLS)
        # The console script, as in CI: `python -m pytest` would put the split folder on the import path.
        tool = folder / "venv" / "bin"
        output = run("pytest", [str(tool / "pytest"), "-q"], home, environment, _TEST_SECONDS)
        closing = output.rstrip().rpartition("\n")[2]
        for words in CHECK_STEPS:
            run(words[0], [str(tool / words[0]), *words[1:]], home, environment, _CHECK_SECONDS)
        good = True
    except Broken as broken:
        output = broken.output
        closing = f"{broken.step}: {output.rstrip().rpartition(chr(10))[2]}"
    except Refused as refused:
        output = closing = f"split: {refused}"
    return Outcome(member, good, time.monotonic() - started, closing, "" if good else output)


def build(home: Path, wheels: Path) -> Path:
    """Return the wheel of the member in ``home``, made in ``wheels``; refuse one that leaves a file behind."""
    # The build backend comes from .venv, as in bootstrap: no isolated environment, no second download.
    words = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(home))
    run("build", [sys.executable, "-m", "pip", *words], home, clean(os.environ, None), _BUILD_SECONDS)
    (wheel,) = wheels.glob("*.whl")  # named by the project, wherever it lies
    with ZipFile(wheel) as packed:
        inside = set(packed.namelist())
    files = (path.relative_to("src").as_posix() for path in carried(home) if path.parts[0] == "src")
    left = sorted(name for name in files if name not in inside)
    if left:
        raise Broken("build", f"not in the wheel: {', '.join(left)}")
    return wheel


def install(member: str, wheel: Path, core_wheel: Path, place: Path, tools: Path) -> dict[str, str]:
    """Make a venv with the wheels, what they declare for testing and ``tools``; return the environment to test in."""
    # With pip, as in CI: at-core's interop suite builds wheels and makes environments with it.
    venv.create(place, with_pip=True, symlinks=True)
    environment = clean(os.environ, place)
    # at-core is named by its file, so no index is asked for a package of that name.
    beside = () if member == CORE else (str(core_wheel),)
    words = (
        "install",
        "--no-compile",
        "--constraint",
        str(LOCK),
        *beside,
        f"{wheel}[testing]",
        "--requirement",
        str(tools),
    )
    command = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), *words]
    run("install", command, place, environment, _INSTALL_SECONDS)
    return environment


def clean(environment: Mapping[str, str], place: Path | None) -> dict[str, str]:
    """Return the environment without what leads back into the workspace, and with the venv in ``place`` active."""
    kept = {name: value for name, value in environment.items() if not name.startswith(_LEADS)}
    path = [word for word in kept.get("PATH", "").split(os.pathsep) if not Path(word).is_relative_to(ROOT)]
    if place is not None:
        kept["VIRTUAL_ENV"] = str(place)
        path.insert(0, str(place / "bin"))
    return {**kept, "PATH": os.pathsep.join(path)}


def run(step: str, command: list[str], cwd: Path, environment: Mapping[str, str], seconds: float) -> str:
    """Return what a command printed; raise Broken when it fails or is not done in time."""
    # A file and not a pipe: a server that a test left behind would keep a pipe open, and us waiting.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        late = ""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = f"\nnot done after {seconds:g} s"
        finally:
            # Late or interrupted: it goes with what it started. A group whose leader has ended is not ours any more.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.seek(0)
        output = log.read()
    if process.returncode or late:
        raise Broken(step, f"{output.rstrip()}{late}".lstrip() or f"exit code {process.returncode}")
    return output


def show(outcome: Outcome) -> None:
    """One line for a member that stands alone; the whole output before it for one that does not."""
    if not outcome.good:
        print(outcome.output.rstrip())
    word = "ok" if outcome.good else "FAILED"
    print(f"{outcome.member:<12} {word:<7} {outcome.seconds:6.1f} s  {outcome.closing}", flush=True)


def prove_all(members: Sequence[str], *, jobs: int, homes: Mapping[str, Path] | None = None) -> int:
    """Prove the members, ``jobs`` at a time, to the end; return the exit code."""
    started = time.monotonic()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="at-alone-", ignore_cleanup_errors=True) as name:
        base = Path(name)
        try:
            core_wheel = build(split(CORE, base / "core" / CORE), base / "wheels")
        except Broken as broken:
            raise SystemExit(f"{broken.output.rstrip()}\n{CORE}: no wheel") from broken
        shutil.rmtree(base / "core")

        def one(member: str) -> Outcome:
            # A member's venv goes with its folder, before the next one's is made.
            with tempfile.TemporaryDirectory(
                prefix=f"{member}-", dir=base, ignore_cleanup_errors=True
            ) as own:
                return prove(member, core_wheel, Path(own), (homes or {}).get(member))

        with ThreadPoolExecutor(jobs) as pool:
            for waiting in as_completed([pool.submit(one, member) for member in members]):
                outcome = waiting.result()
                show(outcome)
                failed += not outcome.good
    # The form of pytest's closing line, which scripts/test.py reads: one proof per member.
    print(f"{len(members) - failed} passed, {failed} failed in {time.monotonic() - started:.2f}s")
    return 1 if failed else 0


def main() -> int:
    """Prove the members that were asked for, and tell by the exit code."""
    known: list[str] = manifest(ROOT)["workspace"]["members"]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("member", nargs="*", help=f"only these of {', '.join(known)}")
    parser.add_argument("--jobs", type=int, default=1, help="members at a time")
    options = parser.parse_args()
    chosen = options.member or known
    unknown = sorted({*chosen} - {*known})
    if unknown:
        raise SystemExit(f"no such member: {', '.join(unknown)}; there are {', '.join(known)}")
    return prove_all(chosen, jobs=max(1, options.jobs))


if __name__ == "__main__":
    enter()
    sys.exit(main())
