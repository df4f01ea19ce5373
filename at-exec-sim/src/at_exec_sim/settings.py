"""Settings of the gate and the engine: two processes, two environment prefixes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from at_core.runtime.settings import ServiceSettings

__all__ = ["GateSettings"]


class GateSettings(ServiceSettings):
    """What the gate needs beyond every service's settings. Without a limits file it does not start (law 8)."""

    ENV_PREFIX: ClassVar[str] = "AT_GATE_"

    limits_file: Path
    """The risk limits, TOML; see ``config/limits.toml``."""
