"""Verification of a stored chain: the pure walk of ``chain.verify``, and what a damaged file means."""

from __future__ import annotations

from collections.abc import Iterator

from at_obs.audit.chain import Break, ChainRow, Checkpoint, Verdict, verify
from at_obs.audit.store import AuditReader, AuditUnavailable

__all__ = ["verify_file"]


def verify_file(reader: AuditReader, checkpoint: Checkpoint | None = None) -> Verdict:
    """Check the whole chain behind ``reader``.

    A file that stops being readable *in the middle* is a broken chain (FILE_DAMAGED), not a failure to look: somebody
    or something changed it.
    """
    damage: list[str] = []

    def readable() -> Iterator[ChainRow]:
        try:
            yield from reader.rows()
        except AuditUnavailable as error:
            if "locked" in str(error):
                raise
            damage.append(str(error))

    verdict = verify(readable(), checkpoint)
    if not damage or (verdict.broken is not None and verdict.broken.reason != "TAIL_CUT"):
        return verdict
    broken = Break(verdict.position + 1, verdict.sequence + 1, "FILE_DAMAGED", damage[0])
    return Verdict(
        verdict.position,
        verdict.sequence,
        verdict.head,
        verdict.gaps,
        verdict.late,
        verdict.undecodable,
        broken,
    )
