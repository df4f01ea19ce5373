"""The envelope: what every event says about itself, flat beside its payload.

A *payload* is what pure code makes; an *event* is the payload inside an envelope, made only by the shell, which
knows the clock, the cause and the producer. ``SomethingEvent`` inherits from both, so the body on the wire is flat.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from at_core.clock import require_utc
from at_core.forms import usual_or

__all__ = ["ENVELOPE_FIELDS", "Event", "Payload", "Sequence", "Text", "Token", "UtcTime", "format_utc"]

TIME_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"


def format_utc(moment: datetime) -> str:
    """Write a time as RFC 3339 UTC with exactly six digits, so that text order is time order."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def _wire_time(moment: datetime) -> datetime | str:
    """Leave a time to the serializer that would write ``format_utc`` of it anyway: UTC, with a fraction to write."""
    return moment if moment.tzinfo is UTC and moment.microsecond else format_utc(moment)


class _TimeForm:
    """How a time is read and written: the form that ``format_utc`` writes is the usual one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        strict = core_schema.no_info_after_validator_function(require_utc, core_schema.datetime_schema())
        text = core_schema.str_schema(pattern=TIME_PATTERN.replace(r"\d", "[0-9]"))
        usual = core_schema.no_info_after_validator_function(datetime.fromisoformat, text)
        return core_schema.json_or_python_schema(
            json_schema=usual_or(usual, strict),
            python_schema=strict,
            serialization=core_schema.plain_serializer_function_ser_schema(_wire_time, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": TIME_PATTERN, "format": "date-time"}


UtcTime = Annotated[datetime, _TimeForm()]
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

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Let a class whose events must expire check it; the others pay nothing for the question."""
        super().__init_subclass__(**keywords)
        check: Any = _must_expire if cls.EXPIRES else BaseModel.model_post_init
        cls.model_post_init = check  # type: ignore[method-assign]  # Pydantic looks at it right after this

    @classmethod
    def types(cls) -> tuple[str, ...]:
        """The type names this class is published under (the Literal of its ``type`` field)."""
        annotation: Any = cls.model_fields["type"].annotation
        return tuple(annotation.__args__)

    @classmethod
    def major(cls) -> int:
        """The major version of this class."""
        return _major_of(cls.VERSION)

    @classmethod
    def wrap(cls, payload: Payload, **envelope: Any) -> Self:
        """Put ``payload`` into an envelope; the payload's values are already validated."""
        values = {name: getattr(payload, name) for name in type(payload).model_fields}
        return cls(type=payload.event_type, schema_version=cls.VERSION, **values, **envelope)


def _must_expire(event: Event, _context: Any, /) -> None:
    """Refuse an event that must expire and does not say when."""
    if event.expires_at is None:
        raise ValueError(f"{event.type} must carry expires_at")


@lru_cache(maxsize=64)
def _major_of(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])


ENVELOPE_FIELDS = frozenset(Event.model_fields)
"""Frozen and reserved names: no payload field may reuse one."""
