"""How one strategy answered one trigger: proposed, abstained or failed, and what it saw."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from at_core.enums import AgentVerdict
from at_core.events.envelope import Event, Payload, Sequence, Text, Token

__all__ = ["AgentRunCompleted", "AgentRunEvent", "SeenStream"]


class SeenStream(BaseModel):
    """The last sequence of one stream that was folded when a decision was made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stream: Token
    sequence: Sequence


class AgentRunCompleted(Payload):
    """The one terminal state of a trigger for one strategy (law 10)."""

    TYPE: ClassVar[str] = "agents.run.completed"

    strategy: Token
    strategy_version: Token
    trigger_type: Token
    trigger_id: UUID
    verdict: AgentVerdict
    reason_code: Token
    """PROPOSED, or why not: a token such as NOTHING_TO_CLOSE or STRATEGY_ERROR."""
    reason: Text = ""
    proposal_id: UUID | None = None
    seen: Annotated[tuple[SeenStream, ...], Field(max_length=16)] = ()
    context_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    prompt_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    model: Token | None = None
    input_tokens: Annotated[int, Field(ge=0)] | None = None
    output_tokens: Annotated[int, Field(ge=0)] | None = None


class AgentRunEvent(AgentRunCompleted, Event):
    """``agents.run.completed``."""

    PRODUCER: ClassVar[str] = "agents"
    STREAM: ClassVar[str] = "PROPOSALS"
    KEYS: ClassVar[tuple[str, ...]] = ("account", "strategy")

    type: Literal["agents.run.completed"]
