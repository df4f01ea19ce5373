"""Faults of the simulated broker: a script (what happens to the n-th call) or a seed (what happens by chance).

Both are deterministic, so a failing run is reproduced by its script or seed alone. Nothing here is random.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from at_exec_sim.brokers.models import BrokerCode

__all__ = ["NO_FAULTS", "Fault", "FaultKind", "FaultScript", "Faults", "NoFaults", "SeededFaults"]


class FaultKind(StrEnum):
    """What can go wrong with one call."""

    REFUSE = "refuse"
    """The broker says no with ``code``; nothing happens at the venue."""
    LOSE_REQUEST = "lose_request"
    """The request never arrives and nobody answers: OUTCOME_UNKNOWN, no order."""
    LOSE_ANSWER = "lose_answer"
    """The venue acts, the answer is lost: OUTCOME_UNKNOWN, the order exists."""
    NETWORK = "network"
    """Certainly not reached."""
    RATE_LIMIT = "rate_limit"
    DELAY = "delay"
    """The answer comes after ``seconds`` (longer than the caller's timeout: the caller gives up)."""
    DUPLICATE_FILLS = "duplicate_fills"
    """A page or list of fills carries every execution twice."""
    HIDE_FILLS = "hide_fills"
    """A page or list of fills is empty although there are some; they come with a later call."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call."""

    kind: FaultKind
    code: BrokerCode = BrokerCode.REJECTED
    seconds: float = 0.0


class Faults(Protocol):
    """Decides the fate of each call, by verb name."""

    def next(self, verb: str) -> Fault | None:
        """Return what goes wrong with this call of ``verb``, or None."""
        ...


class NoFaults:
    """Everything works."""

    def next(self, verb: str) -> Fault | None:
        """Return None."""
        return None


NO_FAULTS = NoFaults()


class FaultScript:
    """Per verb a list of fates, used up call by call; afterwards everything works."""

    def __init__(self, script: Mapping[str, Iterable[Fault | None]]) -> None:
        self._script = {verb: deque(fates) for verb, fates in script.items()}

    def next(self, verb: str) -> Fault | None:
        """Return the next scripted fate of ``verb``."""
        fates = self._script.get(verb)
        return fates.popleft() if fates else None


class SeededFaults:
    """Fates by chance: ``share`` of the calls fail, with kinds that fit the verb, as ``seed`` determines."""

    _PLACE = (
        Fault(FaultKind.LOSE_ANSWER),
        Fault(FaultKind.LOSE_REQUEST),
        Fault(FaultKind.RATE_LIMIT),
        Fault(FaultKind.NETWORK),
        Fault(FaultKind.REFUSE, BrokerCode.REJECTED),
    )
    _CANCEL = (Fault(FaultKind.LOSE_ANSWER), Fault(FaultKind.LOSE_REQUEST), Fault(FaultKind.NETWORK))
    _FILLS = (Fault(FaultKind.DUPLICATE_FILLS), Fault(FaultKind.HIDE_FILLS), Fault(FaultKind.NETWORK))
    _READ = (Fault(FaultKind.NETWORK), Fault(FaultKind.RATE_LIMIT))

    def __init__(self, seed: int, share: float) -> None:
        if not 0 <= share < 1:
            raise ValueError("share must lie in [0, 1): a broker that always fails proves nothing")
        self._seed = seed
        self._share = share
        self._count = 0

    def next(self, verb: str) -> Fault | None:
        """Return the fate that seed and call number give."""
        self._count += 1
        digest = sha256(f"{self._seed}:{self._count}:{verb}".encode()).digest()
        if int.from_bytes(digest[:4], "big") >= self._share * 2**32:
            return None
        kinds: tuple[Fault, ...] = self._READ
        if verb == "place_order":
            kinds = self._PLACE
        elif verb == "cancel_order":
            kinds = self._CANCEL
        elif verb in ("get_fills", "get_trades"):
            kinds = self._FILLS
        return kinds[digest[4] % len(kinds)]
