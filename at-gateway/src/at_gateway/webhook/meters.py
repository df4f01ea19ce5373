"""Meters of the door: counters and the latency histogram, with closed label sets."""

from __future__ import annotations

from collections.abc import Sequence

from at_core.runtime.metrics import Metrics
from at_gateway.webhook.refusals import RefusalCode, UnavailableCode

__all__ = ["STRANGER", "Meters"]

STRANGER = "stranger"
"""The source label of requests with an unknown token."""

_OUTCOMES = ("accepted", "duplicate", "refused", "unavailable")


class Meters:
    """What the door counts. Sources are those of the settings, codes those of the catalogue."""

    def __init__(self, metrics: Metrics, sources: Sequence[str]) -> None:
        names = (*sources, STRANGER)
        self._answers = metrics.counter(
            "at_webhook_requests_total",
            "Alerts answered, by source and outcome.",
            {"source": names, "outcome": _OUTCOMES},
        )
        self._codes = metrics.counter(
            "at_webhook_refusals_total",
            "Alerts refused (4xx) or put off (503), by code.",
            {"code": tuple(code.value for code in (*RefusalCode, *UnavailableCode))},
        )
        self._seconds = metrics.histogram(
            "at_webhook_accept_seconds",
            "Time from the first byte of an alert to its answer, by outcome.",
            {"outcome": _OUTCOMES},
        )
        self._under_way = metrics.gauge("at_webhook_under_way", "Alerts being handled now.", {})

    def answered(self, source: str, outcome: str, code: str) -> None:
        """Count one answer; ``code`` is empty when it was accepted."""
        self._answers.inc(source, outcome)
        if code:
            self._codes.inc(code)

    def took(self, seconds: float, outcome: str) -> None:
        """Record how long one answer took."""
        self._seconds.observe(seconds, outcome)

    def under_way(self, count: int) -> None:
        """Set how many alerts are being handled."""
        self._under_way.set(count)
