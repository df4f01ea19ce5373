"""Pull requests under way: which the server may still answer, how much they ask for, when they are given up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pulls"]


@dataclass(slots=True)
class _Pull:
    left: int
    deadline: float
    probe: bool


class Pulls:
    """Bookkeeping of one inbox's requests. Times are seconds of the event loop."""

    def __init__(self) -> None:
        self._open: dict[str, _Pull] = {}
        self._count = 0

    def __contains__(self, number: str) -> bool:
        return number in self._open

    def add(self, batch: int, deadline: float, *, probe: bool) -> str:
        """Note a new request and return its number."""
        self._count += 1
        number = str(self._count)
        self._open[number] = _Pull(batch, deadline, probe)
        return number

    def remove(self, number: str) -> bool:
        """Forget a request; return whether it was known."""
        return self._open.pop(number, None) is not None

    def clear(self) -> None:
        """Forget all: the server has forgotten them, or their generation is over."""
        self._open.clear()

    def received(self) -> None:
        """Count one message: the server serves requests in the order they came."""
        number = next(iter(self._open), None)
        if number is None:
            return
        self._open[number].left -= 1
        if self._open[number].left == 0:
            del self._open[number]

    def forget_overdue(self, now: float) -> None:
        """Forget requests whose last word must have been lost."""
        for number in [number for number, pull in self._open.items() if pull.deadline < now]:
            del self._open[number]

    @property
    def asked(self) -> int:
        """How many messages may still come."""
        return sum(pull.left for pull in self._open.values())

    @property
    def standing(self) -> bool:
        """Whether a request stands that waits for what will be stored later."""
        return any(not pull.probe for pull in self._open.values())

    @property
    def probe(self) -> str | None:
        """The number of an unanswered question "is anything there now", or None."""
        return next((number for number, pull in self._open.items() if pull.probe), None)

    @property
    def next_deadline(self) -> float | None:
        """When the first request is to be given up."""
        return min((pull.deadline for pull in self._open.values()), default=None)
