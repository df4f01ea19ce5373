"""``python -m at_gateway`` is ``at-gateway``."""

from __future__ import annotations

import sys

from at_gateway.cli import main

if __name__ == "__main__":
    sys.exit(main())
