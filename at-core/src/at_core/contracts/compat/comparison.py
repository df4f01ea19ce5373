"""Comparison: what one frozen contract became in another, and which version number that asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from at_core.contracts.compat.changes import changes
from at_core.contracts.compat.nodes import Root, as_node, canonical, unsupported
from at_core.contracts.compat.rules import Direction, Effect, Finding, Rule, Verdict
from at_core.contracts.compat.subset import subset
from at_core.contracts.compat.values import accepts
from at_core.contracts.frozen import FrozenContract, version_key
from at_core.events.envelope import ENVELOPE_FIELDS

__all__ = ["BREAKING", "ENVELOPE", "Comparison", "compare", "envelope_findings"]

BREAKING: Final = frozenset({Effect.MAJOR, Effect.NEVER})
"""Effects of findings by which somebody would refuse or misread a document."""

ENVELOPE: Final = ENVELOPE_FIELDS | {
    "event_id",
    "type",
    "schema_version",
    "timestamp",
    "source",
    "trace_id",
    "correlation_id",
    "causation_id",
    "account",
    "expires_at",
}
"""The envelope's names, said once more: a name that went from the model must not be taken for a payload's."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that lies between two contracts of one type."""

    event_type: str
    old: str
    new: str
    verdict: Verdict
    """The least step from ``old`` that this change asks for."""
    findings: tuple[Finding, ...]

    @property
    def forbidden(self) -> tuple[Finding, ...]:
        """Findings that not even a new major permits."""
        return tuple(found for found in self.findings if found.effect is Effect.NEVER)

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """Findings that ask for a new major, or forbid the change."""
        return tuple(found for found in self.findings if found.effect in BREAKING)

    @property
    def step(self) -> Verdict:
        """The step the two version numbers make; ``same`` also when the number goes back."""
        old, new = version_key(self.old), version_key(self.new)
        if new[0] > old[0]:
            return Verdict.MAJOR
        return Verdict.MINOR if new > old else Verdict.SAME

    @property
    def lawful(self) -> bool:
        """Whether the version numbers make at least the step that the change asks for, and nothing is forbidden."""
        # Also a change that no document shows is a new text, and a frozen text never changes: it needs a minor.
        asked = Verdict.MINOR if self.verdict is Verdict.PATCH else self.verdict
        return not self.forbidden and self.step.rank >= asked.rank

    def as_json(self) -> dict[str, Any]:
        """The comparison for machines."""
        return {
            "type": self.event_type,
            "old": self.old,
            "new": self.new,
            "verdict": self.verdict.value,
            "lawful": self.lawful,
            "findings": [found.as_json() for found in self.findings],
        }


def compare(old: FrozenContract, new: FrozenContract, *, neighbours: bool = True) -> Comparison:
    """Return what changed from ``old`` to ``new``, whatever their version numbers say.

    Inside a major every old document must be readable by the new reader, and every new one by the old reader, so
    that teams may upgrade in any order. The catalogue facts are judged by the same question:

    * keys: they are the subject. Other keys are other subjects, which no durable of the other side asks for.
    * stream: a durable hangs on one stream; what goes elsewhere is not heard there, and nobody is told.
    * producer: for as long as old and new run side by side, two roles would publish one type.
    * expires: a reader that demands ``expires_at`` refuses stored documents without it, and one that does not
      demand it would act on something that is over; so demanding it breaks both ways. To demand it no longer
      breaks the old reader, which refuses what the new writer may then send.

    With ``neighbours=False`` other versions lie between the two, and the name of an optional field that went may have
    stood beside the name that came: then a rename of optional fields is not spoken of.

    Raises ValueError for contracts of two types.
    """
    if old.event_type != new.event_type:
        raise ValueError(f"{old.event_type} and {new.event_type} are two types; versions of one are compared")
    found = list(_facts(old, new))
    odd = [*_unsupported(old), *_unsupported(new)]
    if odd:
        found += odd
    else:
        found += envelope_findings(old, new)
        before, after = _payload(old), _payload(new)
        found += subset(before.writer, after.reader, Direction.BACKWARD)
        found += subset(after.writer, before.reader, Direction.FORWARD)
        quiet = changes(before.reader, after.reader)
        found += [one for one in quiet if neighbours or one.rule is not Rule.FIELD_RENAMED]
        if not found and _meaning(before) != _meaning(after):
            found.append(
                Finding(Rule.FORM_CHANGED, Direction.NEITHER, "$", "nobody refuses the other's documents")
            )
    findings = tuple(_joined(found))
    return Comparison(old.event_type, old.version, new.version, _verdict(old, new, findings), findings)


def _verdict(old: FrozenContract, new: FrozenContract, findings: Iterable[Finding]) -> Verdict:
    effects = {found.effect for found in findings}
    if effects & BREAKING:
        return Verdict.MAJOR
    if effects:
        return Verdict.MINOR
    return Verdict.SAME if replace(old, version=new.version) == new else Verdict.PATCH


def _facts(old: FrozenContract, new: FrozenContract) -> Iterator[Finding]:
    facts = (
        (Rule.KEYS_CHANGED, "keys", ".".join(old.keys), ".".join(new.keys)),
        (Rule.STREAM_CHANGED, "stream", old.stream, new.stream),
        (Rule.PRODUCER_CHANGED, "producer", old.producer, new.producer),
    )
    for rule, name, before, after in facts:
        if before != after:
            yield Finding(rule, Direction.BOTH, name, f"{before or 'none'} became {after or 'none'}")
    if old.expires != new.expires:
        direction = Direction.BOTH if new.expires else Direction.FORWARD
        what = "must now be sent" if new.expires else "need no longer be sent"
        yield Finding(Rule.EXPIRES_CHANGED, direction, "$.expires_at", what)


def _unsupported(contract: FrozenContract) -> Iterator[Finding]:
    for path, what in dict.fromkeys([*unsupported(contract.reader), *unsupported(contract.writer)]):
        yield Finding(Rule.UNSUPPORTED_KEYWORD, Direction.BOTH, path, f"{what} in {contract.version}")


def envelope_findings(old: FrozenContract, new: FrozenContract) -> Iterator[Finding]:
    """Yield each envelope field in which two contracts differ, of one type or of two."""
    for name in sorted(ENVELOPE):
        before, after = (_envelope_field(contract, name) for contract in (old, new))
        if before != after:
            how = "went" if after is None else "came" if before is None else "has another form"
            yield Finding(Rule.ENVELOPE_CHANGED, Direction.BOTH, f"$.{name}", how)


def _envelope_field(contract: FrozenContract, name: str) -> Any:
    """Form, requiredness and default of one envelope field on both sides; None when it is not there.

    ``type`` may list the sister types that share a class; what counts is that the contract's own type is accepted.
    """
    sides = []
    for schema in (contract.reader, contract.writer):
        root = Root(schema)
        _, top = root.target(schema)
        if name not in top.get("properties", {}):
            return None
        node = top["properties"][name]
        form = accepts(contract.event_type, node, root) if name == "type" else canonical(node, root)
        sides.append((form, name in top.get("required", ()), as_node(node).get("default")))
    return sides


def _payload(contract: FrozenContract) -> FrozenContract:
    """The contract without its envelope."""
    return replace(
        contract, reader=_without_envelope(contract.reader), writer=_without_envelope(contract.writer)
    )


def _without_envelope(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    _, top = Root(schema).target(schema)
    return {
        **top,
        "$defs": schema.get("$defs", {}),
        "properties": {key: node for key, node in top.get("properties", {}).items() if key not in ENVELOPE},
        "required": [key for key in top.get("required", ()) if key not in ENVELOPE],
    }


def _meaning(contract: FrozenContract) -> tuple[Any, Any]:
    return canonical(contract.reader, Root(contract.reader)), canonical(
        contract.writer, Root(contract.writer)
    )


def _joined(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One line where the same is true in both directions; sorted by path."""
    known = dict.fromkeys(findings)
    for found in sorted(known, key=lambda one: (one.path, one.rule, one.direction)):
        twin = replace(
            found,
            direction=Direction.FORWARD if found.direction is Direction.BACKWARD else Direction.BACKWARD,
        )
        single = found.direction in (Direction.BOTH, Direction.NEITHER) or twin not in known
        if single:
            yield found
        elif found.direction is Direction.BACKWARD:
            yield replace(found, direction=Direction.BOTH)
