"""``python -m at_exec_sim``: the same as the command ``at-exec-sim``."""

import sys

from at_exec_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
