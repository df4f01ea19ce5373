"""Settings of at-agents: the shared ones and where the catalogue of strategies stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from at_core.runtime.settings import ServiceSettings

__all__ = ["AgentsSettings"]


class AgentsSettings(ServiceSettings):
    """Read from ``--config`` under ``AT_AGENTS_*``; see ``.env.example``."""

    ENV_PREFIX: ClassVar[str] = "AT_AGENTS_"

    strategies_file: Path
    """TOML with ``[strategies.<name>]`` tables."""
    answers_max: Annotated[int, Field(ge=1_000, le=10_000_000)] = 200_000
    """Answers the desk remembers; the oldest are forgotten first."""
