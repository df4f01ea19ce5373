"""Changes that no reader refuses and that matter all the same: fields that came, went or swapped names, defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from at_core.contracts.compat.nodes import Atom, Root, as_node, atoms, same_value
from at_core.contracts.compat.renames import renamed
from at_core.contracts.compat.rules import Direction, Finding, Rule
from at_core.contracts.compat.subset import variant_of

__all__ = ["changes"]

_UNSEEN: Final = "made at run time"
"""Stands for a default that the schema does not show."""


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what changed between two reader schemas beyond what ``subset`` sees. Both must be supported schemas."""
    walk = _Walk(Root(old), Root(new))
    return tuple(dict.fromkeys(walk.visit(old, new, "$")))


class _Walk:
    """Both sides at once, along what they have in common."""

    def __init__(self, old: Root, new: Root) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str | None, str | None]] = set()

    def visit(self, old: Any, new: Any, path: str) -> Iterator[Finding]:
        pair = (self._old.target(as_node(old))[0], self._new.target(as_node(new))[0])
        if pair in self._seen:
            return
        if None not in pair:
            self._seen.add(pair)
        for before, after in self._matched(atoms(old, self._old), atoms(new, self._new)):
            yield from self._objects(before.node, after.node, path)
            for word, place in (("items", "[*]"), ("additionalProperties", ".*")):
                if isinstance(before.node.get(word), Mapping) and isinstance(after.node.get(word), Mapping):
                    yield from self.visit(before.node[word], after.node[word], path + place)
            firsts = zip(before.node.get("prefixItems", ()), after.node.get("prefixItems", ()), strict=False)
            for index, (left, right) in enumerate(firsts):
                yield from self.visit(left, right, f"{path}[{index}]")

    def _matched(self, old: tuple[Atom, ...], new: tuple[Atom, ...]) -> Iterator[tuple[Atom, Atom]]:
        """Alternatives that belong together: the only one of its type on both sides, else the same variant."""
        for kind in ("object", "array"):
            before = [one for one in old if one.node.get("type") == kind]
            after = [one for one in new if one.node.get("type") == kind]
            if len(before) == len(after) == 1:
                yield before[0], after[0]
                continue
            for one in before:
                yield from (
                    (one, other) for other in after if variant_of(one) == variant_of(other) is not None
                )

    def _objects(self, old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Finding]:
        before, after = old.get("properties", {}), new.get("properties", {})
        names = renamed(old, self._old, new, self._new)
        for name, became in names.items():
            if name not in old.get("required", ()):
                what = f"{name!r} became {became!r}: what was sent under one name is not seen under the other"
                yield Finding(Rule.FIELD_RENAMED, Direction.BOTH, f"{path}.{name}", what)
        for name in sorted(after.keys() - before.keys() - set(names.values()) - set(new.get("required", ()))):
            yield Finding(Rule.FIELD_OPTIONAL_ADDED, Direction.NEITHER, f"{path}.{name}", "may be absent")
        for name in sorted(before.keys() - after.keys() - set(names) - set(old.get("required", ()))):
            yield Finding(Rule.FIELD_OPTIONAL_REMOVED, Direction.NEITHER, f"{path}.{name}", "could be absent")
        for name in sorted(before.keys() & after.keys()):
            if name not in old.get("required", ()) and name not in new.get("required", ()):
                yield from self._default(before[name], after[name], f"{path}.{name}")
            yield from self.visit(before[name], after[name], f"{path}.{name}")

    def _default(self, old: Any, new: Any, path: str) -> Iterator[Finding]:
        before, after = _default_of(old, self._old), _default_of(new, self._new)
        if not same_value(before, after):
            yield Finding(
                Rule.DEFAULT_CHANGED, Direction.BOTH, path, f"{_shown(before)} became {_shown(after)}"
            )


def _default_of(node: Any, root: Root) -> Any:
    """What an absent field means, without what the parts say themselves."""
    plain = as_node(node)
    return _settled(plain["default"], plain, root) if "default" in plain else [_UNSEEN]


def _settled(value: Any, node: Any, root: Root) -> Any:
    """Leave out of a default what is null or the part's own default: a new optional part changes no default."""
    if isinstance(value, list):
        return [_settled(item, _item_node(node, root), root) for item in value]
    if not isinstance(value, dict):
        return value
    parts = _properties(node, root)
    kept: dict[str, Any] = {}
    for key, item in value.items():
        part = as_node(parts.get(key, True))
        own = part.get("default")
        if item is not None and not same_value(_settled(item, part, root), _settled(own, part, root)):
            kept[key] = _settled(item, part, root)
    return kept


def _item_node(node: Any, root: Root) -> Any:
    lists = [atom.node for atom in atoms(node, root) if atom.node.get("type") == "array"]
    return lists[0].get("items", True) if len(lists) == 1 else True


def _properties(node: Any, root: Root) -> Mapping[str, Any]:
    objects = [atom.node for atom in atoms(node, root) if atom.node.get("type") == "object"]
    found: Mapping[str, Any] = objects[0].get("properties", {}) if len(objects) == 1 else {}
    return found


def _shown(value: Any) -> str:
    return _UNSEEN if value == [_UNSEEN] else "absent" if value is None else repr(value)
