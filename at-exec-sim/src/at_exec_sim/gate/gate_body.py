"""The gate as a service body: folds what it observes, rules on what it is asked, remembers what it ruled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from at_core.events import Emit, Event, TradeProposalEvent
from at_core.instruments import Instruments
from at_core.risk.limits import Policy
from at_core.runtime.bus import Incoming
from at_core.runtime.delivery import Delivery
from at_exec_sim.gate.forgery import RULINGS, Hand, not_ours
from at_exec_sim.gate.ruling import decide
from at_exec_sim.gate.state import GateState

__all__ = ["GateBody"]


class GateBody:
    """Exactly one ruling per proposal: a proposal that has one, from this run or an earlier one, gets no second."""

    def __init__(self, policy: Policy, instruments: Instruments, hand: Hand | None = None) -> None:
        self._policy = policy
        self._instruments = instruments
        self._hand = hand
        self.state = GateState()

    def reset(self) -> None:
        """Forget everything; the fold begins again."""
        self.state = GateState()

    def observe(self, delivery: Delivery) -> None:
        """Fold one event of RISK, EXEC, MARKET or SYSTEM."""
        self.state.saw(delivery.stream, delivery.sequence)
        self.state.fold(delivery.event)

    def forged(self, message: Incoming) -> bool:
        """Whether an unreadable message among the rulings was never ruled by us; without a hand nobody can tell."""
        return message.stream == RULINGS and self._hand is not None and not_ours(message, self._hand)

    async def recover(self) -> None:
        """Nothing to do: the folded streams are the whole state."""

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Rule on a proposal, once."""
        proposal = delivery.event
        if not isinstance(proposal, TradeProposalEvent) or proposal.event_id in self.state.decided:
            return ()
        self.state.saw(delivery.stream, delivery.sequence)
        return (decide(self.state, proposal, self._policy, self._instruments, now),)

    def emitted(self, event: Event) -> None:
        """Reserve at once what was just approved, so that the next proposal sees it."""
        self.state.fold(event)
