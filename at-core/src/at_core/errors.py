"""The error tree: three kinds of failure, split by what happens next.

AtError
├── WorldFailed            the outside did not answer: try again later (redeliver)
│   ├── BusUnavailable     the bus did not confirm; a publish may or may not be stored
│   └── FoldGap            an observed stream skipped a message: rebuild the fold
├── ContractBroken         the message can never be handled: keep it aside (dead-letter)
│   ├── Undecodable        bytes that are no event of ours
│   ├── Unsayable          an answer that the major it must be published in cannot say
│   └── Unauthentic        a decision whose signature does not verify
└── OurFault               configuration or code is wrong: stop, loudly
    ├── ConfigurationError names the file, the key and the fix
    ├── PermissionDenied   the bus refused a subject to this role
    └── SequenceConflict   an expected last sequence did not hold (the caller decides what that means)

A refusal (a risk check that fails, a broker that says no) is a *value* with a code, never an exception.
"""

from __future__ import annotations

__all__ = [
    "AtError",
    "BusUnavailable",
    "ConfigurationError",
    "ContractBroken",
    "FoldGap",
    "OurFault",
    "PermissionDenied",
    "SequenceConflict",
    "Unauthentic",
    "Undecodable",
    "Unsayable",
    "WorldFailed",
]


class AtError(Exception):
    """Root of every exception the platform raises on purpose."""


class WorldFailed(AtError):
    """Something outside did not answer; the same work may succeed later."""


class BusUnavailable(WorldFailed):
    """The bus did not confirm in time. A publish that raised this may still have been stored."""


class FoldGap(WorldFailed):
    """A fold missed a message of the stream it observes; its state must be rebuilt."""


class ContractBroken(AtError):
    """A message that no retry can make valid. ``code`` is one token from a closed set."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Undecodable(ContractBroken):
    """Bytes that are not an event this build can read."""


class Unsayable(ContractBroken):
    """An event that an older major cannot say without being misread there; nothing of it was published."""


class Unauthentic(ContractBroken):
    """A risk decision without a valid signature of the gate."""


class OurFault(AtError):
    """Our configuration or our code is wrong; going on would hide it."""


class ConfigurationError(OurFault):
    """A setting is missing or wrong; the text names the place, the key and the fix."""


class PermissionDenied(OurFault):
    """The bus refused a subject to this role: the topology and the code disagree."""


class SequenceConflict(OurFault):
    """The expected last sequence of a subject did not hold: somebody wrote there before."""
