"""The command line: ``at-exec-sim gate`` and ``at-exec-sim engine``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from at_core.errors import AtError
from at_core.runtime.process import run_process
from at_core.runtime.settings import load_settings
from at_exec_sim.bootstrap import compose_engine, compose_gate
from at_exec_sim.settings import EngineSettings, GateSettings

__all__ = ["main"]

_MEMBER = "at-exec-sim"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one role until SIGTERM; 0 when it went well, 2 when it could not start or must not go on."""
    options = _parser().parse_args(arguments)
    env_file = Path(".env") if Path(".env").is_file() else None
    try:
        if options.role == "gate":
            gate = load_settings(GateSettings, options.config, env_file)
            run_process("gate", _MEMBER, gate, lambda runtime: compose_gate(gate, runtime))
        else:
            engine = load_settings(EngineSettings, options.config, env_file)
            run_process("engine", _MEMBER, engine, lambda runtime: compose_engine(engine, runtime))
    except AtError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_MEMBER, description="The risk gate and the execution engine.")
    roles = parser.add_subparsers(dest="role", required=True)
    for role, prefix, what in (
        ("gate", "AT_GATE_", "rule on proposals until SIGTERM"),
        ("engine", "AT_ENGINE_", "execute approved decisions at the broker until SIGTERM"),
    ):
        command = roles.add_parser(role, help=what)
        command.add_argument(
            "--config", type=Path, help=f"TOML file; the environment ({prefix}*) goes before it"
        )
    return parser
