"""Facts: what the streams, the venue and the audit file hold, read beside the running platform."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.keys import PROVISIONER, seed_path
from processes.street import Street

__all__ = ["Stored", "Venue", "last_sequence", "obs", "stream", "venue"]

T = TypeVar("T")

_CALL_SECONDS = 10.0
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored message."""

    subject: str
    sequence: int
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body read as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Venue:
    """The paper venue's book: orders by client order id (status, filled), executions, holdings."""

    orders: dict[str, tuple[str, Decimal]]
    fills: list[str]
    holdings: dict[str, Decimal]


def stream(street: Street, name: str) -> list[Stored]:
    """Return everything a stream holds, in its order."""

    async def read(link: NatsLink) -> list[Stored]:
        last = (await _state(link, name))["last_seq"]
        found: list[Stored] = []
        for first in range(1, last + 1, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, last + 1))
            found += filter(None, await asyncio.gather(*(_message(link, name, number) for number in numbers)))
        return found

    return _with_link(street, read)


def last_sequence(street: Street, name: str) -> int:
    """Return the sequence of a stream's newest message."""

    async def read(link: NatsLink) -> int:
        return int((await _state(link, name))["last_seq"])

    return _with_link(street, read)


def venue(street: Street) -> Venue:
    """Return the venue's book from its file, opened for reading only."""
    file = street.home.folder / "state" / "venue.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5) as book:
        orders = book.execute("SELECT client_order_id, status, filled_quantity FROM orders").fetchall()
        fills = book.execute("SELECT client_order_id FROM fills").fetchall()
        holdings = book.execute("SELECT symbol, quantity FROM holdings").fetchall()
    book.close()
    return Venue(
        {order: (status, Decimal(filled)) for order, status, filled in orders},
        [order for (order,) in fills],
        {symbol: Decimal(quantity) for symbol, quantity in holdings},
    )


def obs(street_or_file: Street | Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of at-obs on the audit file of a street."""
    file = street_or_file if isinstance(street_or_file, Path) else street_or_file.home.audit_file
    command = [str(Path(sys.executable).parent / "at-obs"), *words, "--db", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _with_link(street: Street, work: Callable[[NatsLink], Awaitable[T]]) -> T:
    async def run() -> T:
        link = NatsLink(
            NatsAddress(
                servers=(street.home.bus_url,),
                name="test",
                seed_file=seed_path(street.keys, PROVISIONER),
                inbox_prefix=PROVISIONER_INBOX,
            )
        )
        await link.open()
        try:
            return await work(link)
        finally:
            await link.close()

    return asyncio.run(run())


async def _state(link: NatsLink, name: str) -> dict[str, Any]:
    answer = json.loads((await link.call(f"$JS.API.STREAM.INFO.{name}", b"", _CALL_SECONDS)).data)
    state: dict[str, Any] = answer["state"]
    return state


async def _message(link: NatsLink, name: str, sequence: int) -> Stored | None:
    request = json.dumps({"seq": sequence}).encode()
    answer = json.loads((await link.call(f"$JS.API.STREAM.MSG.GET.{name}", request, _CALL_SECONDS)).data)
    message = answer.get("message")
    if message is None:
        return None
    head = base64.b64decode(message.get("hdrs", "")).decode().split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in head if ": " in line)
    body = base64.b64decode(message.get("data", ""))
    return Stored(message["subject"], message["seq"], headers, body)
