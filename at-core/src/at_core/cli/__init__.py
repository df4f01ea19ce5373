"""The command line of at-core: one verb per line, one file per family of verbs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from at_core.cli import bridge, bus, consumers, docs, live, release, schema
from at_core.errors import AtError, ConfigurationError

__all__ = ["main"]

_FAMILIES = (bridge, bus, consumers, docs, live, release, schema)
"""Each declares its verbs with ``add_verbs``; every verb sets ``run`` to the function that carries it out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns 0 when all is well, 1 when something differs or was refused, 2 for a wrong call."""
    parser = argparse.ArgumentParser(
        prog="at-core", description="Contracts, keys, bus configuration and provisioning of AT."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for family in _FAMILIES:
        family.add_verbs(verbs)
    chosen = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        code = run(chosen)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of the pipe has seen enough; what is still buffered has nowhere to go at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except AtError as error:
        print(f"at-core {chosen.verb}: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 1
