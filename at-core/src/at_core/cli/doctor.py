"""The verb ``bus doctor``: one page that says what is wrong with a running bus and what to do about it."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from importlib.metadata import version

from at_core.cli.options import add_bus, printable
from at_core.runtime.doctor import examine
from at_core.topology.doctor import Limits

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``bus doctor``."""
    family = verbs.add_parser("bus", help="look at a running bus").add_subparsers(dest="bus", required=True)
    doctor = family.add_parser("doctor", help="findings, worst first; ends 0 when there is nothing to do")
    add_bus(doctor, "folder that holds the provisioner's seed and the gate's key")
    known = Limits()
    doctor.add_argument("--monitor", default=None, help="http://127.0.0.1:<port>, to read sync_interval")
    doctor.add_argument("--replicas", type=int, default=1, help="copies of each stream (3 in a cluster)")
    doctor.add_argument(
        "--bytes-percent", type=int, default=known.bytes_percent, help="when a stream is full"
    )
    doctor.add_argument("--pending-max", type=int, default=known.pending_max, help="of one queue")
    doctor.add_argument("--redelivered-max", type=int, default=known.redelivered_max, help="of one queue")
    doctor.add_argument(
        "--signatures-max", type=int, default=known.signatures_max, help="newest decisions to verify"
    )
    doctor.add_argument("--json", action="store_true", help="one JSON object per finding")
    doctor.set_defaults(run=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    findings = asyncio.run(
        examine(
            tuple(chosen.server),
            chosen.keys,
            version=version("at-core"),
            replicas=chosen.replicas,
            monitor=chosen.monitor,
            limits=Limits(
                chosen.bytes_percent, chosen.pending_max, chosen.redelivered_max, chosen.signatures_max
            ),
        )
    )
    for finding in findings:
        if chosen.json:
            print(printable(json.dumps(asdict(finding))))
        else:
            print(printable(f"{finding.severity:7} {finding.code:22} {finding.what}"))
            print(printable(f"{'':30} -> {finding.hint}"))
    if not findings and not chosen.json:
        print("nothing to report")
    return 1 if any(finding.severity != "note" for finding in findings) else 0
