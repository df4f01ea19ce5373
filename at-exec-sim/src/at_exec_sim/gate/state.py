"""The gate's state: a fold of its own rulings, of executions, of market prices and of stops (law 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from at_core.enums import KillSwitchScope, TradingState
from at_core.events import (
    Event,
    KillSwitchEvent,
    MarketDataEvent,
    RiskApprovedEvent,
    RiskHeldEvent,
    RiskRejectedEvent,
    SeenStream,
    TradeProposalEvent,
    TradingModeEvent,
)
from at_core.numbers import round_money
from at_core.risk.trial import ActiveSwitch, MarketPrice
from at_exec_sim.gate.book import AccountBook

__all__ = ["GateState"]

REMEMBERED_MAX: Final = 500_000
"""Rulings remembered, oldest forgotten first: far beyond what can be redelivered or still be valid."""

_PRICE_PLACES: Final = 18
_STRICTNESS: Final = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}
_ACTIVATED: Final = "system.killswitch.activated"

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(slots=True)
class GateState:
    """Everything a ruling depends on. Two states folded from the same events are equal."""

    books: dict[str, AccountBook] = field(default_factory=dict)
    prices: dict[str, MarketPrice] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    """The same prices without their times, as the exposure functions want them."""
    switches: dict[tuple[KillSwitchScope, str], ActiveSwitch] = field(default_factory=dict)
    states: dict[str | None, TradingState] = field(default_factory=dict)
    decided: dict[UUID, None] = field(default_factory=dict)
    """Proposals that have their one ruling, by event id."""
    plans: dict[tuple[str, UUID], None] = field(default_factory=dict)
    scopes: dict[tuple[str, str], UUID] = field(default_factory=dict)
    """Approved plans by account and idempotency scope."""
    sequences: dict[str, int] = field(default_factory=dict)

    def saw(self, stream: str, sequence: int) -> None:
        """Note how far a stream was read."""
        self.sequences[stream] = max(sequence, self.sequences.get(stream, 0))

    @property
    def seen(self) -> tuple[SeenStream, ...]:
        """How far every stream was read, by name."""
        return tuple(
            SeenStream(stream=name, sequence=self.sequences[name]) for name in sorted(self.sequences)
        )

    def fold(self, event: Event) -> None:
        """Take one event; a copy of a ruling changes nothing."""
        if isinstance(event, MarketDataEvent):
            self._market(event)
        elif isinstance(event, (RiskApprovedEvent, RiskRejectedEvent, RiskHeldEvent)):
            self._ruling(event)
        elif isinstance(event, KillSwitchEvent):
            self._switch(event)
        elif isinstance(event, TradingModeEvent):
            self.states[event.account] = event.trading_state
        elif event.account is not None:
            self._book(event.account).fold(event)

    def book(self, account: str | None) -> AccountBook:
        """Return the account's book; an empty one when nothing is known."""
        return self.books.get(account or "", AccountBook())

    def approved_before(self, proposal: TradeProposalEvent) -> UUID | None:
        """Return the plan approved earlier with the same id or for the same purpose, if any."""
        account, plan = proposal.account or "", proposal.plan
        if (account, plan.plan_id) in self.plans:
            return plan.plan_id
        return self.scopes.get((account, plan.idempotency_scope))

    def covering(self, account: str | None, strategy: str) -> tuple[ActiveSwitch, ...]:
        """Return the kill switches that are on for this account or strategy."""
        wanted = {KillSwitchScope.ACCOUNT: account, KillSwitchScope.STRATEGY: strategy}
        return tuple(
            switch
            for (scope, value), switch in sorted(self.switches.items())
            if scope is KillSwitchScope.GLOBAL or wanted[scope] == value
        )

    def trading_state(self, account: str | None) -> TradingState:
        """Return the stricter of the account's state and the state of all accounts."""
        known = (self.states.get(name, TradingState.ACTIVE) for name in {account, None})
        return max(known, key=_STRICTNESS.__getitem__)

    def _book(self, account: str) -> AccountBook:
        return self.books.setdefault(account, AccountBook())

    def _market(self, event: MarketDataEvent) -> None:
        last = event.last
        moment = min(event.exchange_time, event.received_at)
        known = self.prices.get(event.symbol)
        if last is None or (known is not None and moment < known.observed_at):
            return
        # The middle of a quote can have one digit more than the wire allows.
        rounded = round_money(last, _PRICE_PLACES)
        price = last if rounded == last else rounded
        self.prices[event.symbol] = MarketPrice(price, moment)
        self.marks[event.symbol] = price

    def _ruling(self, event: RiskApprovedEvent | RiskRejectedEvent | RiskHeldEvent) -> None:
        """Note a ruling. An approval counts by its plan, whatever we thought we ruled: the stream is the truth.

        (A publish given up for lost can still be stored; the other ruling made meanwhile has the same id, so the
        stream drops that one, and its memory must give way here.)
        """
        _remember(self.decided, event.proposal_id, None)
        if not isinstance(event, RiskApprovedEvent) or event.account is None:
            return
        if (event.account, event.plan_id) not in self.plans:
            _remember(self.plans, (event.account, event.plan_id), None)
            _remember(self.scopes, (event.account, event.plan.idempotency_scope), event.plan_id)
            self._book(event.account).fold(event)

    def _switch(self, event: KillSwitchEvent) -> None:
        key = (event.scope, event.scope_value)
        if event.type == _ACTIVATED:
            self.switches[key] = ActiveSwitch(event.scope, event.scope_value, event.level)
        else:
            self.switches.pop(key, None)


def _remember(memory: dict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED_MAX:
        del memory[next(iter(memory))]
