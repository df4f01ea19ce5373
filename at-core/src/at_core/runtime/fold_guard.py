"""The fold guard: decides message by message whether a fold still follows its stream without a hole."""

from __future__ import annotations

from at_core.runtime.bus import Incoming

__all__ = ["FoldGuard"]


class FoldGuard:
    """Pure state of one fold: what it has seen, what must come next, and the gap once there is one.

    Within one generation (since the last rewind) deliveries are numbered 1, 2, 3 ... After a lost connection the fold
    asks for the last message it has seen once more: the very same one proves that the stream still is what was
    folded; another one is a gap.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._expected: int | None = None
        self._start: int | None = None
        self._last: Incoming | None = None
        self._verify = False
        self.untouched = True
        """Whether nothing was accepted since the last rewind or resumption: then beginning once more loses nothing."""
        self.gap = ""
        """Empty, or what is missing; nothing is taken any more until the fold is rewound."""

    @property
    def resume_at(self) -> int | None:
        """Stream sequence to ask for after a lost connection; None when the fold was never rewound."""
        return self._start if self._start is None or self._last is None else self._last.sequence

    def rewound(self, sequence: int) -> None:
        """Begin anew at ``sequence``."""
        self._start, self._last = sequence, None
        self.resumed()

    def resumed(self) -> None:
        """Go on after a lost connection, with the last message seen coming once more."""
        self._expected, self._verify = 1, self._last is not None
        self.untouched, self.gap = True, ""

    def takes(self, message: Incoming) -> bool:
        """Return whether ``message`` is new and follows; sets ``gap`` when it does not follow."""
        if self.gap:
            return False
        verify = self._verify
        if self._expected not in (None, message.consumer_sequence):
            self.gap = f"{self._name}: expected delivery {self._expected}, got {message.consumer_sequence}"
            return False
        if verify and self._last is not None and _identity(message) != _identity(self._last):
            self.gap = (
                f"{self._name}: message {self._last.sequence} of {message.stream} is not what was folded"
            )
            self.untouched = False  # asking again would get the same answer
            return False
        self.untouched = self._verify = False
        self._expected = message.consumer_sequence + 1
        self._last = message
        return not verify


def _identity(message: Incoming) -> tuple[int, object]:
    return message.sequence, message.stored_at
