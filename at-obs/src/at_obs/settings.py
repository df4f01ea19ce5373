"""Settings of at-obs: where the audit file lies and how long the journal may stay incomplete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from at_core.runtime.settings import ServiceSettings

__all__ = ["ObsSettings"]


class ObsSettings(ServiceSettings):
    """``AT_OBS_*`` over ``.env`` over TOML."""

    ENV_PREFIX: ClassVar[str] = "AT_OBS_"

    audit_file: Path
    """The SQLite file of the audit chain; made with rights for its owner only. One journal, one file, one writer."""
    hole_seconds_max: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """How long a missing journal message is waited for before a gap is declared."""
    hole_messages_max: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    """How many later messages may wait behind it."""
    flows_max: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    """Flows followed in memory to measure their stages."""
