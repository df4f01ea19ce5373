"""Renames: one field went, one of the same form came. Told only where there is no doubt which became which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from at_core.contracts.compat.nodes import Root, canonical, canonical_value

__all__ = ["renamed"]


def renamed(old: Mapping[str, Any], old_root: Root, new: Mapping[str, Any], new_root: Root) -> dict[str, str]:
    """Return old name to new name for the fields of two object nodes.

    Form and requiredness must be the same, and no other field that went or came may have them: two texts that went
    and one that came is a guess, and none is made.
    """
    went = _by_form(old, old_root, without=new)
    came = _by_form(new, new_root, without=old)
    return {
        names[0]: came[form][0]
        for form, names in went.items()
        if len(names) == 1 and len(came.get(form, ())) == 1
    }


def _by_form(node: Mapping[str, Any], root: Root, *, without: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, part in node.get("properties", {}).items():
        if name not in without.get("properties", {}):
            needed = name in node.get("required", ())
            form = canonical_value([canonical(part, root), needed])
            found.setdefault(form, []).append(name)
    return found
