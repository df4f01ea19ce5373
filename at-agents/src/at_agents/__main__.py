"""``python -m at_agents``."""

from at_agents.cli import main

raise SystemExit(main())
