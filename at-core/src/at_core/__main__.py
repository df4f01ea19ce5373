"""``python -m at_core``: the same as the ``at-core`` command."""

from __future__ import annotations

import sys

from at_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
