"""The page docs/WEBHOOKS.md, made of the table of alert bodies and the catalogue: run this file to write it."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from alert_table import FAMILIES, ROWS, Family, Row

from at_gateway.webhook.refusals import CATALOGUE, RefusalCode

__all__ = ["PAGE", "rendered"]

PAGE = Path(__file__).parents[2] / "docs" / "WEBHOOKS.md"
_HEAD = """\
# What an alert may say

Made from `tests/webhook/alert_bodies/` and the catalogue of refusals by `tests/webhook/webhooks_page.py`; a test
compares. Every body below goes the live path in the tests. All were written by us after known shapes, with dummy
secrets; none was sent by the service it is named after, and services change their forms. The content type is
shown, never relied on.

An alert is one signal. A price is a reference, never a limit unless the message says so. What a signal cannot carry is
refused when it would open or enlarge a position, and does not matter for an exit.
"""


def rendered() -> str:
    """Return the page."""
    senders = len({row.sender for row in ROWS})
    counted = f"{len(ROWS)} bodies in {senders} forms, of named services and of general kinds."
    parts = [_HEAD, f"{counted}\n\n## Dialects\n"]
    parts += [_family(family) for family in FAMILIES]
    parts.append("## Refusals\n")
    parts += [_refusal(code) for code in RefusalCode]
    return "\n".join(parts)


def _family(family: Family) -> str:
    lines = [f"### {family.title}", "", family.about.strip(), ""]
    for row in family.rows:
        lines += [
            f"**{row.sender}** (`{row.id}`, {row.content_type}): {_meaning(row)}",
            "",
            "```",
            row.body.replace("\r", "").strip(),
            "```",
            "",
        ]
    return "\n".join(lines)


def _meaning(row: Row) -> str:
    if "reason" in row.expect:
        return f"refused, `{row.expect['reason']}`"
    return ", ".join(f"{name} `{_word(value)}`" for name, value in row.expect.items())


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(code: RefusalCode) -> str:
    entry = CATALOGUE[code]
    rows = [f"`{row.id}`" for row in ROWS if row.expect.get("reason") == code.value]
    seen = f" For example {', '.join(rows[:3])}." if rows else ""
    return f"### {code.value}\n\nHTTP {entry.status}: {entry.advice}.{seen}\n"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
