"""The page COMPATIBILITY.md: rules and mutations, generated from the tables that the tests run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from at_core.contracts.compat.catalogue import Mutation
from at_core.contracts.compat.catalogue_table import CATALOGUE, MUTATIONS
from at_core.contracts.compat.rules import RULES, Effect, Rule

__all__ = ["compatibility_page"]

_HEAD = """# Compatibility of event contracts

Generated from the rules and from the table of mutations that the tests run; do not edit by hand. Write it again with
`at-core schema rules --page > at-core/docs/COMPATIBILITY.md`.

Every version of an event type has two schemas: what its *reader* accepts and what its *writer* sends. Inside a major
two questions are asked of the models against **every** frozen minor, not only the last:

* **backward**: is every document the old writer could send accepted by the new reader?
* **forward**: is every document the new writer can send accepted by the old reader?

When both answers are yes, teams may upgrade in any order. Writers are closed (they send what their schema names),
readers are open (they ignore what they do not know). A keyword the checker does not understand is an error, never
skipped. Where the answer cannot be known it is no.

Schemas do not show code: a validator that refuses more than the schema says is judged by the frozen samples alone, each
of which must still be read. A rule that matters to others belongs into the schema, as a bound, a pattern or a format.

| verdict | meaning | what the version number must do |
|---|---|---|
| same | no difference | nothing |
| patch | the text differs, no document does | a new minor: a frozen file never changes |
| minor | old and new read each other | a new minor |
| major | somebody refuses or misreads a document | a new major beside the old one, with an upcaster |

`at-core schema check` asks everything at once, `at-core schema diff A B` compares two versions, for example
`at-core schema diff trading.execution.fill@1.0 trading.execution.fill@current`. Both take `--json`; both end with 1
when something breaks. Each finding that breaks somebody comes with the readers of the type, from the installed consumer
contracts (and `--contracts DIR`): an event is decoded as a whole, so every reader is concerned; where one names the
field, its code has to change too. Without contracts the verbs say that they do not know.
"""

_EFFECTS = {
    Effect.MINOR: "minor",
    Effect.MAJOR: "major",
    Effect.NEVER: "never, not even in a new major",
    Effect.POLICY: "policy: not to be frozen like this",
}


def compatibility_page() -> str:
    """Return the whole page as Markdown."""
    lines = [
        _HEAD,
        "## Rules",
        "",
        *_rules(),
        f"## {len(MUTATIONS)} changes and what is said about them",
        "",
        _TABLE_HEAD,
    ]
    for chapter, rows in CATALOGUE.items():
        lines += ["", f"### {chapter}", "", *_rows(rows)]
    return "\n".join(lines).rstrip() + "\n"


_TABLE_HEAD = """Where a row breaks somebody, the tests hold a document that one side really sends and the other really
refuses. Where no document can show it, the last column says why it breaks all the same."""


def _rules() -> Iterator[str]:
    yield "| rule | asks for | meaning | what to do |"
    yield "|---|---|---|---|"
    for rule in Rule:
        text = RULES[rule]
        yield f"| `{rule}` | {_EFFECTS[text.effect]} | {_cell(text.sentence)} | {_cell(text.hint)} |"
    yield ""


def _rows(rows: Sequence[Mutation]) -> Iterator[str]:
    yield "| id | change | verdict | findings | proof |"
    yield "|---|---|---|---|---|"
    for row in rows:
        found = ", ".join(f"`{rule}` {who} at `{path}`" for rule, who, path in sorted(row.expected)) or "none"
        proof = _cell(row.unseen) or ("a refused document" if row.witness else "")
        yield f"| {row.id} | {_cell(row.change)} | {row.verdict} | {_cell(found)} | {proof} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
