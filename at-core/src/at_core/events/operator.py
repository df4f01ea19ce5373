"""What an operator ordered."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from at_core.enums import KillSwitchLevel, KillSwitchScope, OperatorCommandKind
from at_core.events.envelope import Event, Payload, Text, Token

__all__ = ["OperatorCommandEvent", "OperatorCommandIssued"]


class OperatorCommandIssued(Payload):
    """A command of an authenticated operator; ``reason`` is kept for the audit."""

    TYPE: ClassVar[str] = "operator.command.issued"

    command: OperatorCommandKind
    operator: Token
    operator_role: Token
    reason: Text
    scope: KillSwitchScope | None = None
    scope_value: Token | None = None
    """Account or strategy name when the scope is not GLOBAL."""
    level: KillSwitchLevel | None = None
    subject_id: UUID | None = None
    """The held decision a HELD_APPROVE or HELD_REJECT speaks of."""
    flag: Token | None = None
    flag_value: bool | None = None


class OperatorCommandEvent(OperatorCommandIssued, Event):
    """``operator.command.issued``."""

    PRODUCER: ClassVar[str] = "gateway"
    STREAM: ClassVar[str] = "OPERATOR"
    KEYS: ClassVar[tuple[str, ...]] = ("command",)

    type: Literal["operator.command.issued"]
