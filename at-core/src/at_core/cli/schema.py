"""The verbs of contracts: check them all, compare two versions, freeze, and the rules behind it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from at_core.cli.git_registry import touched_since
from at_core.cli.schema_readers import Readers, readers_of
from at_core.contracts.compat.comparison import Comparison, compare
from at_core.contracts.compat.current import current_contracts
from at_core.contracts.compat.history import Complaint
from at_core.contracts.compat.rules import RULES, Verdict
from at_core.contracts.compat.whole import contract_complaints, whole_check
from at_core.contracts.freeze import freeze
from at_core.contracts.frozen import FrozenContract, contract_of, frozen_contracts, frozen_folder
from at_core.contracts.problem import FreezeProblem
from at_core.errors import ConfigurationError

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``schema`` and what it can do; each sets ``run``."""
    schema = verbs.add_parser("schema", help="check, compare and freeze event contracts")
    acts = schema.add_subparsers(dest="act", required=True)

    check = acts.add_parser("check", help="may this build be released? ends 1 when not")
    check.add_argument("--registry", type=Path, default=None, help="another folder of frozen contracts")
    check.add_argument(
        "--against", metavar="REF", help="a commit: what was frozen there must be here unchanged"
    )
    check.add_argument("--json", action="store_true", help="for machines")
    check.set_defaults(run=_check)

    freezing = acts.add_parser(
        "freeze", help="write what is not frozen yet; ends 1 when it may not be frozen"
    )
    freezing.add_argument("--registry", type=Path, default=None, help="another folder of frozen contracts")
    freezing.set_defaults(run=_freeze)

    diff = acts.add_parser(
        "diff", help="what changed between two versions; ends 1 when it asks for a new major"
    )
    diff.add_argument("old", help="type@version, type@current, or a contract.json file")
    diff.add_argument("new", help="the same")
    diff.add_argument("--registry", type=Path, default=None, help="another folder of frozen contracts")
    diff.add_argument("--json", action="store_true", help="for machines")
    diff.set_defaults(run=_diff)

    for verb in (check, diff):
        verb.add_argument(
            "--contracts",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help="folder with consumes.toml, beside the installed members'; may be repeated",
        )

    rules = acts.add_parser("rules", help="every rule: what it means and what to do about it")
    form = rules.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for machines")
    form.add_argument(
        "--page", action="store_true", help="the page COMPATIBILITY.md, with the table of mutations"
    )
    rules.set_defaults(run=_rules)


def _check(chosen: argparse.Namespace) -> int:
    registry = _folder(chosen.registry)
    problems: list[FreezeProblem | Complaint] = whole_check(registry)
    if chosen.against is not None:
        problems += touched_since(chosen.against, registry)
    complaints = [problem for problem in problems if isinstance(problem, Complaint)]
    readers = readers_of(chosen.contracts) if complaints else Readers()
    if chosen.json:
        said = [_problem_json(problem, readers) for problem in problems]
        print(_json({"ok": not problems, **(readers.as_json() if complaints else {}), "problems": said}))
    else:
        for problem in problems:
            print(problem)
            if isinstance(problem, Complaint) and (line := readers.line(problem.event_type, problem.finding)):
                print(f"    {line}")
        if note := readers.note([complaint.finding for complaint in complaints]):
            print(note)
        versions = sum(len(contracts) for contracts in frozen_contracts(registry).values())
        verdict = f"problems: {len(problems)}" if problems else "ok"
        print(f"schema check: {len(current_contracts())} types, {versions} frozen versions: {verdict}")
    return 1 if problems else 0


def _problem_json(problem: FreezeProblem | Complaint, readers: Readers) -> dict[str, Any]:
    if isinstance(problem, Complaint):
        return {**problem.as_json(), **readers.told(problem.event_type, problem.finding)}
    return {
        "type": problem.event_type,
        "version": problem.version,
        "rule": problem.rule,
        "what": problem.detail,
    }


def _freeze(chosen: argparse.Namespace) -> int:
    """A frozen file can never be taken back, so the question comes first."""
    registry = _folder(chosen.registry)
    complaints = contract_complaints(registry)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if complaints:
        return 1
    for path in freeze(registry):
        print(f"froze {path.relative_to(registry)}")
    return 0


def _folder(given: Path | None) -> Path:
    """The registry to work on; ConfigurationError when there is no such folder."""
    folder = given if given is not None else Path(str(frozen_folder()))
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder of frozen contracts")
    return folder


def _diff(chosen: argparse.Namespace) -> int:
    old, new = (_contract(word, chosen.registry) for word in (chosen.old, chosen.new))
    try:
        result = compare(old, new)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    readers = readers_of(chosen.contracts) if result.breaking else Readers()
    if chosen.json:
        said = [{**found.as_json(), **readers.told(result.event_type, found)} for found in result.findings]
        asked = readers.as_json() if result.breaking else {}
        print(_json({**result.as_json(), **asked, "findings": said}))
    else:
        print(_for_people(result, readers))
    return 1 if result.verdict is Verdict.MAJOR else 0


def _for_people(result: Comparison, readers: Readers) -> str:
    lines = [f"{result.event_type} {result.old} -> {result.new}: {result.verdict}"]
    for found in result.findings:
        lines += [f"  {found}", f"      {found.hint}"]
        if line := readers.line(result.event_type, found):
            lines.append(f"      {line}")
    if note := readers.note(result.findings):
        lines.append(f"  {note}")
    if not result.lawful:
        lines.append(
            f"  the step from {result.old} to {result.new} is too small for this, or nothing may permit it"
        )
    return "\n".join(lines)


def _rules(chosen: argparse.Namespace) -> int:
    if chosen.page:
        # Only this page needs the models of the table; no other verb pays for them.
        from at_core.contracts.compat.page import compatibility_page

        print(compatibility_page(), end="")
    elif chosen.json:
        print(_json({rule: asdict(text) for rule, text in RULES.items()}))
    else:
        for rule, text in RULES.items():
            print(f"{rule} ({text.effect})\n  {text.sentence}\n  {text.hint}")
    return 0


def _contract(word: str, registry: Path | None) -> FrozenContract:
    """The contract that ``word`` names; ConfigurationError says what there would be."""
    if word.endswith(".json"):
        try:
            return contract_of(json.loads(Path(word).read_text("utf-8")))
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(f"{word} is no contract: {error}") from error
    event_type, _, version = word.partition("@")
    if event_type not in current_contracts() and event_type not in frozen_contracts(registry):
        raise ConfigurationError(f"{word} is not known: {event_type!r} is no event type; say type@version")
    if version == "current":
        found = current_contracts().get(event_type)
        known = "current"
    else:
        versions = {contract.version: contract for contract in frozen_contracts(registry).get(event_type, ())}
        found = versions.get(version)
        known = ", ".join([*versions, "current"])
    if found is None:
        raise ConfigurationError(f"{word} is not known; versions of {event_type!r}: {known}")
    return found


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False)
