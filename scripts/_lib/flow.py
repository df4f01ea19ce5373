"""Laws 1 to 3 as pure functions over the wirings: one way, one owner per fact, react or observe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from at_core.topology.wiring import Observation, Reaction, Wiring

__all__ = ["Facts", "Queue", "cycle", "edges", "violations"]


@dataclass(frozen=True, slots=True)
class Queue:
    """What the topology says of one durable: whose it is, and the types it delivers."""

    role: str
    stream: str
    kind: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue and the topology say, independent of what the services claim."""

    producers: Mapping[str, str]
    heads: Mapping[str, tuple[str, ...]]
    durables: Mapping[str, Queue]


def edges(wirings: Iterable[Wiring]) -> dict[str, set[str]]:
    """Return the graph: a type, and the types that are emitted because of it."""
    graph: dict[str, set[str]] = {}
    for wiring in wirings:
        for reaction in wiring.reacts:
            for cause in reaction.types:
                graph.setdefault(cause, set()).update(reaction.emits)
    return graph


def cycle(graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return one cycle of the graph, first type repeated at the end, or nothing."""
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if name in path:
            return (*path[path.index(name) :], name)
        if name in done:
            return ()
        for effect in sorted(graph.get(name, ())):
            found = walk(effect, (*path, name))
            if found:
                return found
        done.add(name)
        return ()

    for start in sorted(graph):
        found = walk(start, ())
        if found:
            return found
    return ()


def violations(wirings: tuple[Wiring, ...], facts: Facts) -> list[str]:
    """Return every broken law in a sentence."""
    loop = cycle(edges(wirings))
    found = [f"law 1: a cycle, {' -> '.join(loop)}"] if loop else []
    roles = [wiring.role for wiring in wirings]
    found += [
        f"role {role} is wired twice" for role in sorted({name for name in roles if roles.count(name) > 1})
    ]
    for wiring in wirings:
        found += [*_owners(wiring, facts), *_react_or_observe(wiring), *_durables(wiring, facts)]
    return found


def _owners(wiring: Wiring, facts: Facts) -> Iterator[str]:
    """Law 2: what a role emits is its own by the catalogue, and it emits all of that."""
    for name in sorted(wiring.emits):
        owner = facts.producers.get(name)
        if owner is None:
            yield f"law 2: {wiring.role} emits {name}, which is not in the registry"
        elif owner != wiring.role:
            yield f"law 2: {wiring.role} emits {name}, which belongs to {owner}"
        elif not any(
            name == head or name.startswith(f"{head}.") for head in facts.heads.get(wiring.role, ())
        ):
            yield f"law 2: {wiring.role} emits {name}, but the topology grants it no such subject"
    # The shared shell of every role sends its heartbeat; no wiring repeats that.
    silent = {name for name, owner in facts.producers.items() if owner == wiring.role} - wiring.emits
    for name in sorted(silent):
        if name != f"heartbeat.{wiring.role}":
            yield f"law 2: {name} belongs to {wiring.role}, which never emits it"


def _react_or_observe(wiring: Wiring) -> Iterator[str]:
    """Law 3: through one durable a type is reacted to or observed, once."""
    seen: dict[tuple[str, str], str] = {}
    parts = [("reacts to", reaction) for reaction in wiring.reacts]
    entries: list[tuple[str, Reaction | Observation]] = [
        *parts,
        *(("observes", item) for item in wiring.observes),
    ]
    for verb, entry in entries:
        for name in entry.types:
            before = seen.setdefault((entry.durable, name), verb)
            if before != verb:
                yield f"law 3: {wiring.role} {before} and {verb} {name} through {entry.durable}"


def _durables(wiring: Wiring, facts: Facts) -> Iterator[str]:
    """Every durable named is provisioned for this role and delivers what is claimed; none is left unread."""
    handled: dict[str, set[str]] = {}
    entries: list[Reaction | Observation] = [*wiring.reacts, *wiring.observes]
    for entry in entries:
        queue = facts.durables.get(entry.durable)
        if queue is None or queue.role != wiring.role:
            whose = f"belongs to {queue.role}" if queue else "is not in the topology"
            yield f"{wiring.role}: durable {entry.durable} {whose}"
            continue
        for name in entry.types:
            if name not in queue.types:
                yield f"{wiring.role}: {entry.durable} ({queue.stream}) never delivers {name}"
        # An observation without types folds everything its durable delivers.
        handled.setdefault(entry.durable, set()).update(entry.types or queue.types)
    for reaction in wiring.reacts:
        queue = facts.durables.get(reaction.durable)
        if queue and (queue.kind == "fold") != reaction.rewinds:
            yield f"{wiring.role}: {reaction.durable} is a {queue.kind}, its reaction has rewinds={reaction.rewinds}"
    for name, queue in facts.durables.items():
        if queue.role == wiring.role and name not in handled:
            yield f"{wiring.role}: durable {name} is provisioned and never read"
        for missing in sorted(queue.types - handled.get(name, queue.types)):
            if queue.role == wiring.role:
                yield f"{wiring.role}: {name} delivers {missing}, which nothing handles"
