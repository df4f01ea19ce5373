"""The verb ``tail``: what lies in the streams, one line per message, read without any consumer."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from at_core.cli.options import add_bus, printable
from at_core.errors import ConfigurationError
from at_core.runtime.describe import describe
from at_core.runtime.nats_admin import Admin, StoredMessage, open_admin
from at_core.runtime.reading import Cursor, last_messages, streams_of

__all__ = ["add_verbs"]

_LAST = 20
_STEP_MAX = 1000
"""Messages of one stream that are read before the others have their turn."""
_POLL_SECONDS = 0.5


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``tail``."""
    tail = verbs.add_parser("tail", help="print stored events, one line each")
    tail.add_argument("pattern", nargs="?", default=">", help="subjects, as NATS matches them (default: all)")
    tail.add_argument(
        "--stream", default=None, help="only this stream (default: those that keep the pattern)"
    )
    where = tail.add_mutually_exclusive_group()
    where.add_argument(
        "--from", type=int, dest="first", default=None, help="from this sequence on; with --stream"
    )
    where.add_argument("--last", type=int, default=_LAST, help=f"the newest of each stream ({_LAST})")
    tail.add_argument("--follow", action="store_true", help="go on until interrupted")
    tail.add_argument("--body", action="store_true", help="also the body; it may be somebody's business")
    tail.add_argument("--json", action="store_true", help="one JSON object per message")
    add_bus(tail, "folder that holds the provisioner's seed")
    tail.set_defaults(run=_tail)


def _tail(chosen: argparse.Namespace) -> int:
    if chosen.first is not None and chosen.stream is None:
        raise ConfigurationError("--from counts in one stream: name it with --stream")
    try:
        asyncio.run(_read(chosen))
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass  # how a person ends it
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has seen enough
    return 0


async def _read(chosen: argparse.Namespace) -> None:
    async with open_admin(tuple(chosen.server), chosen.keys) as admin:
        streams = streams_of(chosen.pattern, chosen.stream)
        if chosen.first is not None:
            cursor = Cursor(admin, chosen.pattern, dict.fromkeys(streams, max(chosen.first, 1)))
            end = int(((await admin.ask(f"STREAM.INFO.{streams[0]}")).get("state") or {}).get("last_seq", 0))
            await _rest(cursor, chosen, end)
        else:
            cursor = await _newest(admin, chosen, streams)
        if chosen.follow:
            _end_on_signal()
        while chosen.follow:
            await _step(cursor, chosen)
            await asyncio.sleep(_POLL_SECONDS)


def _end_on_signal() -> None:
    """End on SIGINT and SIGTERM, also where a shell in the background made its children ignore the first."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _newest(admin: Admin, chosen: argparse.Namespace, streams: tuple[str, ...]) -> Cursor:
    """Print the last messages of all streams in the order of their storage; returns where to go on."""
    found: list[StoredMessage] = []
    next_sequences: dict[str, int] = {}
    for stream in streams:
        state = (await admin.ask(f"STREAM.INFO.{stream}")).get("state") or {}
        last = await last_messages(admin, stream, chosen.pattern, max(chosen.last, 0))
        next_sequences[stream] = max(int(state.get("last_seq", 0)), *(kept.sequence for kept in last), 0) + 1
        found += last
    for kept in sorted(found, key=lambda one: one.stored_at):
        _print(kept, chosen)
    sys.stdout.flush()
    return Cursor(admin, chosen.pattern, next_sequences)


async def _rest(cursor: Cursor, chosen: argparse.Namespace, end: int) -> None:
    """Print from the chosen sequence to what was the end at the start."""
    last = chosen.first - 1
    while last < end and (read := await _step(cursor, chosen)) > 0:
        last = read


async def _step(cursor: Cursor, chosen: argparse.Namespace) -> int:
    """Print what came since; returns the last sequence, 0 when nothing came."""
    last = 0
    async for kept in cursor.step(_STEP_MAX):
        _print(kept, chosen)
        last = kept.sequence
    sys.stdout.flush()
    return last


def _print(kept: StoredMessage, chosen: argparse.Namespace) -> None:
    described = describe(kept)
    if chosen.json:
        body = {"body": kept.body.decode("utf-8", "backslashreplace")} if chosen.body else {}
        print(printable(json.dumps(described.as_json() | body)))
        return
    print(printable(str(described)))
    if chosen.body:
        print("    " + printable(kept.body.decode("utf-8", "backslashreplace")))
