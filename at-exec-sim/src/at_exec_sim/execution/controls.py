"""Controls: kill switches, trading mode and trading state, folded from SYSTEM; and what an operator's command does.

A kill switch over the whole platform or over this account means REDUCING: nothing new is opened, orders that only
reduce risk pass (law 8). CANCEL_AND_REDUCE also cancels working entries; FLATTEN cancels every working order. FLATTEN
does not close positions by itself: an order without an approval of the gate does not exist, so the closing orders
come as proposals; what was done is said in ``action_taken``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from at_core.enums import (
    KillSwitchLevel,
    KillSwitchScope,
    OperatorCommandKind,
    TradingMode,
    TradingState,
)
from at_core.events import (
    Event,
    KillSwitchActivated,
    KillSwitchEvent,
    KillSwitchReleased,
    OperatorCommandEvent,
    Payload,
    TradingModeChanged,
    TradingModeEvent,
)

__all__ = ["ACTIONS", "Controls", "Switch"]

ALL: Final = "all"

ACTIONS: Final = {
    KillSwitchLevel.STOP_ENTRIES: "ENTRIES_STOPPED",
    KillSwitchLevel.CANCEL_AND_REDUCE: "ENTRIES_STOPPED_WORKING_ENTRIES_CANCELED",
    KillSwitchLevel.FLATTEN: "ALL_OPEN_ORDERS_CANCELED_POSITIONS_KEPT_REDUCING",
}
"""What the engine does at each level, in the words of ``action_taken``."""


@dataclass(frozen=True, slots=True)
class Switch:
    """An active kill switch."""

    scope: KillSwitchScope
    scope_value: str
    level: KillSwitchLevel
    since: datetime


class Controls:
    """The stops of one account. ``evolve`` is its only way to change."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._switches: dict[tuple[KillSwitchScope, str], Switch] = {}
        self._handled: set[UUID] = set()
        self._seen: set[UUID] = set()
        self.mode = TradingMode.PAPER
        self.trading_state = TradingState.ACTIVE
        self.announced = False
        """Whether the stream has a trading mode for this account."""

    def evolve(self, event: Event) -> None:
        """Fold one event of SYSTEM."""
        if not isinstance(event, KillSwitchEvent | TradingModeEvent) or event.event_id in self._seen:
            return
        self._seen.add(event.event_id)
        if event.causation_id is not None:
            self._handled.add(event.causation_id)
        if isinstance(event, KillSwitchEvent):
            key = (event.scope, event.scope_value)
            if event.type == KillSwitchReleased.TYPE:
                self._switches.pop(key, None)
            else:
                self._switches[key] = Switch(event.scope, event.scope_value, event.level, event.timestamp)
        elif event.account == self._account:
            self.announced = True
            self.mode = event.mode
            self.trading_state = event.trading_state

    def handled(self, command_id: UUID) -> bool:
        """Whether the stream shows that this command was obeyed: a redelivery must not repeat it after a release."""
        return command_id in self._handled

    def switches(self, strategy: str | None = None) -> list[Switch]:
        """Return the active switches that cover this account, and ``strategy`` when given."""
        return [switch for switch in self._switches.values() if self._covers(switch, strategy)]

    def entry_block(self, strategy: str) -> str | None:
        """Return the code that stops a new entry of ``strategy``, or None."""
        if self.trading_state is TradingState.HALTED:
            return "TRADING_HALTED"
        if self.switches(strategy):
            return "KILL_SWITCH"
        return "TRADING_REDUCING" if self.trading_state is TradingState.REDUCING else None

    def exit_block(self) -> str | None:
        """Return the code that stops even a risk-reducing order, or None."""
        return "TRADING_HALTED" if self.trading_state is TradingState.HALTED else None

    def decide(self, command: OperatorCommandEvent) -> list[Payload]:
        """Return what an operator's command makes of the controls; nothing for commands of other rooms."""
        if command.command is OperatorCommandKind.KILL_SWITCH_ACTIVATE:
            return self._activate(command)
        if command.command is OperatorCommandKind.KILL_SWITCH_RELEASE:
            return self._release(command)
        if command.command in (OperatorCommandKind.LIVE_MODE_ENABLE, OperatorCommandKind.LIVE_MODE_DISABLE):
            reason = "live trading is not available in this build; the mode stays PAPER"
            return [self._mode(command, self.trading_state, reason)]
        return []

    def _activate(self, command: OperatorCommandEvent) -> list[Payload]:
        scope, value = self._scope(command)
        level = command.level or KillSwitchLevel.STOP_ENTRIES
        switch = KillSwitchActivated(
            scope=scope,
            scope_value=value,
            level=level,
            reason=command.reason,
            triggered_by=command.operator,
            action_taken=ACTIONS[level],
        )
        if scope is KillSwitchScope.STRATEGY or self.trading_state is not TradingState.ACTIVE:
            return [switch]
        if scope is KillSwitchScope.ACCOUNT and value != self._account:
            return [switch]
        return [switch, self._mode(command, TradingState.REDUCING, command.reason)]

    def _release(self, command: OperatorCommandEvent) -> list[Payload]:
        scope, value = self._scope(command)
        known = self._switches.get((scope, value))
        released = KillSwitchReleased(
            scope=scope,
            scope_value=value,
            level=known.level if known else command.level or KillSwitchLevel.STOP_ENTRIES,
            reason=command.reason,
            triggered_by=command.operator,
            action_taken="RELEASED" if known else "NOTHING_WAS_ACTIVE",
        )
        others = [switch for switch in self.switches() if switch is not known]
        if others or self.trading_state is not TradingState.REDUCING:
            return [released]
        return [released, self._mode(command, TradingState.ACTIVE, command.reason)]

    def _mode(self, command: OperatorCommandEvent, state: TradingState, reason: str) -> TradingModeChanged:
        return TradingModeChanged(
            mode=TradingMode.PAPER,
            trading_state=state,
            previous_trading_state=self.trading_state,
            reason=reason,
            triggered_by=command.operator,
        )

    def _scope(self, command: OperatorCommandEvent) -> tuple[KillSwitchScope, str]:
        scope = command.scope or KillSwitchScope.GLOBAL
        if scope is KillSwitchScope.GLOBAL:
            return scope, ALL
        if command.scope_value:
            return scope, command.scope_value
        if scope is KillSwitchScope.ACCOUNT:
            return scope, self._account
        # A switch without a name would protect nothing: it is widened. A release without one releases nothing.
        activates = command.command is OperatorCommandKind.KILL_SWITCH_ACTIVATE
        return (KillSwitchScope.GLOBAL, ALL) if activates else (scope, ALL)

    def _covers(self, switch: Switch, strategy: str | None) -> bool:
        if switch.scope is KillSwitchScope.GLOBAL:
            return True
        if switch.scope is KillSwitchScope.ACCOUNT:
            return switch.scope_value == self._account
        return strategy is not None and switch.scope_value == strategy
