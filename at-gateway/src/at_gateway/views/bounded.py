"""A mapping with a bound: what was touched least recently goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Bounded"]

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most ``count_max`` entries; writing an entry makes it the newest, reading does not."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the entry, or None."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Set an entry and let the oldest go when there are too many."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._count_max:
            self._entries.popitem(last=False)

    def newest(self) -> Iterator[V]:
        """All entries, the one written last first."""
        return iter([self._entries[key] for key in reversed(self._entries)])

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
