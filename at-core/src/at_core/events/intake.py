"""What came from outside and was refused: kept, without its secrets."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from at_core.enums import BodyEncoding
from at_core.events.envelope import Event, Payload, Text, Token, UtcTime

__all__ = ["AlertQuarantined", "AlertQuarantinedEvent"]


class AlertQuarantined(Payload):
    """An alert that could not become a signal: what came, why not, and what to do about it."""

    TYPE: ClassVar[str] = "intake.alert.quarantined"

    signal_source: Token
    code: Token
    hint: Text
    content_type: Annotated[str, Field(max_length=200)]
    body_text: Annotated[str, Field(max_length=65_536)]
    """The body as text, secrets replaced, cut to the bound; ``body_encoding`` says how to read it."""
    body_encoding: BodyEncoding
    truncated: bool | None = None
    """Whether the end of what was sent is missing. Absent: not known, only in what was kept by version 1."""
    body_size: Annotated[int, Field(ge=0)]
    """Bytes taken in; of a body over the door's bound only its beginning is."""
    body_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the bytes taken in: ``body_text`` gives it again, unless secrets were replaced or its end is cut."""
    received_at: UtcTime


class AlertQuarantinedEvent(AlertQuarantined, Event):
    """``intake.alert.quarantined``."""

    VERSION: ClassVar[str] = "2.0"
    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "QUARANTINE"
    KEYS: ClassVar[tuple[str, ...]] = ("signal_source", "code")

    type: Literal["intake.alert.quarantined"]
