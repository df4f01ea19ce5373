"""Law 6 by lint: clock, randomness and environment are read in their rooms and nowhere else."""

from __future__ import annotations

import subprocess

import pytest

from _lib.tree import ROOT
from bootstrap import VENV

ROOM = "at-core/src/at_core/risk/planted.py"
READS = {
    "wall clock": ("from datetime import UTC, datetime", "datetime.now(UTC)", "TID251"),
    "naive datetime": ("from datetime import datetime", "datetime(2026, 1, 2)", "DTZ001"),
    "naive parse": ("from datetime import datetime", 'datetime.strptime("2026", "%Y")', "DTZ007"),
    "today": ("from datetime import date", "date.today()", "TID251"),
    "unix time": ("import time", "time.time()", "TID251"),
    "unix nanoseconds": ("from time import time_ns", "time_ns()", "TID251"),
    "drawn id": ("from uuid import uuid4", "uuid4()", "TID251"),
    "global randomness": ("import random", "random.randint(1, 6)", "TID251"),
    "environment": ("import os", 'os.environ["HOME"]', "TID251"),
    "environment by function": ("from os import getenv", 'getenv("HOME")', "TID251"),
    "blind except": ("import json", "json", "BLE001"),
    "print": ("import json", "print(json)", "T201"),
}


def ruff(place: str, imports: str, value: str) -> str:
    """Lint one planted module as if it stood at ``place``."""
    body = f"try:\n    X = {value}\nexcept Exception:\n    X = 0\n" if value == "json" else f"X = {value}\n"
    text = f'"""A planted room."""\n\n{imports}\n\n{body}'
    command = [
        VENV / "bin" / "ruff",
        "check",
        "--no-cache",
        "--output-format",
        "concise",
        "--stdin-filename",
        place,
        "-",
    ]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(("imports", "value", "code"), READS.values(), ids=READS.keys())
def test_a_forbidden_read_is_named(imports: str, value: str, code: str) -> None:
    assert code in ruff(ROOM, imports, value)


@pytest.mark.parametrize(
    ("place", "imports", "value"),
    [
        ("at-core/src/at_core/clock.py", "from datetime import UTC, datetime", "datetime.now(UTC)"),
        ("at-core/src/at_core/ids.py", "from uuid import uuid4", "uuid4()"),
        ("at-core/src/at_core/runtime/settings.py", "import os", 'os.environ["HOME"]'),
        (ROOM, "import random", "random.Random(7).random()"),
    ],
)
def test_the_rooms_made_for_it_may_read(place: str, imports: str, value: str) -> None:
    assert "TID251" not in ruff(place, imports, value)
