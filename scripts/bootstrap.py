"""Makes .venv from nothing but Python 3.11+: installs the lock and the members; the second run does nothing.

    python3 scripts/bootstrap.py

Other scripts call ``enter()`` first: it prepares .venv and continues the same command line inside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

from _lib.tree import ROOT, manifest

__all__ = ["LOCK", "ROOT", "VENV", "enter", "prepare"]

VENV = ROOT / ".venv"
LOCK = ROOT / "scripts" / "requirements.lock"
_PYTHON = VENV / "bin" / "python"
_STAMP = VENV / "bootstrap.stamp"


def enter() -> None:
    """Continue this command line inside a prepared .venv; return at once when already there."""
    prepare(quiet=True)
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(_PYTHON, [str(_PYTHON), *sys.argv])  # noqa: S606 - our own interpreter, no shell wanted


def prepare(*, quiet: bool = False) -> None:
    """Bring .venv in line with the lock and the members, if it is not already."""
    members = manifest(ROOT)["workspace"]["members"]
    wanted = _digest(members)
    if _stamped(wanted):
        if not quiet:
            print(".venv is up to date")
        return
    VENV.mkdir(exist_ok=True)
    # Two commands started together must not install into the same folder at once.
    with (VENV / "bootstrap.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not _stamped(wanted):
            _install(members)
            _STAMP.write_text(wanted, encoding="ascii")


def _digest(members: list[str]) -> str:
    """Digest what decides the content of .venv; the place too, because in-place installs point at it."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (LOCK, *(ROOT / member / "pyproject.toml" for member in members)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamped(wanted: str) -> bool:
    return _PYTHON.exists() and _STAMP.exists() and _STAMP.read_text(encoding="ascii") == wanted


def _install(members: list[str]) -> None:
    started = time.monotonic()
    if not _works():
        _say("creating .venv")
        venv.create(VENV, with_pip=True, symlinks=True)
    _say(f"installing {LOCK.relative_to(ROOT)}")
    # The lock is complete, so pip need not resolve anything.
    _pip("--requirement", str(LOCK))
    _say("installing " + ", ".join(members) + " in place")
    # The build backend comes from the lock: no isolated build environment, no second download.
    editable = [word for member in members for word in ("--editable", str(ROOT / member))]
    _pip("--no-build-isolation", *editable)
    _say(f"ready after {time.monotonic() - started:.1f} s")


def _works() -> bool:
    """Tell whether .venv has a Python that starts and has pip (an interrupted creation leaves one without)."""
    if not _PYTHON.exists():
        return False
    return subprocess.run([_PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0


def _pip(*words: str) -> None:
    # Bytecode is made when a module is first imported, so a first run compiles only what it uses.
    # pip rather than a faster installer: it is always there, and it honours the machine's own configuration.
    command = [
        str(_PYTHON),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-qq",
        "--no-compile",
        "--no-deps",
        *words,
    ]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit("bootstrap: pip failed; its message is above, and running again is safe")


def _say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    prepare()
