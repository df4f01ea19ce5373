"""The intruder: a raw connection with a stolen key, on a platform where one key was given a right it must not have."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import nkeys
from nats.aio.client import Client

from _lib.home import Home
from at_core.runtime.publisher import SIGNATURE_HEADER
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.keys import PROVISIONER, seed_path
from at_core.topology.roles import ROLES
from processes.street import Street

__all__ = ["CarelessHome", "publish", "refused", "signed_by"]

T = TypeVar("T")

_RIGHTS = 'publish: { allow: ["$JS.API.STREAM.>"'


class CarelessHome(Home):
    """A home whose bus lets the provisioner write rulings: the worst CORE writer without the gate's key."""

    def prepare(self) -> dict[str, Any]:
        """Render as ever, then spoil the one line."""
        credentials = super().prepare()
        text = self.nats_config.read_text()
        if text.count(_RIGHTS) != 1:
            raise AssertionError("the provisioner's rights are written in another form: adapt this test")
        wider = _RIGHTS.replace("[", '["trading.risk.>", ')
        self.nats_config.write_text(text.replace(_RIGHTS, wider))
        return credentials


def publish(street: Street, subject: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """Store a message with the provisioner's key and the intruder's headers; return the stream's confirmation."""

    async def work(client: Client) -> dict[str, Any]:
        answer = await client.request(subject, body, timeout=10, headers=headers)
        found: dict[str, Any] = json.loads(answer.data)
        return found

    answer, _ = asyncio.run(_with_client(street, PROVISIONER, work))
    assert "error" not in answer, answer
    return answer


def refused(street: Street, key: str, subject: str, body: bytes, headers: dict[str, str]) -> bool:
    """Whether the bus refuses to let ``key`` publish on ``subject``."""

    async def work(client: Client) -> None:
        await client.publish(subject, body, headers=headers)
        for _ in range(2):  # the client's first ping can overtake what it has not written yet
            await client.flush(5)

    _, violations = asyncio.run(_with_client(street, key, work))
    return subject.lower() in violations


def signed_by(street: Street, key: str, body: bytes) -> dict[str, str]:
    """Return the signature header that ``key`` makes for ``body``."""
    pair = nkeys.from_seed(bytearray(seed_path(street.keys, key).read_bytes().strip()))
    return {SIGNATURE_HEADER: base64.b64encode(pair.sign(body)).decode()}


async def _with_client(
    street: Street, key: str, work: Callable[[Client], Awaitable[T]]
) -> tuple[T, list[str]]:
    violations: list[str] = []

    async def on_error(error: Exception) -> None:
        match = re.search(r'permissions violation for publish to "([^"]+)"', str(error), re.IGNORECASE)
        if match:
            violations.append(match[1].lower())

    prefixes = {role.name: role.inbox_prefix for role in ROLES}
    client = Client()
    await client.connect(
        street.home.bus_url,
        nkeys_seed=str(seed_path(street.keys, key)),
        inbox_prefix=prefixes.get(key, PROVISIONER_INBOX),
        error_cb=on_error,
    )
    try:
        return await work(client), violations
    finally:
        await client.close()
