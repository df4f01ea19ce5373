"""Calls to the broker: each bounded in time and counted; no answer becomes the value OUTCOME_UNKNOWN."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from at_core.errors import WorldFailed
from at_core.runtime.metrics import Metrics
from at_exec_sim.brokers.models import BrokerCode, BrokerRefusal

__all__ = ["BrokerCalls"]

T = TypeVar("T")

_VERBS = (
    "authenticate",
    "cancel_order",
    "feed",
    "find_order",
    "get_fills",
    "get_open_orders",
    "get_trades",
    "place_order",
)


class BrokerCalls:
    """The engine's way to its broker."""

    def __init__(self, metrics: Metrics, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        outcomes = ("ok", *(code.value for code in BrokerCode))
        self._calls = metrics.counter(
            "at_broker_calls_total",
            "Calls to the broker, by verb and outcome.",
            {"verb": _VERBS, "outcome": outcomes},
        )
        self._seconds = metrics.histogram(
            "at_broker_call_seconds", "Time a call to the broker took.", {"verb": _VERBS}
        )

    async def ask(self, verb: str, call: Awaitable[T]) -> T | BrokerRefusal:
        """Await ``call`` within the timeout; a timeout or a broken line is an unknown outcome, not a failure."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer: T | BrokerRefusal
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await call
        except (TimeoutError, OSError, WorldFailed) as error:
            answer = BrokerRefusal(BrokerCode.OUTCOME_UNKNOWN, f"{type(error).__name__}: {error}"[:300])
        outcome = answer.code.value if isinstance(answer, BrokerRefusal) else "ok"
        self._calls.inc(verb, outcome)
        self._seconds.observe(loop.time() - began, verb)
        return answer
