"""Provisioning a running server: connect with the provisioner's key, run the provisioner, disconnect."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.keys import PROVISIONER, load_key
from at_core.topology.provisioner import Change, provision

__all__ = ["provision_server"]

_CALL_TIMEOUT_SECONDS = 10.0


async def provision_server(
    servers: tuple[str, ...],
    keys_folder: Path,
    *,
    apply: bool,
    version: str,
    replicas: int = 1,
    durables: Iterable[Durable] = DURABLES,
) -> list[Change]:
    """Compare the server with the tables and, with ``apply``, repair it; see ``topology.provisioner.provision``."""
    link = NatsLink(
        NatsAddress(
            servers=servers,
            name=PROVISIONER,
            seed_file=load_key(keys_folder, PROVISIONER).seed_file,
            inbox_prefix=PROVISIONER_INBOX,
        )
    )

    async def call(subject: str, body: bytes) -> bytes:
        answer: bytes = (await link.call(subject, body, _CALL_TIMEOUT_SECONDS)).data
        return answer

    await link.open()
    try:
        return await provision(call, apply=apply, version=version, replicas=replicas, durables=durables)
    finally:
        await link.close()
