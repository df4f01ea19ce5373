"""The registry: every event type this build knows, by (type, major)."""

from __future__ import annotations

from collections.abc import Iterator

from at_core.events.agent_run import AgentRunEvent
from at_core.events.envelope import ENVELOPE_FIELDS, Event, Payload
from at_core.events.fill import FillEvent
from at_core.events.intake import AlertQuarantinedEvent
from at_core.events.market import MarketDataEvent
from at_core.events.operator import OperatorCommandEvent
from at_core.events.order import OrderStatusUpdatedEvent, OrderSubmittedEvent
from at_core.events.portfolio import AccountEvent, PositionEvent
from at_core.events.proposal import TradeProposalEvent
from at_core.events.risk import RiskApprovedEvent, RiskHeldEvent, RiskRejectedEvent
from at_core.events.signal import SignalEvent
from at_core.events.system import HeartbeatEvent, KillSwitchEvent, TradingModeEvent

__all__ = ["EVENT_CLASSES", "class_for", "event_types", "newest_major", "producer_of", "stream_of"]

EVENT_CLASSES: tuple[type[Event], ...] = (
    SignalEvent,
    AlertQuarantinedEvent,
    OperatorCommandEvent,
    MarketDataEvent,
    TradeProposalEvent,
    AgentRunEvent,
    RiskApprovedEvent,
    RiskRejectedEvent,
    RiskHeldEvent,
    OrderSubmittedEvent,
    OrderStatusUpdatedEvent,
    FillEvent,
    PositionEvent,
    AccountEvent,
    KillSwitchEvent,
    TradingModeEvent,
    HeartbeatEvent,
)
"""In the order of the flow; the newest class of each type only."""


def _index(classes: tuple[type[Event], ...]) -> dict[str, type[Event]]:
    table: dict[str, type[Event]] = {}
    for cls in classes:
        payloads = [base for base in cls.__bases__ if issubclass(base, Payload)]
        if clash := ENVELOPE_FIELDS.intersection(
            name for payload in payloads for name in payload.model_fields
        ):
            raise TypeError(f"{cls.__name__} reuses envelope names {sorted(clash)}")
        for name in cls.types():
            if name in table:
                raise TypeError(f"type {name} is declared twice")
            table[name] = cls
    return table


_BY_TYPE = _index(EVENT_CLASSES)


def event_types() -> Iterator[str]:
    """All known type names, in the order of the flow."""
    return iter(_BY_TYPE)


def class_for(event_type: str) -> type[Event] | None:
    """The newest class of a type, or None when this build does not know it."""
    return _BY_TYPE.get(event_type)


def newest_major(event_type: str) -> int:
    """The newest major this build reads; 0 for an unknown type."""
    cls = _BY_TYPE.get(event_type)
    return cls.major() if cls else 0


def producer_of(event_type: str) -> str:
    """The one role that may publish a type (law 2)."""
    cls = _BY_TYPE[event_type]
    return event_type.rsplit(".", 1)[1] if cls.PRODUCER == "role" else cls.PRODUCER


def stream_of(event_type: str) -> str:
    """The stream a type is kept in."""
    return _BY_TYPE[event_type].STREAM
