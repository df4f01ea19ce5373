"""Traces: everything that happened because of one signal, in order, and where it stands for each strategy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from at_core.enums import AgentVerdict, OrderStatus
from at_core.events import (
    AgentRunEvent,
    Event,
    FillEvent,
    OrderStatusUpdatedEvent,
    OrderSubmittedEvent,
    RiskApprovedEvent,
    RiskHeldEvent,
    RiskRejectedEvent,
    SignalEvent,
    TradeProposalEvent,
)
from at_core.events.envelope import ENVELOPE_FIELDS, format_utc
from at_gateway.views.bounded import Bounded

__all__ = ["STAGES", "Terminal", "Trace", "Traces", "terminal_of"]

STAGES: Final[Mapping[str, str]] = {
    "trading.signal.created": "signal",
    "agents.run.completed": "run",
    "trading.proposal.created": "proposal",
    "trading.risk.approved": "ruling",
    "trading.risk.rejected": "ruling",
    "trading.risk.held": "ruling",
    "trading.execution.submitted": "order",
    "trading.execution.updated": "update",
    "trading.execution.fill": "fill",
    "portfolio.position.changed": "position",
    "portfolio.account.changed": "account",
    "operator.command.issued": "command",
    "system.killswitch.activated": "system",
    "system.killswitch.released": "system",
    "system.tradingmode.changed": "system",
}
"""Type to the word a reader of a trace sees; other types show as ``other``."""

_RANK: Final = {stage: rank for rank, stage in enumerate(dict.fromkeys(STAGES.values()))}
_RULINGS: Final = (RiskApprovedEvent, RiskRejectedEvent, RiskHeldEvent)


class Terminal(StrEnum):
    """Where a trigger ended, or stands, for one strategy."""

    FILLED = "FILLED"
    REJECTED_BY_GATE = "REJECTED_BY_GATE"
    ABSTAINED = "ABSTAINED"
    FAILED = "FAILED"
    REJECTED_BY_BROKER = "REJECTED_BY_BROKER"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    WORKING = "WORKING"
    PENDING = "PENDING"


_ENDS: Final = {
    OrderStatus.FILLED: Terminal.FILLED,
    OrderStatus.REJECTED: Terminal.REJECTED_BY_BROKER,
    OrderStatus.EXPIRED: Terminal.EXPIRED,
    OrderStatus.CANCELED: Terminal.CANCELED,
    OrderStatus.FATAL_ERROR: Terminal.FAILED,
}


class Trace:
    """The events of one correlation id. Folding the same event twice changes nothing."""

    def __init__(self, correlation_id: UUID, events_max: int) -> None:
        self.correlation_id = correlation_id
        self.truncated = False
        self._events_max = events_max
        self._events: dict[UUID, tuple[Event, int]] = {}

    def fold(self, event: Event, sequence: int) -> None:
        """Add one event, stored at ``sequence`` of the JOURNAL."""
        if event.event_id in self._events:
            return
        if len(self._events) >= self._events_max:
            self.truncated = True
            return
        self._events[event.event_id] = (event, sequence)

    def __len__(self) -> int:
        return len(self._events)

    @property
    def signal(self) -> SignalEvent | None:
        """The alert it began with, None when market data or an operator began it."""
        return next((event for event, _ in self._events.values() if isinstance(event, SignalEvent)), None)

    @property
    def began_at(self) -> datetime:
        """When the signal was made, or else the first event."""
        signal = self.signal
        return signal.timestamp if signal else min(event.timestamp for event, _ in self._events.values())

    def ordered(self) -> list[tuple[Event, int]]:
        """The events by time, then by their place in the flow, then as the JOURNAL has them."""
        return sorted(
            self._events.values(),
            key=lambda pair: (pair[0].timestamp, _RANK.get(_stage(pair[0]), 99), pair[1]),
        )

    def document(self) -> dict[str, Any]:
        """The whole trace for a reader."""
        entries = [*self._alert(), *(self._entry(event, sequence) for event, sequence in self.ordered())]
        return {**self.summary(), "truncated": self.truncated, "events": entries}

    def summary(self) -> dict[str, Any]:
        """Where it stands, in a few lines."""
        signal = self.signal
        last = max(event.timestamp for event, _ in self._events.values())
        return {
            "correlation_id": str(self.correlation_id),
            "trace_id": self.correlation_id.hex,
            "account": next((event.account for event, _ in self._events.values() if event.account), None),
            "symbol": signal.symbol if signal else _first(self._events.values(), "symbol"),
            "signal_source": signal.signal_source if signal else None,
            "kind": signal.kind.value if signal else None,
            "began_at": format_utc(self.began_at),
            "last_at": format_utc(last),
            "ms": _ms(self.began_at, last),
            "strategies": self.strategies(),
        }

    def strategies(self) -> dict[str, dict[str, Any]]:
        """The end, or present state, for each strategy that answered."""
        names = {name for event, _ in self._events.values() if (name := _strategy(event))}
        return {name: self._state(name) for name in sorted(names)}

    def _state(self, name: str) -> dict[str, Any]:
        own = [event for event, _ in self.ordered() if _strategy(event) == name]
        state: dict[str, Any] = {"terminal": terminal_of(own).value}
        for event in own:
            state.update(_told(event))
        return state

    def _alert(self) -> list[dict[str, Any]]:
        """The alert itself: what came before the first event."""
        signal = self.signal
        if signal is None:
            return []
        said = {
            "signal_source": signal.signal_source,
            "dialect": signal.dialect,
            "fired_at": format_utc(signal.fired_at) if signal.fired_at else None,
            "body_digest": signal.body_digest,
        }
        return [
            {
                "stage": "alert",
                "type": None,
                "event_id": None,
                "causation_id": None,
                "source": "outside",
                "timestamp": format_utc(signal.received_at),
                "ms": _ms(signal.timestamp, signal.received_at),
                "sequence": None,
                "strategy": None,
                "data": said,
            }
        ]

    def _entry(self, event: Event, sequence: int) -> dict[str, Any]:
        return {
            "stage": _stage(event),
            "type": event.type,
            "event_id": str(event.event_id),
            "causation_id": str(event.causation_id) if event.causation_id else None,
            "source": event.source,
            "timestamp": format_utc(event.timestamp),
            "ms": _ms(self.began_at, event.timestamp),
            "sequence": sequence,
            "strategy": _strategy(event),
            "data": event.model_dump(mode="json", exclude_none=True, exclude=set(ENVELOPE_FIELDS)),
        }


class Traces:
    """The newest traces; an event makes its trace the newest."""

    def __init__(self, traces_max: int, events_max: int) -> None:
        self._events_max = events_max
        self._traces: Bounded[UUID, Trace] = Bounded(traces_max)

    def __len__(self) -> int:
        return len(self._traces)

    def fold(self, event: Event, sequence: int) -> None:
        """Add one event to its trace."""
        trace = self._traces.get(event.correlation_id) or Trace(event.correlation_id, self._events_max)
        trace.fold(event, sequence)
        self._traces.put(event.correlation_id, trace)

    def get(self, correlation_id: UUID) -> Trace | None:
        """Return the trace, None when it is unknown or forgotten."""
        return self._traces.get(correlation_id)

    def latest(self) -> Iterator[Trace]:
        """All traces, the newest first."""
        return self._traces.newest()


def terminal_of(events: list[Event]) -> Terminal:
    """Return where a flow stands, from the ordered events of one strategy."""
    updates = [event for event in events if isinstance(event, OrderStatusUpdatedEvent)]
    if any(isinstance(event, FillEvent) and event.status is OrderStatus.FILLED for event in events):
        return Terminal.FILLED
    ends = [_ENDS[update.status] for update in updates if update.status in _ENDS]
    if ends:
        return Terminal.FILLED if Terminal.FILLED in ends else ends[-1]
    if updates or any(isinstance(event, OrderSubmittedEvent | FillEvent) for event in events):
        return Terminal.WORKING
    rulings = [event for event in events if isinstance(event, _RULINGS)]
    if rulings:
        rejected = isinstance(rulings[-1], RiskRejectedEvent)
        return Terminal.REJECTED_BY_GATE if rejected else Terminal.PENDING
    verdicts = [event.verdict for event in events if isinstance(event, AgentRunEvent)]
    if AgentVerdict.PROPOSED in verdicts or any(isinstance(event, TradeProposalEvent) for event in events):
        return Terminal.PENDING
    if AgentVerdict.FAILED in verdicts:
        return Terminal.FAILED
    return Terminal.ABSTAINED if verdicts else Terminal.PENDING


def _told(event: Event) -> dict[str, Any]:
    """What one event adds to the state of its strategy."""
    match event:
        case AgentRunEvent():
            return {"verdict": event.verdict.value, "reason_code": event.reason_code, "reason": event.reason}
        case TradeProposalEvent():
            return {"proposal_id": str(event.event_id), "plan_id": str(event.plan.plan_id)}
        case RiskApprovedEvent():
            return {"ruling": "APPROVED", "checks": _checks(event), "client_order_id": event.client_order_id}
        case RiskRejectedEvent() | RiskHeldEvent():
            ruling = "REJECTED" if isinstance(event, RiskRejectedEvent) else "HELD"
            said = {"reasons": list(event.reasons), "explanation": event.explanation}
            return {"ruling": ruling, "checks": _checks(event), **said}
        case OrderStatusUpdatedEvent():
            filled = {"filled_quantity": f"{event.filled_quantity:f}", "order_code": event.code}
            return {"client_order_id": event.client_order_id, "order_status": event.status.value, **filled}
        case FillEvent():
            return {"filled_quantity": f"{event.filled_quantity:f}", "last_fill_price": f"{event.price:f}"}
        case _:
            return {}


def _checks(event: RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent) -> list[dict[str, Any]]:
    return [check.model_dump(mode="json") for check in event.checks]


def _stage(event: Event) -> str:
    return STAGES.get(event.type, "other")


def _strategy(event: Event) -> str | None:
    if isinstance(event, SignalEvent):
        return None  # the name the sender gave, not one of ours
    name = getattr(event, "strategy", None)
    return name if isinstance(name, str) else None


def _first(events: Any, name: str) -> Any:
    return next((value for event, _ in events if (value := getattr(event, name, None)) is not None), None)


def _ms(start: datetime, moment: datetime) -> float:
    return round((moment - start).total_seconds() * 1000, 3)
