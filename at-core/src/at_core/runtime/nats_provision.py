"""Provisioning a running server: connect with the provisioner's key, run the provisioner, disconnect."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from at_core.runtime.nats_admin import open_admin
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.provisioner import Change, provision

__all__ = ["provision_server"]


async def provision_server(
    servers: tuple[str, ...],
    keys_folder: Path,
    *,
    apply: bool,
    version: str,
    replicas: int = 1,
    durables: Iterable[Durable] = DURABLES,
    allow_deletion: bool = False,
) -> list[Change]:
    """Compare the server with the tables and, with ``apply``, repair it; see ``topology.provisioner.provision``."""
    async with open_admin(servers, keys_folder) as admin:
        return await provision(
            admin.call,
            apply=apply,
            version=version,
            replicas=replicas,
            durables=durables,
            allow_deletion=allow_deletion,
        )
