"""The verbs of dead letters: list them, show one with what to do, put its message back."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from at_core.cli.options import add_bus, printable, since, table
from at_core.clock import SystemClock
from at_core.errors import ConfigurationError, Undecodable
from at_core.events.codec import decode
from at_core.events.envelope import format_utc
from at_core.runtime.bus import Bus, Stored
from at_core.runtime.dead_letters import DeadLetter, Filter, dead_letters, hint_of, home_of
from at_core.runtime.nats_admin import Admin, open_admin
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.requeue import Plan, Refused, plan_requeue, requeue
from at_core.runtime.signing import NkeyVerifier
from at_core.topology.keys import load_key, public_key
from at_core.topology.roles import ROLES, Role

__all__ = ["add_verbs"]

_KEYS = "folder of the keys: the provisioner's to read, the producing role's to put a message back"


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``dlq list``, ``dlq show`` and ``dlq requeue``."""
    family = verbs.add_parser("dlq", help="dead letters: list, show, requeue").add_subparsers(
        dest="dlq", required=True
    )
    listing = family.add_parser("list", help="what lies there, and what became of it")
    add_bus(listing, _KEYS)
    _add_filter(listing)
    listing.add_argument("--json", action="store_true", help="one JSON object per dead letter")
    listing.set_defaults(run=_list)

    showing = family.add_parser("show", help="everything about one, and what to do")
    showing.add_argument("sequence", type=int, help="its sequence, as `dlq list` shows it")
    add_bus(showing, _KEYS)
    showing.add_argument("--json", action="store_true")
    showing.set_defaults(run=_show)

    back = family.add_parser("requeue", help="put the exact original back on its subject")
    back.add_argument("sequence", type=int, nargs="?", help="its sequence, as `dlq list` shows it")
    back.add_argument("--all", action="store_true", help="every one the filter takes and nobody put back yet")
    back.add_argument("--yes", action="store_true", help="with --all: really do it; without, only say what")
    back.add_argument("--again", action="store_true", help="also when it was put back before")
    back.add_argument("--reason", default="", help="kept in the marker, for whoever looks later")
    add_bus(back, _KEYS)
    _add_filter(back)
    back.add_argument("--json", action="store_true")
    back.set_defaults(run=_requeue)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    roles = [known.name for known in ROLES]
    parser.add_argument("--role", choices=roles, default=None, help="only those of this reader")
    parser.add_argument("--durable", default=None, help="only those of this durable")
    parser.add_argument("--code", default=None, help="only those with this code")
    parser.add_argument("--since", default=None, help="only those since: 30m, 12h, 2d or a time")


def _filter(chosen: argparse.Namespace) -> Filter:
    return Filter(chosen.role, chosen.durable, chosen.code, since(chosen.since, SystemClock().now()))


def _list(chosen: argparse.Namespace) -> int:
    async def run() -> tuple[list[DeadLetter], int]:
        async with open_admin(tuple(chosen.server), chosen.keys) as admin:
            return await dead_letters(admin)

    wanted = _filter(chosen)
    letters, unreadable = asyncio.run(run())
    letters = [letter for letter in letters if wanted.takes(letter)]
    if chosen.json:
        for letter in letters:
            print(json.dumps(_as_json(letter)))
        return 0
    if letters:
        heads = ("sequence", "when", "code", "type", "durable", "deliveries", "requeued")
        print(table([heads, *(_row(letter) for letter in letters)]))
    print(f"dead letters: {len(letters)}, not requeued: {sum(not letter.requeues for letter in letters)}")
    if unreadable:
        print(f"{unreadable} records are no dead letters of ours")
    return 0


def _row(letter: DeadLetter) -> tuple[str, ...]:
    back = letter.requeues[-1] if letter.requeues else None
    return (
        str(letter.sequence),
        format_utc(letter.stored_at)[:19] + "Z",
        printable(letter.code),
        printable(letter.event_type or letter.subject)[:60],
        printable(letter.durable),
        str(letter.deliveries),
        f"{back.stream}:{back.sequence}" if back else "no",
    )


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    facts = asdict(letter)
    del facts["body"], facts["headers"]
    home, sequence = home_of(letter)
    return {
        **facts,
        "stored_at": format_utc(letter.stored_at),
        "type": letter.event_type,
        "requeues": [{**asdict(back), "at": format_utc(back.at)} for back in letter.requeues],
        "home": {"stream": home, "sequence": sequence},
        "hint": hint_of(letter.code),
    }


def _show(chosen: argparse.Namespace) -> int:
    letter = asyncio.run(_one(chosen))
    body, problem = _decoded(letter)
    facts = {**_as_json(letter), "headers": dict(letter.headers), "body": body, "why_undecodable": problem}
    if chosen.json:
        print(printable(json.dumps(facts)))
        return 0
    for name, value in facts.items():
        if name not in {"body", "hint", "why_undecodable"}:
            print(printable(f"{name:16} {value if isinstance(value, str) else json.dumps(value)}"))
    if problem:
        print(printable(f"{'undecodable':16} {problem}"))
    for line in body.splitlines() if isinstance(body, str) else json.dumps(body, indent=2).splitlines():
        print(f"  {printable(line)}")
    print(f"{'what to do':16} {facts['hint']}")
    return 0


def _decoded(letter: DeadLetter) -> tuple[Any, str]:
    """Return the body as data, or as text with the reason why it is no event of this build."""
    if not letter.complete:
        return "", f"BODY_CUT: the record holds {len(letter.body)} of {letter.body_size} bytes"
    try:
        event = decode(letter.subject, letter.headers, letter.body)
    except Undecodable as error:
        return letter.body.decode("utf-8", "backslashreplace"), str(error)
    return event.model_dump(mode="json", exclude_none=True), ""


async def _one(chosen: argparse.Namespace) -> DeadLetter:
    async with open_admin(tuple(chosen.server), chosen.keys) as admin:
        letters, _ = await dead_letters(admin)
    return _pick(letters, chosen.sequence)


def _pick(letters: list[DeadLetter], sequence: int) -> DeadLetter:
    found = next((letter for letter in letters if letter.sequence == sequence), None)
    if found is None:
        raise ConfigurationError(f"no dead letter {sequence}; `at-core dlq list` shows those there are")
    return found


def _requeue(chosen: argparse.Namespace) -> int:
    if (chosen.sequence is None) is not chosen.all:
        raise ConfigurationError("dlq requeue takes one SEQUENCE, or --all with a filter")
    return asyncio.run(_put_back(chosen))


async def _put_back(chosen: argparse.Namespace) -> int:
    wanted = _filter(chosen)
    refused = 0
    async with open_admin(tuple(chosen.server), chosen.keys) as admin:
        letters, _ = await dead_letters(admin)
        if chosen.all:
            letters = [one for one in letters if wanted.takes(one) and (chosen.again or not one.requeues)]
        else:
            letters = [_pick(letters, chosen.sequence)]
        for letter in letters:
            refused += not await _put_one_back(chosen, admin, letter)
    if chosen.all and not chosen.yes and not chosen.json:
        print(f"{len(letters)} would be put back, {refused} of them refused; --yes does it")
    return 1 if refused or (chosen.all and not chosen.yes) else 0


async def _put_one_back(chosen: argparse.Namespace, admin: Admin, letter: DeadLetter) -> bool:
    said: dict[str, Any] = {"dead_letter": letter.sequence, "code": letter.code, "subject": letter.subject}
    try:
        plan = await plan_requeue(admin, letter, SystemClock().now(), _holder(chosen), again=chosen.again)
    except Refused as error:
        _say(chosen, said | {"outcome": "refused", "why": error.code, "hint": error.detail})
        return False
    said |= {"producer": plan.producer, "warnings": list(plan.warnings)}
    if chosen.all and not chosen.yes:
        _say(chosen, said | {"outcome": "would be put back"})
        return True
    stored = await _do(chosen, plan)
    _say(chosen, said | {"outcome": "put back", "stream": stored.stream, "sequence": stored.sequence})
    return True


def _say(chosen: argparse.Namespace, said: dict[str, Any]) -> None:
    if chosen.json:
        print(printable(json.dumps(said)))
        return
    where = (
        f" as {said['stream']}:{said['sequence']} with the key of {said['producer']}"
        if "stream" in said
        else ""
    )
    print(
        printable(
            f"{said['outcome']}: dead letter {said['dead_letter']} ({said['code']}) {said['subject']}{where}"
        )
    )
    if "why" in said:
        print(f"  {said['why']}: {said['hint']}")
    for warning in said.get("warnings", ()):
        print(printable(f"  warning {warning}"))


async def _do(chosen: argparse.Namespace, plan: Plan) -> Stored:
    async def connect(role_name: str) -> Bus:
        seed = load_key(chosen.keys, role_name).seed_file
        return await NatsBus.connect(tuple(chosen.server), role_name=role_name, seed_file=seed)

    return await requeue(plan, connect, chosen.reason)


def _holder(chosen: argparse.Namespace) -> Callable[[Role, bytes, str], bool]:
    def holds(role: Role, body: bytes, signature: str) -> bool:
        return NkeyVerifier(public_key(chosen.keys, role.name)).verify(body, signature)

    return holds
