"""Bridging, pure: which messages a downcast bridge copies, what a copy says, and how far an earlier run came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from at_core.errors import ConfigurationError
from at_core.events.codec import decode
from at_core.events.registry import event_types, producer_of, stream_of
from at_core.events.rendering import DOWNCAST_OF, Rendering, render
from at_core.events.subjects import subjects_of_type
from at_core.events.versions import readable_majors, writable_majors

__all__ = ["Lane", "copied_from"]


@dataclass(frozen=True, slots=True)
class Lane:
    """One type, from a newer major to an older one. Raises ConfigurationError when this build cannot do that."""

    event_type: str
    newer: int
    older: int

    def __post_init__(self) -> None:
        if self.event_type not in event_types():
            raise ConfigurationError(f"{self.event_type} is no event type of this build")
        readable, writable = readable_majors(self.event_type), writable_majors(self.event_type)
        if self.newer not in readable:
            raise ConfigurationError(
                f"--from {self.newer}: this build reads {self.event_type} v{_list(readable)}"
            )
        if self.older not in writable:
            raise ConfigurationError(
                f"--to {self.older}: this build writes {self.event_type} v{_list(writable)}"
            )
        if self.older >= self.newer:
            raise ConfigurationError(f"--to {self.older} must be older than --from {self.newer}")

    @property
    def name(self) -> str:
        """The name under which the bridge sets aside what cannot be copied."""
        return f"bridge-{self.event_type}-v{self.newer}-v{self.older}"

    @property
    def producer(self) -> str:
        """The role in whose name, and with whose key, copies are published."""
        return producer_of(self.event_type)

    @property
    def stream(self) -> str:
        """Where both majors lie."""
        return stream_of(self.event_type)

    @property
    def sources(self) -> str:
        """The subjects that are copied."""
        return subjects_of_type(self.event_type, self.newer)

    @property
    def copies(self) -> str:
        """The subjects on which copies lie, beside what was written in the older major itself."""
        return subjects_of_type(self.event_type, self.older)

    def copy(self, subject: str, headers: Mapping[str, str], body: bytes, sequence: int) -> Rendering:
        """Return the copy of the message at ``sequence``; raises Undecodable, or Unsayable with DOWNCAST_REFUSED."""
        rendered = render(decode(subject, headers, body), self.older)
        rendered.headers[DOWNCAST_OF] = str(sequence)
        return rendered


def copied_from(headers: Mapping[str, str]) -> int:
    """Return the sequence a message was copied from; 0 when it is no copy."""
    text = headers.get(DOWNCAST_OF, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _list(majors: tuple[int, ...]) -> str:
    return ", v".join(map(str, majors))
