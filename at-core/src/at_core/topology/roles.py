"""Roles: one key, one inbox prefix and one account each; agents live apart from everyone else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ROLES", "Account", "Role", "role"]

Account = Literal["CORE", "AGENTS"]


@dataclass(frozen=True, slots=True)
class Role:
    """A publisher identity. ``signs`` says that its key signs risk decisions."""

    name: str
    account: Account
    publishes: tuple[str, ...]
    """Subject heads this role may publish under (type prefixes of ARCHITECTURE section 2)."""
    signs: bool = False

    @property
    def inbox_prefix(self) -> str:
        """The private reply space of this role."""
        return f"_INBOX_{self.name}"


ROLES: tuple[Role, ...] = (
    Role("gateway", "CORE", ("trading.signal", "market", "operator", "media", "intake", "heartbeat.gateway")),
    Role(
        "agents",
        "AGENTS",
        (
            "features",
            "signal",
            "portfolio.target",
            "trading.proposal",
            "agents",
            "assistant",
            "heartbeat.agents",
        ),
    ),
    Role("gate", "CORE", ("trading.risk", "heartbeat.gate"), signs=True),
    Role(
        "engine",
        "CORE",
        (
            "trading.execution",
            "portfolio.position",
            "portfolio.account",
            "trading.reconciliation",
            "trading.state",
            "system",
            "heartbeat.engine",
        ),
    ),
    Role("obs", "CORE", ("obs", "heartbeat.obs")),
)
"""The five roles of the platform. The provisioner is not among them: it exists only while it provisions."""


def role(name: str) -> Role:
    """Return the role called ``name``; raise KeyError when there is none."""
    for known in ROLES:
        if known.name == name:
            return known
    raise KeyError(name)
