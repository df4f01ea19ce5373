"""The audit store port: five reads and one write. SQLite stands behind it now, a server database can later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from at_core.errors import OurFault, WorldFailed
from at_core.runtime.bus import Incoming
from at_obs.audit.chain import GENESIS, ChainRow

__all__ = ["AuditConflict", "AuditReader", "AuditStore", "AuditUnavailable", "Head", "Parked"]


class AuditUnavailable(WorldFailed):
    """The store could not be read or written now (disk full, locked); the messages must come again."""


class AuditConflict(OurFault):
    """The journal says something else than the audit at one position; going on would mix two histories.

    Either this audit file belongs to another journal, or a row was altered.
    """


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. ``sequence`` is the last journal position that a row or a declared gap covers."""

    position: int = 0
    sequence: int = 0
    row_hash: str = GENESIS
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Parked:
    """A message kept outside the chain until the hole before it is filled or given up."""

    sequence: int
    body_digest: str


class AuditReader(Protocol):
    """Reads. Every iterator sees one consistent state, also while another process appends."""

    def head(self) -> Head:
        """Return the end of the chain."""
        ...

    def rows(self) -> Iterator[ChainRow]:
        """Return every row in chain order."""
        ...

    def rows_of(self, correlation_id: str) -> Sequence[ChainRow]:
        """Return the rows of one flow in chain order."""
        ...

    def tail(self, limit: int) -> Sequence[ChainRow]:
        """Return the newest ``limit`` rows in chain order."""
        ...

    def parked(self) -> Sequence[Parked]:
        """Return what waits behind a hole, in journal order."""
        ...

    def parked_messages(self, first: int, last: int) -> Sequence[Incoming]:
        """Return the parked messages from journal position ``first`` to ``last``."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


class AuditStore(AuditReader, Protocol):
    """Reads and appends. There is no verb to change or remove a row."""

    def body_digest_at(self, sequence: int) -> str | None:
        """Return the body digest of the row at a journal position; None when no message was recorded there."""
        ...

    def body_digest_of(self, event_id: str) -> str | None:
        """Return the body digest of a recorded event; None when it is not recorded."""
        ...

    def append(self, rows: Sequence[ChainRow], park: Sequence[Incoming], unpark: Sequence[int]) -> None:
        """Append ``rows``, keep ``park`` aside and release ``unpark``: all of it durable on return, or none of it.

        Raises AuditUnavailable when it could not be written now, AuditConflict when the rows do not continue the chain.
        """
        ...
