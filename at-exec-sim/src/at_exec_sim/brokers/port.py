"""The broker port: the verbs every adapter answers, asynchronously, with values for every refusal.

Laws of the port, checked by ``at_exec_sim.testing.broker_cards``:

1. A refusal is a returned ``BrokerRefusal``; an exception means that the adapter is broken.
2. ``place_order`` answers OUTCOME_UNKNOWN whenever the order may exist without us knowing it.
3. NOT_FOUND from ``find_order`` is the answer to a query for that one order, never a conclusion from a list.
4. ``get_fills`` pages are oldest first and a cursor never skips; it may repeat, so readers drop known executions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from at_exec_sim.brokers.models import (
    BrokerAccount,
    BrokerFill,
    BrokerOrder,
    BrokerPosition,
    BrokerRefusal,
    BrokerSnapshot,
    Capabilities,
    FillPage,
    MarketTick,
    OrderFilter,
    OrderRequest,
    Quote,
    TradeFilter,
)

__all__ = ["BrokerAPI", "MarketFed"]


class BrokerAPI(Protocol):
    """One account at one broker. The caller bounds every call with a timeout of its own."""

    @property
    def capabilities(self) -> Capabilities:
        """What this adapter can do; final after ``authenticate``."""
        ...

    async def authenticate(self) -> BrokerRefusal | None:
        """Prove who we are and learn the capabilities; None when accepted. Credentials came with construction."""
        ...

    async def get_account(self) -> BrokerAccount | BrokerRefusal:
        """Return the account's money."""
        ...

    async def get_positions(self) -> tuple[BrokerPosition, ...] | BrokerRefusal:
        """Return every position that is not flat."""
        ...

    async def get_open_orders(self) -> tuple[BrokerOrder, ...] | BrokerRefusal:
        """Return every order that may still trade."""
        ...

    async def get_orders(self, which: OrderFilter) -> tuple[BrokerOrder, ...] | BrokerRefusal:
        """Return orders, newest first, at most ``which.limit``."""
        ...

    async def get_trades(self, which: TradeFilter) -> tuple[BrokerFill, ...] | BrokerRefusal:
        """Return executions, oldest first, at most ``which.limit``."""
        ...

    async def get_fills(self, since: str | datetime | None, limit: int = 500) -> FillPage | BrokerRefusal:
        """Return executions after a cursor of an earlier page, or from a time on, or from the beginning."""
        ...

    async def get_quotes(self, symbols: Sequence[str]) -> tuple[Quote, ...] | BrokerRefusal:
        """Return the known quotes of ``symbols``; unknown ones are left out."""
        ...

    async def get_snapshot(self) -> BrokerSnapshot | BrokerRefusal:
        """Return account, positions and open orders of one moment."""
        ...

    async def place_order(self, request: OrderRequest) -> BrokerOrder | BrokerRefusal:
        """Place one order; the answer is the order, possibly filled already, or why there is none."""
        ...

    async def cancel_order(self, broker_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Cancel what is left of an order; the answer is the order afterwards (it may have filled meanwhile)."""
        ...

    async def get_order_status(self, broker_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Return one order by the broker's id."""
        ...

    async def find_order(self, client_order_id: str) -> BrokerOrder | BrokerRefusal:
        """Return one order by our id, whatever its state; NOT_FOUND is a statement about that order."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


@runtime_checkable
class MarketFed(Protocol):
    """A paper venue that trades on the market data we give it; a real broker has its own."""

    async def feed(self, ticks: Sequence[MarketTick]) -> None:
        """Take observations in order; those not newer than the last one of their symbol are ignored."""
        ...
