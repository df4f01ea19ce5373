"""Where wheels of several at-core releases meet: a virtual environment each, players in processes of their own."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PLAYER = HERE / "player.py"
SECONDS_MAX = 60.0
"""How long any single thing may take before the suite calls it lost."""


def released_wheels() -> dict[str, Path]:
    """The wheels of earlier releases, kept as they were built: version to file, oldest first."""
    found = {path.name.split("-")[1]: path for path in (HERE / "wheels").glob("at_core-*.whl")}
    return dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this very tree."""
    words = ("wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(PROJECT))
    _pip(*words)
    (wheel,) = folder.glob("at_core-*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> Path:
    """Make a virtual environment with ``wheel`` in it and return its Python.

    Only at-core differs between the environments: everything it depends on is shared, through a path file that
    comes after the environment's own packages. So the at-core beside us is never the one that is found.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    _pip("--python", str(python), "install", "-q", "--no-deps", "--no-index", "--no-compile", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Player:
    """A running ``player.py``; its answers arrive in order."""

    process: subprocess.Popen[str]
    log: Path
    answers: queue.Queue[dict[str, Any]] = field(default_factory=lambda: queue.Queue(100_000))
    said: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was taken from ``answers``."""

    def tell(self, word: str = "go") -> None:
        """Write one line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def until(self, done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Take answers until one of them is the one waited for; return all of them."""
        taken = []
        while True:
            try:
                answer = self.answers.get(timeout=SECONDS_MAX)
            except queue.Empty:
                raise AssertionError(f"no answer; said so far: {self.said[-3:]}; see {self.log}") from None
            self.said.append(answer)
            assert "ended" not in answer, (
                f"it ended before its time; see {self.log}: {self.log.read_text()[-800:]}"
            )
            taken.append(answer)
            if done(answer):
                return taken

    def listen(self) -> None:
        """Move its lines into ``answers`` (in a thread of its own)."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"ended": self.process.wait()})


@contextmanager
def playing(python: Path, *words: str, log: Path) -> Iterator[Player]:
    """Run a player until the block ends; its logs go to ``log``."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(python), "-I", str(PLAYER), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=log.parent,
        )
    player = Player(process, log)
    listener = threading.Thread(target=player.listen, daemon=True)
    listener.start()
    try:
        player.until(lambda answer: "ready" in answer)
        yield player
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(10)
        assert process.stdout is not None
        process.stdout.close()
