"""The verbs of the bus: keys, server configuration, provisioning; and those that look at a running one."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from importlib.metadata import version
from pathlib import Path

from at_core.cli import dlq, doctor, messages
from at_core.runtime.nats_provision import provision_server
from at_core.topology.accounts import ServerOptions, render
from at_core.topology.keys import create_keys, public_keys
from at_core.topology.server import check_configuration

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the verbs; each sets ``run`` to the function that carries it out."""
    for family in (doctor, messages, dlq):
        family.add_verbs(verbs)
    keys = verbs.add_parser("keys", help="make the missing nkeys and print the public ones")
    keys.add_argument(
        "--folder", type=Path, required=True, help="where the seeds lie, one file per role, mode 0600"
    )
    keys.set_defaults(run=_keys)

    config = verbs.add_parser("nats-config", help="render the two-account nats-server configuration")
    config.add_argument("--keys", type=Path, required=True, help="folder of the keys (seeds or .pub files)")
    config.add_argument(
        "--store", type=Path, required=True, help="folder in which the server keeps its streams"
    )
    config.add_argument("--name", default="at", help="the server's name")
    config.add_argument("--host", default="127.0.0.1")
    config.add_argument("--port", type=int, default=4222)
    config.add_argument("--monitor-port", type=int, default=None, help="monitoring pages, loopback only")
    config.add_argument(
        "--out", type=Path, default=None, help="file to write (checked with nats-server -t); default: print"
    )
    config.set_defaults(run=_nats_config)

    provision = verbs.add_parser("provision", help="make streams and consumers equal to the tables")
    mode = provision.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="only compare; ends 1 when something differs")
    mode.add_argument("--apply", action="store_true", help="create what is missing, repair what differs")
    provision.add_argument(
        "--server", action="append", required=True, help="nats://host:port, may be repeated"
    )
    provision.add_argument(
        "--keys", type=Path, required=True, help="folder that holds the provisioner's seed"
    )
    provision.add_argument("--replicas", type=int, default=1, help="copies of each stream (3 in a cluster)")
    provision.add_argument(
        "--allow-deletion",
        action="store_true",
        help="narrow a bound also where the server then deletes stored messages",
    )
    provision.add_argument("--json", action="store_true", help="one JSON object per thing looked at")
    provision.set_defaults(run=_provision)


def _keys(chosen: argparse.Namespace) -> int:
    for name, key in create_keys(chosen.folder).items():
        print(f"{name:10} {key.public_key}")
    return 0


def _nats_config(chosen: argparse.Namespace) -> int:
    options = ServerOptions(chosen.store, chosen.name, chosen.host, chosen.port, chosen.monitor_port)
    text = render(options, public_keys(chosen.keys))
    if chosen.out is None:
        print(text, end="")
        return 0
    chosen.out.write_text(text)
    complaint = check_configuration(chosen.out)
    if complaint:
        print(complaint, file=sys.stderr)
    return 1 if complaint else 0


def _provision(chosen: argparse.Namespace) -> int:
    changes = asyncio.run(
        provision_server(
            tuple(chosen.server),
            chosen.keys,
            apply=chosen.apply,
            version=version("at-core"),
            replicas=chosen.replicas,
            allow_deletion=chosen.allow_deletion,
        )
    )
    for change in changes:
        print(json.dumps(change.as_json()) if chosen.json else change)
    refused = any(change.outcome == "refused" for change in changes)
    differs = any(change.outcome in ("created", "updated") for change in changes)
    return 1 if refused or (chosen.check and differs) else 0
