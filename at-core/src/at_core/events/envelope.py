"""The envelope: what every event says about itself, flat beside its payload.

A *payload* is what pure code makes; an *event* is the payload inside an envelope, made only by the shell, which
knows the clock, the cause and the producer. ``SomethingEvent`` inherits from both, so the body on the wire is flat.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from at_core.clock import require_utc

__all__ = ["ENVELOPE_FIELDS", "Event", "Payload", "Sequence", "Text", "Token", "UtcTime", "format_utc"]

TIME_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"


def format_utc(moment: datetime) -> str:
    """Write a time as RFC 3339 UTC with exactly six digits, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


UtcTime = Annotated[
    datetime,
    AfterValidator(require_utc),
    PlainSerializer(format_utc, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": TIME_PATTERN, "format": "date-time"}),
]
"""Aware time, normalised to UTC; on the wire always six fraction digits."""

Token = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9._:/@!+-]+$")]
"""A bounded name without blanks: symbols, accounts, strategies, sources."""

Text = Annotated[str, Field(max_length=2000)]
"""Bounded prose for people; never read by a decision."""

Sequence = Annotated[int, Field(ge=0)]
"""A stream sequence."""


class Payload(BaseModel):
    """What happened, without when, who and why. Pure code builds these; typos in field names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str] = ""

    @property
    def event_type(self) -> str:
        """The type this payload is published under."""
        return self.TYPE


class Event(BaseModel):
    """Envelope fields, and the catalogue facts that each event class declares about itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    VERSION: ClassVar[str] = "1.0"
    PRODUCER: ClassVar[str]
    STREAM: ClassVar[str]
    KEYS: ClassVar[tuple[str, ...]]
    EXPIRES: ClassVar[bool] = False

    event_id: UUID
    type: str
    schema_version: str = Field(pattern=r"^\d+\.\d+$")
    timestamp: UtcTime
    source: Token
    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    correlation_id: UUID
    causation_id: UUID | None = None
    account: Token | None = None
    expires_at: UtcTime | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Refuse an event that must expire and does not say when."""
        if self.EXPIRES and self.expires_at is None:
            raise ValueError(f"{self.type} must carry expires_at")

    @classmethod
    def types(cls) -> tuple[str, ...]:
        """The type names this class is published under (the Literal of its ``type`` field)."""
        annotation: Any = cls.model_fields["type"].annotation
        return tuple(annotation.__args__)

    @classmethod
    def major(cls) -> int:
        """The major version of this class."""
        return int(cls.VERSION.split(".")[0])

    @classmethod
    def wrap(cls, payload: Payload, **envelope: Any) -> Self:
        """Put ``payload`` into an envelope; the payload's values are already validated."""
        values = {name: getattr(payload, name) for name in type(payload).model_fields}
        return cls(type=payload.event_type, schema_version=cls.VERSION, **values, **envelope)


ENVELOPE_FIELDS = frozenset(Event.model_fields)
"""Frozen and reserved names: no payload field may reuse one."""
