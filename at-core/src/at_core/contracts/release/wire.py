"""Wire facts of a build: event versions and envelope, asked of the build's own models in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from at_core.errors import ConfigurationError

__all__ = ["wire_facts"]

_SECONDS: Final = 60.0

# Runs inside the build that is described, so it asks for nothing that the first release did not have. The models are
# pure: importing them starts nothing, opens nothing and reads no setting.
_PROBE: Final = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path

import at_core
if at_core.__file__ is None or not Path(at_core.__file__).is_relative_to(sys.argv[1]):
    sys.exit("no package at_core in this folder")
from at_core.events.envelope import Event
from at_core.events.registry import EVENT_CLASSES
from at_core.events.upcasters import UPCASTERS

def bare(node):
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key not in ("title", "description")}
    return [bare(one) for one in node] if isinstance(node, list) else node

envelope = {mode: bare(Event.model_json_schema(mode=mode)) for mode in ("validation", "serialization")}
registry = Path(sys.argv[1]) / "at_core" / "data" / "registry"
events = {}
for cls in EVENT_CLASSES:
    for name in cls.types():
        newest = int(cls.VERSION.split(".")[0])
        oldest = newest
        while (name, oldest - 1) in UPCASTERS:
            oldest -= 1
        frozen = {}
        for place in (registry / name).glob("*/contract.json"):
            frozen[place.parent.name] = hashlib.sha256(place.read_bytes()).hexdigest()
        readable = {version for version in frozen if int(version.split(".")[0]) >= oldest} | {cls.VERSION}
        events[name] = {
            "newest": cls.VERSION,
            "readable": sorted(readable, key=lambda version: tuple(map(int, version.split(".")))),
            "frozen": frozen,
        }
text = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
print(json.dumps({"events": events, "envelope": hashlib.sha256(text.encode()).hexdigest()}))
"""


def wire_facts(source: Path) -> dict[str, Any]:
    """Return ``events`` and ``envelope`` of the build whose package lies in ``source``.

    Raises ConfigurationError when its models cannot be imported.
    """
    # Isolated, and without writing bytecode: neither this process nor the described folder is touched.
    command = [sys.executable, "-I", "-B", "-c", _PROBE, str(source.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own interpreter and text
    except subprocess.TimeoutExpired as late:
        raise ConfigurationError(f"{source}: the models were not read within {_SECONDS:g} s") from late
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ConfigurationError(f"{source}: the models cannot be imported ({last}); mend that first")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts
