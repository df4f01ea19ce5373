"""The operator's connection: reads streams message by message with the provisioner's key, without any consumer.

For command lines only. Services bind to their durables and hold no such key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from at_core.errors import BusUnavailable
from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.keys import PROVISIONER, load_key
from at_core.topology.repair import moment

__all__ = ["Admin", "StoredMessage", "open_admin"]

_CALL_TIMEOUT_SECONDS = 10.0
_NO_MESSAGE = 10037
_NO_STREAM = 10059


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as it lies in a stream."""

    stream: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    body: bytes
    stored_at: datetime


class Admin:
    """Reads what is stored. Every call raises BusUnavailable when the server does not answer."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link

    async def call(self, subject: str, body: bytes = b"") -> bytes:
        """Return the raw answer to a JetStream request."""
        answer: bytes = (await self._link.call(subject, body, _CALL_TIMEOUT_SECONDS)).data
        return answer

    async def ask(self, path: str, request: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer to ``$JS.API.<path>`` as an object; an error stands in it under ``error``."""
        answer = json.loads(
            await self.call(f"$JS.API.{path}", json.dumps(request).encode() if request else b"")
        )
        if not isinstance(answer, dict):
            raise BusUnavailable(f"$JS.API.{path}: the answer is no object")
        return answer

    async def message(self, stream: str, sequence: int) -> StoredMessage | None:
        """Return the message at ``sequence``, or None when there is none (any more)."""
        return await self._get(stream, {"seq": sequence})

    async def next_message(self, stream: str, subject: str, sequence: int = 1) -> StoredMessage | None:
        """Return the first message at or after ``sequence`` whose subject lies under ``subject``, or None."""
        return await self._get(stream, {"seq": sequence, "next_by_subj": subject})

    async def last_message(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message whose subject lies under ``subject``, or None."""
        return await self._get(stream, {"last_by_subj": subject})

    async def messages(
        self, stream: str, subject: str = ">", sequence: int = 1
    ) -> AsyncIterator[StoredMessage]:
        """Yield what is stored from ``sequence`` on, in order, up to the end at the moment it is reached."""
        while (found := await self.next_message(stream, subject, sequence)) is not None:
            yield found
            sequence = found.sequence + 1

    async def subjects(self, stream: str, subject: str = ">") -> dict[str, int]:
        """Return the subjects that hold messages, with how many; empty for a stream that does not exist."""
        counts: dict[str, int] = {}
        while True:
            request = {"subjects_filter": subject, "offset": len(counts)}
            answer = await self.ask(f"STREAM.INFO.{stream}", request)
            page: dict[str, int] = (answer.get("state") or {}).get("subjects") or {}
            counts |= page
            if not page or len(counts) >= int(answer.get("total") or 0):
                return counts

    async def _get(self, stream: str, request: Mapping[str, Any]) -> StoredMessage | None:
        answer = await self.ask(f"STREAM.MSG.GET.{stream}", request)
        problem = answer.get("error")
        if problem is not None:
            if problem.get("err_code") in (_NO_MESSAGE, _NO_STREAM):
                return None
            raise BusUnavailable(f"{stream}: {problem.get('description')} ({problem.get('err_code')})")
        found = answer["message"]
        return StoredMessage(
            stream=stream,
            sequence=int(found["seq"]),
            subject=found["subject"],
            headers=_headers(base64.b64decode(found.get("hdrs") or "")),
            body=base64.b64decode(found.get("data") or ""),
            stored_at=moment(found["time"]),
        )


@asynccontextmanager
async def open_admin(servers: tuple[str, ...], keys_folder: Path) -> AsyncIterator[Admin]:
    """Connect with the provisioner's seed in ``keys_folder``; closes at the end of the block."""
    link = NatsLink(
        NatsAddress(
            servers=servers,
            name=PROVISIONER,
            seed_file=load_key(keys_folder, PROVISIONER).seed_file,
            inbox_prefix=PROVISIONER_INBOX,
        )
    )
    await link.open()
    try:
        yield Admin(link)
    finally:
        await link.close()


def _headers(block: bytes) -> dict[str, str]:
    """Read a NATS header block; the first line is the protocol's version."""
    pairs = (line.partition(":") for line in block.decode("utf-8", "replace").split("\r\n")[1:] if line)
    return {name.strip(): value.strip() for name, _, value in pairs}
