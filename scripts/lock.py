"""Installs the pins of workspace.toml and writes the lock: every package they need, name==version, no address.

    python3 scripts/lock.py

A new dependency: a range in the member's pyproject, a pin in workspace.toml, then this script.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from _lib.tree import ROOT, manifest
from bootstrap import LOCK, enter

HEADER = "# Written by scripts/lock.py from the pins in workspace.toml. Do not edit.\n"


def closure(pins: dict[str, str]) -> dict[str, str]:
    """Return name -> installed version of the pins and of everything they need, on this interpreter."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    waiting = [Requirement(name) for name in pins]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(wanted.name)
        found[key[0]] = distribution.version
        for text in distribution.requires or ():
            need = Requirement(text)
            extras = wanted.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(need)
    return found


def main() -> int:
    """Install, walk, write."""
    enter()
    book = manifest(ROOT)
    pins: dict[str, str] = {**book["pins"], **book["pins-dev"]}
    words = [f"{name}=={version}" for name, version in pins.items()]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *words], check=True)
    lines = [f"{name}=={version}\n" for name, version in sorted(closure(pins).items())]
    LOCK.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{LOCK.relative_to(ROOT)}: {len(lines)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
