"""The command line: ``at-obs run``, ``at-obs verify`` and ``at-obs trace``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from at_core.errors import AtError, ConfigurationError
from at_core.runtime.process import run_process
from at_core.runtime.settings import load_settings, read_text
from at_obs.audit.chain import Checkpoint, Verdict
from at_obs.audit.sqlite_store import SqliteAuditReader
from at_obs.audit.verification import verify_file
from at_obs.bootstrap import compose
from at_obs.settings import ObsSettings
from at_obs.traces.lookup import find_trace
from at_obs.traces.render import render_text

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    ``verify``: 0 the chain holds, 1 it is broken, 2 it could not be checked. ``trace``: 0 found, 1 no such flow, 2 the
    file could not be read. ``run``: 0 after a clean stop, 2 when it could not start or must not go on.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "run":
            return _run(options.config)
        if options.command == "verify":
            return _verify(options.db, options.checkpoint, options.json)
        return _trace(options.db, options.id, options.json)
    except AtError as error:
        _fail(error, getattr(options, "json", False))
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="at-obs", description="The memory: audit chain and traces.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="record the journal until SIGTERM")
    run.add_argument("--config", type=Path, help="TOML file; the environment (AT_OBS_*) goes before it")
    verify = commands.add_parser("verify", help="check the audit chain, also while the service runs")
    verify.add_argument("--db", type=Path, required=True, help="the audit file")
    verify.add_argument(
        "--checkpoint",
        type=Path,
        help="output of an earlier verify --json, kept elsewhere; without it a cut tail cannot be noticed",
    )
    verify.add_argument("--json", action="store_true", help="one JSON object instead of text")
    trace = commands.add_parser("trace", help="tell the life of one alert")
    trace.add_argument("id", help="correlation id, or the id of any event of the flow")
    trace.add_argument("--db", type=Path, required=True, help="the audit file")
    trace.add_argument("--json", action="store_true", help="one JSON object instead of text")
    return parser


def _run(config: Path | None) -> int:
    env_file = Path(".env")
    settings = load_settings(ObsSettings, config, env_file if env_file.is_file() else None)
    run_process("obs", "at-obs", settings, compose(settings))
    return 0


def _verify(db: Path, checkpoint_file: Path | None, as_json: bool) -> int:
    checkpoint = _checkpoint(checkpoint_file) if checkpoint_file else None
    reader = SqliteAuditReader(db)
    try:
        verdict = verify_file(reader, checkpoint)
        parked = len(reader.parked()) if verdict.ok else 0
    finally:
        reader.close()
    if as_json:
        print(json.dumps(_verdict_document(verdict, parked, checkpoint)))
    else:
        print(_verdict_text(verdict, parked, checkpoint))
    return 0 if verdict.ok else 1


def _checkpoint(path: Path) -> Checkpoint:
    try:
        document = json.loads(read_text(path, "the checkpoint"))
        return Checkpoint(int(document["rows"]), str(document["head"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is no checkpoint: give the output of at-obs verify --json"
        ) from error


def _verdict_document(verdict: Verdict, parked: int, checkpoint: Checkpoint | None) -> dict[str, Any]:
    return {
        "ok": verdict.ok,
        "rows": verdict.position,
        "head": verdict.head,
        "journal_sequence": verdict.sequence,
        "gaps": [asdict(gap) for gap in verdict.gaps],
        "late": verdict.late,
        "undecodable": verdict.undecodable,
        "parked": parked,
        "checkpoint_used": checkpoint is not None,
        "broken": asdict(verdict.broken) if verdict.broken else None,
    }


def _verdict_text(verdict: Verdict, parked: int, checkpoint: Checkpoint | None) -> str:
    lines = [f"rows {verdict.position}  journal sequence {verdict.sequence}  head {verdict.head}"]
    lines += [f"gap: journal positions {gap.first} to {gap.last} never came" for gap in verdict.gaps]
    if verdict.late or verdict.undecodable or parked:
        lines.append(f"late {verdict.late}  undecodable {verdict.undecodable}  parked behind a hole {parked}")
    if verdict.broken is not None:
        broken = verdict.broken
        lines.append(f"BROKEN at journal sequence {broken.sequence} (row {broken.position}): {broken.reason}")
        lines.append(f"  {broken.detail}")
    else:
        held = (
            "every row holds, and the checkpoint"
            if checkpoint
            else "every row holds; a cut tail needs --checkpoint"
        )
        lines.append(f"OK: {held}")
    return "\n".join(lines)


def _trace(db: Path, wanted: str, as_json: bool) -> int:
    try:
        identity = str(UUID(wanted))
    except ValueError as error:
        raise ConfigurationError(f"{wanted!r} is no id; give the correlation id as a UUID") from error
    reader = SqliteAuditReader(db)
    try:
        trace = find_trace(reader, identity)
    finally:
        reader.close()
    if trace is None:
        print(
            json.dumps({"error": "NOT_FOUND", "id": identity}) if as_json else f"no flow {identity} in {db}"
        )
        return 1
    print(json.dumps(trace.as_dict()) if as_json else render_text(trace))
    return 0


def _fail(error: AtError, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": None, "error": type(error).__name__, "detail": str(error)}))
    print(error, file=sys.stderr)
