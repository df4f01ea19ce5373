"""The command line: ``at-agents run`` and ``at-agents strategies``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from at_agents import bootstrap
from at_agents.catalogue import find_strategy, load_catalogue, offered_strategies
from at_agents.settings import AgentsSettings
from at_core.errors import AtError
from at_core.runtime.process import load_instruments
from at_core.runtime.settings import load_settings, read_text

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 2 when it could not start or must not go on."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "run":
            bootstrap.run(_settings(options.config))
        else:
            _list(options.config)
    except AtError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="at-agents", description="The desk: strategies that propose.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the desk until SIGTERM")
    run.add_argument("--config", type=Path, help="TOML file; the environment (AT_AGENTS_*) goes before it")
    listing = commands.add_parser(
        "strategies", help="list what is registered, and with --config what is seated"
    )
    listing.add_argument("--config", type=Path, help="the TOML file the desk runs with")
    return parser


def _settings(config: Path | None) -> AgentsSettings:
    env_file = Path(".env")
    return load_settings(AgentsSettings, config, env_file if env_file.is_file() else None)


def _list(config: Path | None) -> None:
    print("registered")
    for name, place in offered_strategies().items():
        found = find_strategy(name)
        params = ", ".join(f"{key}={value!r}" for key, value in found.params.items())
        print(f"  {name:<20} v{found.version:<6} on {found.on:<24} {place}  {params}".rstrip())
    if config is None:
        return
    settings = _settings(config)
    text = read_text(settings.strategies_file, "the catalogue of strategies")
    seats = load_catalogue(text, str(settings.strategies_file), load_instruments(settings))
    print(f"seated by {settings.strategies_file}")
    for seat in seats:
        symbols = ",".join(sorted(seat.symbols)) if seat.symbols is not None else "*"
        state = "enabled" if seat.enabled else "disabled"
        size = f"{seat.sizing.method} {seat.sizing.value}"
        print(f"  {seat.name:<20} {state:<9} account {seat.account}  symbols {symbols}  {size}")
