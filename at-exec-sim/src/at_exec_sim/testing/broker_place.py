"""A place for the broker cards: one fresh account at one broker, and how to bend its world."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from at_exec_sim.brokers.port import BrokerAPI

__all__ = ["BrokerPlace"]


class BrokerPlace(Protocol):
    """A fresh account and how to bend its world."""

    symbol: str
    quantity: Decimal
    """A quantity the account can afford several times."""
    far_below: Decimal
    """A buy limit price that does not trade."""

    @property
    def broker(self) -> BrokerAPI:
        """The adapter under test, authenticated."""
        ...

    async def move_market_to(self, price: Decimal) -> None:
        """Let the market of ``symbol`` trade at ``price``, with ample volume."""
        ...

    async def restart(self) -> None:
        """Build the adapter anew, as after a crash of our process; the broker's side lives on."""
        ...

    async def lose_next_answer(self) -> None:
        """Let the next order be taken and its answer be lost."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
