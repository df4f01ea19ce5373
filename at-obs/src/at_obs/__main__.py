"""``python -m at_obs``: the same as the ``at-obs`` command."""

from __future__ import annotations

from at_obs.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
