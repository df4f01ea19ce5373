"""Runs everything the project can test, one pytest process per package, so each proves that it stands alone.

    python3 scripts/test.py [--full] [--jobs N] [MEMBER ...]

`--full` runs the longer suites as well, and `alone`: each member with nothing but the at-core wheel beside it
(scripts/alone.py). The last line sums all runs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from _lib.tree import manifest
from bootstrap import ROOT, enter

ALONE = "alone"
_LAWS = "tests/test_street_laws.py"
_IN_SCRIPTS = {"laws": (_LAWS,), "scripts": (f"--ignore={_LAWS}",)}
"""Suites that live in scripts/tests, with pytest's arguments: the seeds of the laws run beside everything else."""
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
_CLOSING = re.compile(r" in \d+\.\d+s\b")
_COLUMN = {"passed": "passed", "failed": "failed", "error": "failed", "errors": "failed", "xpassed": "failed"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one pytest process did."""

    suite: str
    code: int
    seconds: float
    output: str

    @property
    def counts(self) -> Counter[str]:
        """Passed, failed and skipped, read from pytest's closing line; an expected failure counts as skipped."""
        counts: Counter[str] = Counter()
        closing = self.output.rstrip().rpartition("\n")[2]
        for number, word in _COUNT.findall(closing) if _CLOSING.search(closing) else ():
            counts[_COLUMN.get(word, "skipped")] += int(number)
        # A process that died, or found nothing to run, closes without counts: that is a failure, not an absence.
        if self.code and not counts["failed"]:
            counts["failed"] += 1
        return counts


def suites(wanted: list[str], *, full: bool = False) -> list[str]:
    """Return what to run: the folders with tests, members and scripts; ``alone`` when full, or when asked for."""
    members = manifest(ROOT)["workspace"]["members"]
    # The longest first, so that two at a time end together.
    folders = [*_IN_SCRIPTS, *members]
    known = [*folders, ALONE]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no such suite: {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = wanted or (known if full else folders)
    return [name for name in chosen if name not in members or any((ROOT / name / "tests").rglob("test_*.py"))]


def run(suite: str, environment: Mapping[str, str]) -> Run:
    """Run one suite in a process of its own, in its own folder."""
    started = time.monotonic()
    own = _IN_SCRIPTS.get(suite, ())
    command = [sys.executable, "-m", "pytest", "-q", "--durations=3", "--durations-min=1", *own]
    if suite == ALONE:
        command = [sys.executable, str(ROOT / "scripts" / "alone.py")]
    done = subprocess.run(
        command,
        cwd=ROOT if suite == ALONE else ROOT / ("scripts" if suite in _IN_SCRIPTS else suite),
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(suite, done.returncode, time.monotonic() - started, done.stdout)


def show(done: Run) -> None:
    """One line for a good suite, and one per member that stands alone; the whole output for a bad one."""
    counts = done.counts
    if done.code or done.suite == ALONE:
        print(done.output.rstrip())
    words = ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped"))
    print(
        f"{done.suite:<12} {'ok' if not done.code else 'FAILED':<7} {done.seconds:6.1f} s  {words}",
        flush=True,
    )


def main() -> int:
    """Run the suites, sum them up, and tell by the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("member", nargs="*", help="run only these suites")
    parser.add_argument("--full", action="store_true", help="longer suites too")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="suites at a time")
    chosen = parser.parse_args()
    environment = {**os.environ, **({"AT_TEST_FULL": "1"} if chosen.full else {})}
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for waiting in as_completed(
            [pool.submit(run, suite, environment) for suite in suites(chosen.member, full=chosen.full)]
        ):
            done = waiting.result()
            show(done)
            total += done.counts
    in_ci = environment.get("CI", "").lower() in {"1", "true"}
    if in_ci and total["skipped"]:
        print("a skipped test is a failure in CI: run it or delete it")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] or (in_ci and total["skipped"]) else 0


if __name__ == "__main__":
    enter()
    sys.exit(main())
