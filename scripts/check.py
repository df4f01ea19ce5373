"""Runs every check, the quickest first, then the tests; one line each.

python3 scripts/check.py [--no-tests]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from bootstrap import ROOT, VENV, enter

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("tidy", ("python", "scripts/tidy.py")),
    ("workspace", ("python", "scripts/check_workspace.py")),
    ("imports", ("lint-imports", "--config", "workspace.toml", "--no-logo")),
    ("flow", ("python", "scripts/check_flow.py", "--check")),
    ("schemas", ("python", "scripts/freeze_events.py", "--check")),
    ("readers", ("at-core", "contracts", "verify")),
    ("release", ("at-core", "release-check", "--project", "at-core")),
    ("types", ("mypy", "--config-file", "workspace.toml")),
)
TESTS = ("tests", ("python", "scripts/test.py"))


def run(name: str, words: tuple[str, ...]) -> bool:
    """Run one step quietly; show what it printed only when it fails."""
    started = time.monotonic()
    # Every tool is the one of .venv, never one that happens to be on the machine's path.
    command = [str(VENV / "bin" / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    good = done.returncode == 0
    print(f"{name:<10} {'ok' if good else 'FAILED':<7} {time.monotonic() - started:6.1f} s", flush=True)
    if not good:
        print((done.stdout + done.stderr).rstrip(), flush=True)
    return good


def main() -> int:
    """Run the steps to the end, so that one run shows everything there is to mend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-tests", action="store_true", help="only the static checks")
    steps = STEPS if parser.parse_args().no_tests else (*STEPS, TESTS)
    started = time.monotonic()
    broken = [name for name, words in steps if not run(name, words)]
    verdict = f"FAILED: {', '.join(broken)}" if broken else "all ok"
    print(f"\n{len(steps)} checks in {time.monotonic() - started:.1f} s, {verdict}")
    return 1 if broken else 0


if __name__ == "__main__":
    enter()
    sys.exit(main())
