"""Freeze the event contracts: schemas and samples once per version; docs/EVENTS.md and docs/asyncapi.json follow.

freeze_events.py           write what is not frozen yet, and the pages
freeze_events.py --check   change nothing; exit 1 when models, frozen files or pages differ
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from _lib.tree import ROOT, member_project
from bootstrap import enter

REGISTRY = ROOT / "at-core" / "src" / "at_core" / "data" / "registry"
RELEASES = REGISTRY.parent / "releases"
DOCS = ROOT / "docs"


def pages() -> dict[Path, str]:
    """Return the text of every generated page, by where it stands."""
    from at_core.cli.docs import deliveries
    from at_core.contracts.asyncapi import asyncapi_document, asyncapi_text
    from at_core.contracts.event_docs import events_page
    from at_core.contracts.origins import origins

    readers = deliveries()
    version = member_project(ROOT, "at-core")["project"]["version"]
    return {
        DOCS / "EVENTS.md": events_page(readers, registry=REGISTRY, releases=origins(RELEASES)),
        DOCS / "asyncapi.json": asyncapi_text(asyncapi_document(readers, version, registry=REGISTRY)),
    }


def stale(*, write: bool) -> Iterator[str]:
    """Yield what is wrong with the pages; ``write`` mends it instead."""
    for page, text in pages().items():
        if write:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
        elif not page.is_file() or page.read_text(encoding="utf-8") != text:
            yield f"PAGE_STALE: {page.relative_to(ROOT)} differs from the contracts; run scripts/freeze_events.py"


def main(arguments: list[str] | None = None) -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description="Freeze or check the event contracts.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on any difference")
    options = parser.parse_args(arguments)
    from at_core.contracts.compat.whole import contract_complaints, whole_check
    from at_core.contracts.freeze import freeze

    if not options.check:
        if complaints := contract_complaints(REGISTRY):
            print(*complaints, sep="\n", file=sys.stderr)  # a frozen file can never be taken back: ask first
            return 1
        for path in freeze(REGISTRY):
            print(f"froze {path.relative_to(ROOT)}")
    # Pages follow from contracts that are sound; before that, there is nothing to say about them.
    problems = [str(problem) for problem in whole_check(REGISTRY)] or list(stale(write=not options.check))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    enter()
    raise SystemExit(main())
