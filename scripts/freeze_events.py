"""Freeze the event contracts: schemas and samples once per version, and the generated page docs/EVENTS.md.

freeze_events.py           write what is not frozen yet, and the page
freeze_events.py --check   change nothing; exit 1 when models, frozen files or page differ
"""

from __future__ import annotations

import argparse
import sys

from _lib.tree import ROOT
from bootstrap import enter

REGISTRY = ROOT / "at-core" / "src" / "at_core" / "data" / "registry"
PAGE = ROOT / "docs" / "EVENTS.md"


def readers() -> dict[str, list[str]]:
    """Map each event type to the durables that deliver it, directly or through the journal."""
    from at_core.events.registry import event_types, stream_of
    from at_core.topology.consumers import DURABLES
    from at_core.topology.streams import stream

    table: dict[str, list[str]] = {}
    for event_type in event_types():
        home = stream_of(event_type)
        for durable in DURABLES:
            inside = home == durable.stream or home in stream(durable.stream).sources
            if inside and event_type in (durable.types or (event_type,)):
                table.setdefault(event_type, []).append(durable.name)
    return table


def main(arguments: list[str] | None = None) -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description="Freeze or check the event contracts.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on any difference")
    options = parser.parse_args(arguments)
    from at_core.contracts.event_docs import events_page
    from at_core.contracts.freeze import check, freeze

    if not options.check:
        for path in freeze(REGISTRY):
            print(f"froze {path.relative_to(ROOT)}")
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(events_page(readers()), encoding="utf-8")
    problems = [str(problem) for problem in check(REGISTRY)]
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != events_page(readers()):
        problems.append("PAGE_STALE: docs/EVENTS.md differs from the models; run scripts/freeze_events.py")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    enter()
    raise SystemExit(main())
