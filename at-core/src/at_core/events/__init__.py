"""The shared vocabulary: import events, payloads and the codec's two verbs from here."""

from at_core.events.agent_run import AgentRunCompleted, AgentRunEvent, SeenStream
from at_core.events.codec import decode, encode
from at_core.events.emit import Emit, derive, originate
from at_core.events.envelope import Event, Payload
from at_core.events.fill import FillEvent, FillRecorded
from at_core.events.intake import AlertQuarantined, AlertQuarantinedEvent
from at_core.events.market import MarketDataEvent, MarketObserved
from at_core.events.operator import OperatorCommandEvent, OperatorCommandIssued
from at_core.events.order import (
    OrderStatusUpdated,
    OrderStatusUpdatedEvent,
    OrderSubmitted,
    OrderSubmittedEvent,
)
from at_core.events.portfolio import AccountChanged, AccountEvent, PositionChanged, PositionEvent
from at_core.events.proposal import (
    OrderSkeleton,
    ProposalCreated,
    RiskModel,
    TradeIntent,
    TradePlan,
    TradeProposalEvent,
)
from at_core.events.risk import (
    CheckResult,
    RiskApproved,
    RiskApprovedEvent,
    RiskHeld,
    RiskHeldEvent,
    RiskRejected,
    RiskRejectedEvent,
)
from at_core.events.signal import SignalCreated, SignalEvent
from at_core.events.system import (
    Heartbeat,
    HeartbeatEvent,
    KillSwitchActivated,
    KillSwitchEvent,
    KillSwitchReleased,
    TradingModeChanged,
    TradingModeEvent,
)

__all__ = [
    "AccountChanged",
    "AccountEvent",
    "AgentRunCompleted",
    "AgentRunEvent",
    "AlertQuarantined",
    "AlertQuarantinedEvent",
    "CheckResult",
    "Emit",
    "Event",
    "FillEvent",
    "FillRecorded",
    "Heartbeat",
    "HeartbeatEvent",
    "KillSwitchActivated",
    "KillSwitchEvent",
    "KillSwitchReleased",
    "MarketDataEvent",
    "MarketObserved",
    "OperatorCommandEvent",
    "OperatorCommandIssued",
    "OrderSkeleton",
    "OrderStatusUpdated",
    "OrderStatusUpdatedEvent",
    "OrderSubmitted",
    "OrderSubmittedEvent",
    "Payload",
    "PositionChanged",
    "PositionEvent",
    "ProposalCreated",
    "RiskApproved",
    "RiskApprovedEvent",
    "RiskHeld",
    "RiskHeldEvent",
    "RiskModel",
    "RiskRejected",
    "RiskRejectedEvent",
    "SeenStream",
    "SignalCreated",
    "SignalEvent",
    "TradeIntent",
    "TradePlan",
    "TradeProposalEvent",
    "TradingModeChanged",
    "TradingModeEvent",
    "decode",
    "derive",
    "encode",
    "originate",
]
