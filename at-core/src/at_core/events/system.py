"""Stops and states: kill switch, trading mode and state, heartbeats."""

from __future__ import annotations

from typing import ClassVar, Literal

from at_core.enums import KillSwitchLevel, KillSwitchScope, TradingMode, TradingState
from at_core.events.envelope import Event, Payload, Text, Token, UtcTime

__all__ = [
    "Heartbeat",
    "HeartbeatEvent",
    "KillSwitchActivated",
    "KillSwitchEvent",
    "KillSwitchReleased",
    "TradingModeChanged",
    "TradingModeEvent",
]


class _KillSwitch(Payload):
    scope: KillSwitchScope
    scope_value: Token
    """Account or strategy name; ``all`` when the scope is GLOBAL."""
    level: KillSwitchLevel
    reason: Text
    triggered_by: Token
    action_taken: Token


class KillSwitchActivated(_KillSwitch):
    """Trading stops for the scope, as hard as the level says."""

    TYPE: ClassVar[str] = "system.killswitch.activated"


class KillSwitchReleased(_KillSwitch):
    """Trading may go on for the scope."""

    TYPE: ClassVar[str] = "system.killswitch.released"


class KillSwitchEvent(_KillSwitch, Event):
    """``system.killswitch.activated`` and ``.released``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "SYSTEM"
    KEYS: ClassVar[tuple[str, ...]] = ("scope", "scope_value")

    type: Literal["system.killswitch.activated", "system.killswitch.released"]


class TradingModeChanged(Payload):
    """Paper or live, and how freely orders may be sent."""

    TYPE: ClassVar[str] = "system.tradingmode.changed"

    mode: TradingMode
    trading_state: TradingState
    previous_trading_state: TradingState | None = None
    reason: Text
    triggered_by: Token


class TradingModeEvent(TradingModeChanged, Event):
    """``system.tradingmode.changed``."""

    PRODUCER: ClassVar[str] = "engine"
    STREAM: ClassVar[str] = "SYSTEM"
    KEYS: ClassVar[tuple[str, ...]] = ("account",)

    type: Literal["system.tradingmode.changed"]


class Heartbeat(Payload):
    """A service says that it lives; one type per role, because each type has one producer (law 2)."""

    role: Literal["gateway", "agents", "gate", "engine", "obs"]
    instance: Token
    version: Token
    ready: bool
    started_at: UtcTime

    @property
    def event_type(self) -> str:
        """``heartbeat.<role>``."""
        return f"heartbeat.{self.role}"


class HeartbeatEvent(Heartbeat, Event):
    """``heartbeat.<role>``; the producer is the role in the type."""

    PRODUCER: ClassVar[str] = "role"
    STREAM: ClassVar[str] = "HEALTH"
    KEYS: ClassVar[tuple[str, ...]] = ("instance",)

    type: Literal[
        "heartbeat.gateway", "heartbeat.agents", "heartbeat.gate", "heartbeat.engine", "heartbeat.obs"
    ]
