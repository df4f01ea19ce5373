"""The field record: which fields of which events a piece of code really touches, seen by running it.

While a record is open, the registry hands out *recording* classes: dynamic subclasses of the event and part classes,
so ``isinstance``, ``match`` and Pydantic work as ever. Reading a field is noted with its path; reading a property
notes the fields below it; whatever takes the values as a whole (dump, copy, compare, hash, encode, being put into
another event) asks for ``__dict__`` and is noted as *whole*. What at-core's own transport reads of the envelope
(subjects, ids of what is derived, headers) is not the handler's, and is not noted.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import new_class
from typing import Any, Self

from pydantic import BaseModel

from at_core.events import registry
from at_core.events.envelope import Event, Payload

__all__ = ["FieldRecord", "Touched"]

_TRANSPORT = (
    "at_core.events.codec",
    "at_core.events.emit",
    "at_core.events.envelope",
    "at_core.events.publisher",
    "at_core.events.subjects",
    "at_core.runtime.",
    "at_core.testing.",
)


@dataclass(slots=True)
class Touched:
    """What was touched of one type. ``fields`` are paths as in consumes.toml; ``whole``: the body as it is."""

    fields: set[str] = field(default_factory=set)
    whole: bool = False

    def settled(self) -> frozenset[str]:
        """The paths, without those that were only stepped through on the way to a deeper one."""
        return frozenset(
            path
            for path in self.fields
            if not any(other.startswith((f"{path}.", f"{path}[]")) for other in self.fields)
        )


class FieldRecord:
    """``with FieldRecord() as record: ...`` notes every read of events decoded inside; one at a time.

    What the code under test makes itself (``derive``, ``originate``) is not recorded: only what it was given is.
    """

    def __init__(self) -> None:
        self._touched: dict[str, Touched] = {}
        self._places: dict[int, tuple[BaseModel, str, str]] = {}
        """Recorded objects by identity, kept alive, each with its type and its path."""
        self._parts: dict[tuple[int, str, str], tuple[BaseModel, BaseModel]] = {}
        """Original and recorded copy of each part by identity and place."""
        self._kept: dict[str, type[Event]] = {}

    def of(self, event_type: str) -> Touched:
        """Return what was touched of one type."""
        return self._touched.setdefault(event_type, Touched())

    def __enter__(self) -> Self:
        global _open  # noqa: PLW0603 - recording classes are shared; they report to the one open record
        if _open is not None:
            raise RuntimeError("another field record is open; close it first")
        _open = self
        self._kept = dict(_classes())
        for name, cls in self._kept.items():
            _classes()[name] = _recording(cls)
        return self

    def __exit__(self, *_: object) -> None:
        global _open  # noqa: PLW0603 - see __enter__
        _classes().update(self._kept)
        _open = None

    def watch(self, event: Event) -> Event:
        """Return a recording copy of an event that was made outside (by a builder)."""
        watched: Event = self._part(event, event.type, "")
        return watched

    def note(self, model: BaseModel, name: str, value: Any, caller: str) -> Any:
        """Note that ``caller`` read ``name`` of a recorded model, and return what to hand out."""
        place = self._places.get(id(model))
        if place is None:
            if not isinstance(model, Event):
                return value
            event_type = object.__getattribute__(model, "__dict__")["type"]
            place = self._places[id(model)] = model, event_type, ""
        _, event_type, path = place
        if name == "__dict__":
            self._note_whole(event_type, path)
            return value
        if caller.startswith(_TRANSPORT):
            return value
        here = f"{path}.{name}" if path else name
        self.of(event_type).fields.add(here)
        if isinstance(value, BaseModel):
            return self._part(value, event_type, here)
        if isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            return tuple(self._part(item, event_type, f"{here}[]") for item in value)
        return value

    def _note_whole(self, event_type: str, path: str) -> None:
        if path:
            self.of(event_type).fields.add(f"{path}.*")
        else:
            self.of(event_type).whole = True

    def _part(self, model: Any, event_type: str, path: str) -> Any:
        key = id(model), event_type, path
        if key not in self._parts:
            copy: Any = object.__new__(_recording(type(model)))
            for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
                object.__setattr__(copy, slot, object.__getattribute__(model, slot))
            self._places[id(copy)] = (copy, event_type, path)
            self._parts[key] = (model, copy)
        return self._parts[key][1]


_open: FieldRecord | None = None


class _Recording:
    """Mixed into an event or part class: reports every read of a field to the open record."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if _open is None or (name != "__dict__" and name not in _FIELDS.get(type(self), ())):
            return value
        caller = sys._getframe(1).f_globals.get("__name__", "")
        return _open.note(self, name, value, caller)  # type: ignore[arg-type]  # always mixed into a model

    def __eq__(self, other: object) -> bool:
        """As without a record: equal to what has the same class and the same values, watched or not."""
        same = _plain(type(self)) is _plain(type(other))
        return bool(same and self.__dict__ == other.__dict__)

    __hash__ = None  # type: ignore[assignment]  # Pydantic gives every frozen model its own

    def __repr__(self) -> str:
        """A text for people reads nothing a contract could speak of."""
        return f"<{type(self).__name__} under record>"

    __str__ = __repr__

    @classmethod
    def wrap(cls, payload: Payload, **envelope: Any) -> Event:
        """What is made here is not read here: return an event that nobody watches."""
        plain: type[Event] = _plain(cls)
        return plain.wrap(payload, **envelope)


_MADE: dict[type[BaseModel], Any] = {}
_FIELDS: dict[type[Any], frozenset[str]] = {}


def _recording(cls: type[BaseModel]) -> Any:
    if issubclass(cls, _Recording):
        return cls
    if cls not in _MADE:
        named = {"__module__": cls.__module__, "__doc__": cls.__doc__}
        _MADE[cls] = made = new_class(cls.__name__, (_Recording, cls), {}, lambda body: body.update(named))
        _FIELDS[made] = frozenset(cls.model_fields)
    return _MADE[cls]


def _plain(cls: type[Any]) -> Any:
    return cls.__mro__[2] if issubclass(cls, _Recording) else cls


def _classes() -> dict[str, type[Event]]:
    return registry._BY_TYPE
