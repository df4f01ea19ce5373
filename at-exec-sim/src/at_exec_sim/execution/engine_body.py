"""The engine's body: approvals and commands in, order lifecycles out; the only room that gives the broker orders.

The engine publishes for itself, in its own order (intent before broker, result after), so ``react`` returns nothing
for the shell to publish. A lock keeps reaction and sweep apart; a publish that is not confirmed ends the session, and
the shell folds everything again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from at_core.clock import Clock
from at_core.enums import TradingMode, TradingState
from at_core.errors import ConfigurationError, WorldFailed
from at_core.events import Emit, Event, OperatorCommandEvent, TradingModeChanged
from at_core.runtime.delivery import Delivery
from at_exec_sim.brokers.models import BrokerCode
from at_exec_sim.brokers.port import BrokerAPI
from at_exec_sim.execution.announcer import Announcer
from at_exec_sim.execution.calls import BrokerCalls
from at_exec_sim.execution.config import EngineConfig
from at_exec_sim.execution.desk import OrderDesk
from at_exec_sim.execution.state import EngineState
from at_exec_sim.execution.sweep import Sweep
from at_exec_sim.execution.verify import Verifier, verified

__all__ = ["EngineBody"]

log = logging.getLogger(__name__)


class EngineBody:
    """Implements ``at_core.runtime.body.Body`` for role ``engine``, and ``poll`` for the shell's job list."""

    def __init__(
        self,
        *,
        broker: BrokerAPI,
        calls: BrokerCalls,
        announcer: Announcer,
        desk: OrderDesk,
        sweep: Sweep,
        state: EngineState,
        verifier: Verifier,
        clock: Clock,
        config: EngineConfig,
    ) -> None:
        self._broker = broker
        self._calls = calls
        self._say = announcer
        self._desk = desk
        self._sweep = sweep
        self._verifier = verifier
        self._clock = clock
        self._config = config
        self._lock = asyncio.Lock()
        self.state = state

    def reset(self) -> None:
        """Forget everything; the fold begins again."""
        self.state.clear()
        self._sweep.clear()

    def observe(self, delivery: Delivery) -> None:
        """Fold one event of EXEC, SYSTEM or MARKET."""
        self.state.evolve(delivery.event)

    def emitted(self, event: Event) -> None:
        """Fold an own output."""
        self.state.evolve(event)

    async def recover(self) -> None:
        """Meet the broker, say what an earlier run owes, and find out about every order that is not over.

        Raises WorldFailed while the broker does not answer, ConfigurationError when it does not accept us.
        """
        async with self._lock:
            await self._meet_broker()
            await self._open_books()
            await self._say.owed()
            await self._sweep.round()

    async def react(self, delivery: Delivery, now: datetime) -> Sequence[Emit]:
        """Execute one approval or obey one command; everything said is published here, in order."""
        if isinstance(delivery.event, OperatorCommandEvent):
            await self._obey(delivery.event)
            return ()
        async with self._lock:
            approval, digest = verified(delivery, self._verifier, self._config.account)
            await self._sweep.feed()
            await self._desk.execute(approval, digest, now)
            return ()

    async def poll(self) -> None:
        """One sweep; the shell calls it again and again while the service is ready."""
        async with self._lock:
            await self._sweep.round()

    async def _obey(self, command: OperatorCommandEvent) -> None:
        """A stop acts in memory at once (even while a sweep is under way), is said, then cancels what it covers."""
        controls = self.state.controls
        if not controls.handled(command.event_id):
            payloads = controls.decide(command)
            await self._say.say(*(self._say.caused(payload, command) for payload in payloads))
        async with self._lock:
            await self._sweep.stops()

    async def _meet_broker(self) -> None:
        refusal = await self._calls.ask("authenticate", self._broker.authenticate())
        if refusal is None:
            if not self._broker.capabilities.paper:
                raise ConfigurationError(
                    "the broker is no paper venue; live trading is not available in this build"
                )
            return
        if refusal.code is BrokerCode.AUTH:
            raise ConfigurationError(f"the broker does not accept the engine's credentials: {refusal.reason}")
        raise WorldFailed(f"the broker does not answer: {refusal.code}")

    async def _open_books(self) -> None:
        """At the very first start, say the account's opening statement and the trading mode."""
        first: list[Event] = []
        if not self.state.ledger.opened:
            today = self._clock.now().date()
            first.append(
                self._say.root(self.state.ledger.open_with(self._config.paper_cash, today), "opening")
            )
        if not self.state.controls.announced:
            mode = TradingModeChanged(
                mode=TradingMode.PAPER,
                trading_state=TradingState.ACTIVE,
                reason="first start: paper trading",
                triggered_by="engine",
            )
            first.append(self._say.root(mode, "trading-mode"))
        await self._say.say(*first)
