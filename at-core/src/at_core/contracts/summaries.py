"""The sentence a type says about itself, for every document that names it."""

from __future__ import annotations

from at_core.events.envelope import Payload
from at_core.events.registry import class_for

__all__ = ["summary_of"]


def summary_of(event_type: str) -> str:
    """The first sentence of the payload's docstring; the event's own where several payloads share a class."""
    cls = class_for(event_type)
    if cls is None:
        return "Retired: no build reads it any more."
    texts = [base.__doc__ for base in cls.__bases__ if issubclass(base, Payload) and base.TYPE]
    return str((texts or [cls.__doc__])[0]).strip().split("\n")[0]
