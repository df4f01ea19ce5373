"""The bridge for a laggard: newer messages of a type copied in an older major, in the producer's name."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
from pathlib import Path

from at_core.errors import ConfigurationError
from at_core.events.bridging import Lane
from at_core.runtime.bridge import Bridge, BridgeTally
from at_core.runtime.nats_admin import open_admin
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.signing import NkeyHand
from at_core.topology.keys import load_key
from at_core.topology.roles import role

__all__ = ["add_verbs"]

_POLL_SECONDS = (0.05, 60.0)


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the verb; it sets ``run`` to the function that carries it out."""
    bridge = verbs.add_parser(
        "bridge", help="copy a type's newer messages in an older major, for a reader left behind"
    )
    bridge.add_argument("type", help="event type, for example intake.alert.quarantined")
    bridge.add_argument("--from", dest="newer", type=int, required=True, help="the major that is copied")
    bridge.add_argument("--to", dest="older", type=int, required=True, help="the major of the copies")
    bridge.add_argument("--server", action="append", required=True, help="nats://host:port, may be repeated")
    bridge.add_argument(
        "--keys",
        type=Path,
        required=True,
        help="folder that holds the provisioner's and the producer's seeds",
    )
    bridge.add_argument("--once", action="store_true", help="end when nothing is left to copy; else follow")
    bridge.add_argument("--poll-seconds", type=float, default=0.5, help="how often to look for news")
    bridge.add_argument("--json", action="store_true", help="one JSON object instead of a line")
    bridge.set_defaults(run=_bridge)


def _bridge(chosen: argparse.Namespace) -> int:
    low, high = _POLL_SECONDS
    if not low <= chosen.poll_seconds <= high:
        raise ConfigurationError(f"--poll-seconds {chosen.poll_seconds}: must lie between {low} and {high}")
    lane = Lane(chosen.type, chosen.newer, chosen.older)
    tally = asyncio.run(_run(chosen, lane))
    if chosen.json:
        print(json.dumps({"lane": lane.name, **dataclasses.asdict(tally)}))
    else:
        print(
            f"{lane.name}: {tally.copied} copied, {tally.already_there} already there, "
            f"{tally.refused} set aside as dead letters"
        )
    return 1 if tally.refused else 0


async def _run(chosen: argparse.Namespace, lane: Lane) -> BridgeTally:
    servers = tuple(chosen.server)
    key = load_key(chosen.keys, lane.producer)
    hand = NkeyHand(key.seed_file.read_text().strip()) if role(lane.producer).signs else None
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_admin(servers, chosen.keys) as admin:
        bus = await NatsBus.connect(servers, role_name=lane.producer, seed_file=key.seed_file)
        try:
            bridge = Bridge(lane, admin, bus, hand=hand)
            return await bridge.run(stop, once=chosen.once, poll_seconds=chosen.poll_seconds)
        finally:
            await bus.close()
