"""Models of majors that the package itself keeps only as frozen files: the independent readers of what is stepped down.

Each must give the frozen contract byte for byte, so validating with it is validating against the frozen schema.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from at_core.events import Event, Payload
from at_core.events.envelope import Text, Token, UtcTime


class AlertQuarantined(Payload):
    """Version 1."""

    TYPE: ClassVar[str] = "intake.alert.quarantined"

    signal_source: Token
    code: Token
    hint: Text
    content_type: Annotated[str, Field(max_length=200)]
    body: Annotated[str, Field(max_length=65_536)]
    body_size: Annotated[int, Field(ge=0)]
    body_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    received_at: UtcTime


class AlertQuarantinedEvent(AlertQuarantined, Event):
    """Version 1."""

    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "QUARANTINE"
    KEYS: ClassVar[tuple[str, ...]] = ("signal_source", "code")

    type: Literal["intake.alert.quarantined"]


KEPT: dict[tuple[str, int], type[Event]] = {("intake.alert.quarantined", 1): AlertQuarantinedEvent}
"""The newest version of every major this build writes besides the newest."""
