"""The verbs of live versions: who runs with which contracts, and whether a major may be emitted yet."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
from pathlib import Path

from at_core.errors import ConfigurationError
from at_core.events.registry import event_types
from at_core.runtime.live_view import view_bucket
from at_core.runtime.nats_admin import open_admin
from at_core.topology.live import Bucket, Verdict, can_emit
from at_core.topology.readers import expected_readers

__all__ = ["add_verbs"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the verbs; each sets ``run`` to the function that carries it out."""
    live = verbs.add_parser("live", help="who runs, in which version, and what each reads and writes")
    live.set_defaults(run=_live)
    emit = verbs.add_parser("can-emit", help="ends 0 when every live reader reads this major, else 1")
    emit.add_argument("type", help="event type, for example trading.signal.created")
    emit.add_argument("major", type=int, help="the major to be emitted")
    emit.set_defaults(run=_can_emit)
    for verb in (live, emit):
        verb.add_argument(
            "--server", action="append", required=True, help="nats://host:port, may be repeated"
        )
        verb.add_argument("--keys", type=Path, required=True, help="folder that holds the provisioner's seed")
        verb.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def _live(chosen: argparse.Namespace) -> int:
    bucket = asyncio.run(_bucket(chosen))
    if chosen.json:
        print(json.dumps(_described(bucket), indent=2))
        return 0
    for one in bucket.announcements:
        print(f"{one.name}, at-core {one.at_core_version}, since {one.started_at.isoformat()}")
        reads = (f"{name} {_majors(majors)}" for name, majors in sorted(one.reads.items()))
        print(f"  reads   {', '.join(reads) or 'nothing'}")
        writes = (f"{name} v{major}" for name, major in sorted(one.writes.items()))
        print(f"  writes  {', '.join(writes) or 'nothing'}")
    for unread in bucket.unreadable:
        print(f"unreadable: {unread.detail}")
    if not bucket.announcements and not bucket.unreadable:
        print("nobody is announced")
    return 0


def _can_emit(chosen: argparse.Namespace) -> int:
    if chosen.type not in event_types():
        raise ConfigurationError(f"{chosen.type} is no event type of this build; docs/EVENTS.md lists them")
    if chosen.major < 1:
        raise ConfigurationError(f"{chosen.major} is no major; majors begin with 1")
    verdict = can_emit(chosen.type, chosen.major, asyncio.run(_bucket(chosen)), expected_readers(chosen.type))
    if chosen.json:
        print(json.dumps(dataclasses.asdict(verdict) | {"hint": verdict.hint}, indent=2))
    else:
        _tell(verdict)
    return 0 if verdict.answer == "yes" else 1


def _tell(verdict: Verdict) -> None:
    print(f"{verdict.answer}: {verdict.type} v{verdict.major} ({verdict.code}: {verdict.hint})")
    for laggard in verdict.laggards:
        print(f"  behind        {laggard}")
    for unread in verdict.unreadable:
        print(f"  unreadable    {unread.detail}")
    for role in verdict.missing:
        print(f"  not announced {role}")


async def _bucket(chosen: argparse.Namespace) -> Bucket:
    async with open_admin(tuple(chosen.server), chosen.keys) as admin:
        return await view_bucket(admin)


def _described(bucket: Bucket) -> dict[str, object]:
    return {
        "live": [one.model_dump(mode="json") for one in bucket.announcements],
        "unreadable": [dataclasses.asdict(one) for one in bucket.unreadable],
    }


def _majors(majors: tuple[int, ...]) -> str:
    return "+".join(f"v{major}" for major in majors) or "none"
