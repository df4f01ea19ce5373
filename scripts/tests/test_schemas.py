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


def test_a_type_without_a_sample_is_told_and_not_a_crash(copy: Path, run: Callable) -> None:
    for path in (copy / "at-core/src/at_core/data/registry/market.raw/1.0/samples").iterdir():
        path.unlink()
    checked = run((*FREEZE, "--check"))
    assert checked.returncode == 1
    assert "market.raw 1.0" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_a_page_that_somebody_edited_is_told_and_mended(copy: Path, run: Callable) -> None:
    page = copy / "docs" / "asyncapi.json"
    page.write_text(page.read_text().replace("AT events", "My events"))
    checked = run((*FREEZE, "--check"))
    assert checked.returncode == 1
    assert checked.stderr.startswith("PAGE_STALE: docs/asyncapi.json")
    assert run(FREEZE).returncode == 0
    assert run((*FREEZE, "--check")).returncode == 0
