"""Command line: ``at-gateway serve``, and small helps for configuring it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from at_core.errors import AtError
from at_core.runtime.settings import load_settings
from at_gateway.settings import GatewaySettings

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (2: the configuration is wrong or the start failed)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except AtError as error:
        print(f"at-gateway: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="at-gateway", description="The front door of the platform.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, text in (
        ("serve", _serve, "take alerts and serve the operator API until SIGTERM"),
        ("check", _check, "read the settings and say what is wrong with them"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--config", type=Path, help="TOML file; the environment (AT_GATEWAY_...) overrides it"
        )
        command.add_argument("--env-file", type=Path, help="file of AT_GATEWAY_... lines, between the two")
        command.set_defaults(run=run)
    command = commands.add_parser(
        "hash-token", help="read a token from standard input, print what to configure"
    )
    command.set_defaults(run=_hash_token)
    command = commands.add_parser(
        "refusals", help="print every refusal code with its status and advice as JSON"
    )
    command.set_defaults(run=_refusals)
    return parser


def _settings(options: argparse.Namespace) -> GatewaySettings:
    return load_settings(GatewaySettings, options.config, options.env_file)


def _serve(options: argparse.Namespace) -> int:
    from at_core.runtime.process import run_process
    from at_gateway.bootstrap import compose

    settings = _settings(options)
    run_process("gateway", "at-gateway", settings, compose(settings))
    return 0


def _check(options: argparse.Namespace) -> int:
    settings = _settings(options)
    print(f"ok: {len(settings.sources)} sources, {len(settings.operators)} operators")
    return 0


def _hash_token(_: argparse.Namespace) -> int:
    from at_gateway.webhook.tokens import token_digest

    token = sys.stdin.read().strip()
    if not token:
        print("at-gateway: no token on standard input", file=sys.stderr)
        return 2
    print(token_digest(token))
    return 0


def _refusals(_: argparse.Namespace) -> int:
    from at_gateway.webhook.refusals import CATALOGUE

    table = {
        code.value: {"status": entry.status, "advice": entry.advice} for code, entry in CATALOGUE.items()
    }
    print(json.dumps(table, indent=2))
    return 0
