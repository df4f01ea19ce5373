"""The contracts of this build, made from the models in the same form as the frozen ones."""

from __future__ import annotations

import json

from at_core.contracts.freeze import schemas_of
from at_core.contracts.frozen import FrozenContract, contract_of
from at_core.events.envelope import Event
from at_core.events.registry import EVENT_CLASSES

__all__ = ["contract_of_class", "current_contracts"]


def contract_of_class(cls: type[Event], event_type: str) -> FrozenContract:
    """Return what freezing ``cls`` under ``event_type`` would write."""
    return contract_of(json.loads(schemas_of(cls, event_type)))


def current_contracts() -> dict[str, FrozenContract]:
    """Return the newest contract of every type this build knows, in the order of the flow."""
    return {name: contract_of_class(cls, name) for cls in EVENT_CLASSES for name in cls.types()}
