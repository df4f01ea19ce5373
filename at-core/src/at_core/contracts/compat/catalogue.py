"""The table of mutations: what an author can do to a contract, and what the checker must say. A test and a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import new_class
from typing import Any, Final, Literal

from pydantic import create_model

from at_core.contracts.compat.current import contract_of_class
from at_core.contracts.compat.rules import Direction, Rule, Verdict
from at_core.contracts.frozen import FrozenContract
from at_core.events.envelope import Event

__all__ = [
    "Fields",
    "Mutation",
    "Said",
    "Shape",
    "Witness",
    "build",
    "contracts_of",
    "event_class",
    "mutation",
    "on_field",
]

TYPE: Final = "trial.row.changed"
"""The type of every model in the table; it is in no registry."""

build: Final[Any] = create_model
"""Makes a class from fields that are data; what they are cannot be known to the types."""

Fields = Mapping[str, Any]
"""Field name to an annotation, or to (annotation, default): what an author writes into the class."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One version of the trial event: its payload's fields, and the catalogue facts where they matter."""

    fields: Fields
    facts: Mapping[str, Any] = field(default_factory=dict)
    """VERSION, PRODUCER, STREAM, KEYS, EXPIRES, where they differ from the usual."""
    without: frozenset[str] = frozenset()
    """Fields taken out of the written contract: what no author can do to a class, but somebody to the base."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A document that one side sends and the other refuses: proof that a breaking verdict is no caution."""

    direction: Direction
    """BACKWARD: sent by the old writer, refused by the new reader. FORWARD: the other way round."""
    payload: Mapping[str, Any]
    """The payload's fields on the wire; what it says of the envelope replaces the usual."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change, and what must be said about it."""

    id: str
    change: str
    """For people, one line."""
    old: Shape
    new: Shape
    verdict: Verdict
    expected: frozenset[tuple[Rule, Direction, str]]
    """Exactly these findings: rule, direction, path."""
    witness: Witness | None = None
    unseen: str = ""
    """Where the verdict is breaking and no document of ours shows it: why it is breaking all the same."""


Said = tuple[Rule, Direction] | tuple[Rule, Direction, str]


def mutation(
    name: str,
    change: str,
    old: Shape | Fields,
    new: Shape | Fields,
    verdict: Verdict,
    *said: Said,
    witness: Witness | None = None,
    unseen: str = "",
) -> Mutation:
    """One row. A finding without a path is about the field ``x``."""
    shapes = [side if isinstance(side, Shape) else Shape(side) for side in (old, new)]
    expected = frozenset((one[0], one[1], one[2] if len(one) == 3 else "$.x") for one in said)
    return Mutation(name, change, shapes[0], shapes[1], verdict, expected, witness, unseen)


def on_field(
    name: str,
    change: str,
    old: Any,
    new: Any,
    verdict: Verdict,
    *said: Said,
    sent: tuple[Direction, Any] | None = None,
    unseen: str = "",
) -> Mutation:
    """One row about the field ``x``: its annotation before and after; ``sent`` is the value a witness carries."""
    witness = Witness(sent[0], {"x": sent[1]}) if sent else None
    return mutation(name, change, {"x": old}, {"x": new}, verdict, *said, witness=witness, unseen=unseen)


def event_class(shape: Shape) -> type[Event]:
    """Build the event class an author would have written for ``shape``."""
    fields = {name: said if isinstance(said, tuple) else (said, ...) for name, said in shape.fields.items()}
    fields = {"type": (Literal["trial.row.changed"], ...), **fields}
    facts = {"PRODUCER": "gateway", "STREAM": "MARKET", "KEYS": ("account",), **shape.facts}
    base: Any = new_class(
        "TrialBase", (Event,), exec_body=lambda body: body.update(facts, __module__=__name__)
    )
    cls: type[Event] = build("TrialEvent", __base__=base, **fields)
    return cls


def contracts_of(row: Mutation) -> tuple[FrozenContract, FrozenContract]:
    """Return the old and the new contract of a row, as freezing its classes would write them."""
    return _written(row.old), _written(row.new)


def _written(shape: Shape) -> FrozenContract:
    contract = contract_of_class(event_class(shape), TYPE)
    sides = []
    for schema in (contract.reader, contract.writer):
        named = {key: node for key, node in schema["properties"].items() if key not in shape.without}
        required = [key for key in schema["required"] if key not in shape.without]
        sides.append({**schema, "properties": named, "required": required})
    return replace(contract, reader=sides[0], writer=sides[1])
