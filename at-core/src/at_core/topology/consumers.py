"""Durables: every consumer a service binds to, made by the provisioner and by nobody else.

Two kinds. A *queue* is acknowledged one by one, redelivered with backoff and bounded in attempts. A *fold* is read
without acknowledgement and rewound to its beginning at every start (``CONSUMER.RESET`` on exactly that consumer): its
reader keeps state, notices a skipped message by the consumer sequence, and rewinds (DECISIONS: catch-up).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from at_core.topology.roles import ROLES
from at_core.topology.streams import CONTRACTS_STREAM

__all__ = ["DURABLES", "Durable", "durable", "durables_of"]


@dataclass(frozen=True, slots=True)
class Durable:
    """A provisioned consumer. ``types`` empty means the whole stream."""

    name: str
    stream: str
    role: str
    kind: Literal["queue", "fold"]
    types: tuple[str, ...] = ()
    ack_wait_seconds: int = 5
    deliveries_max: int = 8
    pending_max: int = 512
    linger_seconds: float = 0.0
    """How long its reader lets more arrive behind a first message: readers that nobody waits for cost less this way."""
    by_shell: bool = False
    """Read by the shell every process shares, not by the role's own body: no wiring names it."""


_FILLS = ("trading.execution.updated", "trading.execution.fill")
_ANSWERS = ("trading.proposal.created", "agents.run.completed")
_PORTFOLIO = ("portfolio.position.changed", "portfolio.account.changed")

_OWN = 1.0
"""Linger of folds of a role's own outputs: those were folded when they were made (``Body.emitted``), so only what an
earlier instance left on the wire can be news. Each delivery also costs the server a synced write of the consumer."""
_SOON = 0.02
"""Linger of folds whose reader stays on the safe side while it has not heard yet."""

DURABLES: tuple[Durable, ...] = (
    Durable("gateway-journal", "JOURNAL", "gateway", "fold", linger_seconds=_SOON),
    Durable("gateway-quarantine", "QUARANTINE", "gateway", "fold"),
    Durable("agents-signals", "SIGNALS", "agents", "queue", ("trading.signal.created",)),
    Durable("agents-market", "MARKET", "agents", "fold", ("market.raw",)),
    Durable("agents-runs", "PROPOSALS", "agents", "fold", _ANSWERS, linger_seconds=_OWN),
    Durable("agents-portfolio", "EXEC", "agents", "fold", _PORTFOLIO, linger_seconds=_SOON),
    Durable("gate-proposals", "PROPOSALS", "gate", "queue", ("trading.proposal.created",)),
    Durable("gate-rulings", "RISK", "gate", "fold", linger_seconds=_OWN),
    Durable("gate-execution", "EXEC", "gate", "fold", (*_FILLS, *_PORTFOLIO), linger_seconds=_SOON),
    Durable("gate-market", "MARKET", "gate", "fold", ("market.raw",)),
    Durable(
        "gate-system",
        "SYSTEM",
        "gate",
        "fold",
        ("system.killswitch.activated", "system.killswitch.released", "system.tradingmode.changed"),
    ),
    Durable("engine-approvals", "RISK", "engine", "queue", ("trading.risk.approved",), ack_wait_seconds=10),
    Durable("engine-commands", "OPERATOR", "engine", "queue", ("operator.command.issued",)),
    Durable("engine-execution", "EXEC", "engine", "fold", linger_seconds=_OWN),
    Durable("engine-market", "MARKET", "engine", "fold", ("market.raw",)),
    Durable("engine-system", "SYSTEM", "engine", "fold"),
    Durable(
        "obs-journal",
        "JOURNAL",
        "obs",
        "queue",
        ack_wait_seconds=10,
        deliveries_max=3000,
        pending_max=4096,
        linger_seconds=0.2,
    ),
    Durable("obs-health", "HEALTH", "obs", "fold"),
    Durable("obs-dead-letters", "DLQ", "obs", "fold"),
    Durable("obs-advisories", "ADVISORY", "obs", "fold"),
    # Read once, at the start of a producer that may emit a newer major: who is there, and what does it read?
    *(
        Durable(f"{role.name}-contracts", CONTRACTS_STREAM, role.name, "fold", by_shell=True)
        for role in ROLES
    ),
)


def durable(name: str) -> Durable:
    """Return the durable called ``name``; raise KeyError when there is none."""
    for known in DURABLES:
        if known.name == name:
            return known
    raise KeyError(name)


def durables_of(role: str) -> tuple[Durable, ...]:
    """Return the durables a role binds to."""
    return tuple(known for known in DURABLES if known.role == role)
