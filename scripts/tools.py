"""Fetches what a test needs beyond Python packages into .tools; the second run does nothing.

    python3 scripts/tools.py

Today that is one file: the JSON Schema of AsyncAPI 3.0.0, from the npm package pinned in workspace.toml.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from _lib.tree import ROOT, manifest

__all__ = ["ASYNCAPI_SCHEMA", "main"]

ASYNCAPI_SCHEMA = ROOT / ".tools" / "asyncapi-3.0.0.json"
_PACKAGE = "@asyncapi/specs"
_MEMBER = "package/schemas/3.0.0.json"
_SHA256 = "d4571a420e6ffb7fcc7066c95a6db1202f299a3c51daa103d0706bf30f95e626"
"""Of the one file. A new pin needs its digest here, and somebody who looked at the difference."""
_SECONDS = 120.0


def main() -> int:
    """Fetch what is missing; 1 when it cannot be had, with the reason."""
    if ASYNCAPI_SCHEMA.is_file() and _digest(ASYNCAPI_SCHEMA.read_bytes()) == _SHA256:
        print("tools: up to date")
        return 0
    npm = shutil.which("npm")
    if npm is None:
        return _failed("npm is not installed; the test of docs/asyncapi.json needs it once")
    version = manifest(ROOT)["pins-npm"][_PACKAGE]
    with tempfile.TemporaryDirectory(prefix="at-tools-") as name:
        try:
            content = _packed(npm, f"{_PACKAGE}@{version}", Path(name))
        except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError, ValueError) as error:
            return _failed(f"{_PACKAGE} {version} could not be fetched: {error}")
    if _digest(content) != _SHA256:
        return _failed(f"{_MEMBER} of {_PACKAGE} {version} is not the file this test was written against")
    ASYNCAPI_SCHEMA.parent.mkdir(exist_ok=True)
    part = ASYNCAPI_SCHEMA.with_suffix(".part")
    part.write_bytes(content)
    part.replace(ASYNCAPI_SCHEMA)
    print(f"tools: {ASYNCAPI_SCHEMA.relative_to(ROOT)} from {_PACKAGE} {version}")
    return 0


def _packed(npm: str, package: str, folder: Path) -> bytes:
    """Download the package as it is, unpacking and running none of it, and return the one file we want."""
    command = [npm, "pack", package, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_SECONDS)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile(_MEMBER)
        if member is None:
            raise ValueError(f"{_MEMBER} is no file")
        return member.read()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _failed(reason: str) -> int:
    print(f"tools: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
