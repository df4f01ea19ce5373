"""A frozen event contract cannot change unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FREEZE = (
    "python",
    "-c",
    "import sys; sys.path.insert(0, 'scripts'); import freeze_events; sys.exit(freeze_events.main(sys.argv[1:]))",
)
FILL = "at-core/src/at_core/events/fill.py"
CHANGES = {
    "an optional field is added": (
        "    price: Price\n",
        "    price: Price\n    venue_note: Token | None = None\n",
        "trading.execution.fill",
    ),
    "a closed vocabulary is opened": ("    side: Side\n", "    side: Token\n", "trading.execution.fill"),
    "a field is renamed": ("    fee_currency: Token\n", "    fee_coin: Token\n", "fee_coin"),
}


@pytest.mark.parametrize(("old", "new", "named"), CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_model_is_named(copy: Path, run: Callable, old: str, new: str, named: str) -> None:
    frozen = run(FREEZE)
    assert frozen.returncode == 0, frozen.stderr
    text = (copy / FILL).read_text()
    assert old in text
    (copy / FILL).write_text(text.replace(old, new, 1))
    changed = run((*FREEZE, "--check"))
    assert changed.returncode == 1
    assert named in changed.stderr


def test_an_unchanged_model_stays_silent(run: Callable) -> None:
    run(FREEZE)
    assert run((*FREEZE, "--check")).stderr == ""
