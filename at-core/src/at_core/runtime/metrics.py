"""Metrics: a typed catalogue over prometheus-client; label values come from closed sets and start at zero.

A label set that is born with its first event has no increase in Prometheus, so every combination is created at 0.
A value outside its closed set is counted as ``other`` rather than growing the series without bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Generic, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest

from at_core.events.registry import event_types

__all__ = ["LATENCY_BUCKETS", "Counter", "Gauge", "Histogram", "Metrics"]

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; holds every threshold an alert or a promise speaks of."""

OTHER = "other"
CODES = ("NEWER_MAJOR", "UNKNOWN_TYPE", "INVALID_BODY", "DOWNCAST_REFUSED", "HANDLER_ERROR")
"""Codes of dead letters that ask for different answers; the rest is counted as ``other``."""
M = TypeVar("M", prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)
Labels = Mapping[str, Sequence[str]]


class _Series(Generic[M]):
    """The series of one metric: every combination made at once, every other value mapped onto ``other``."""

    def __init__(self, metric: M, labels: Labels) -> None:
        self._metric: M = metric
        self._sets = tuple(frozenset(values) for values in labels.values())
        self._made: dict[tuple[str, ...], M] = {}
        for values in product(*(sorted(known) for known in self._sets)) if labels else ((),):
            self._made[values] = metric.labels(*values) if values else metric

    def of(self, values: tuple[str, ...]) -> M:
        """Return the series with these label values, in declared order."""
        known = self._made.get(values)
        if known is not None:
            return known
        if len(values) != len(self._sets):
            raise ValueError(f"{len(self._sets)} label values expected, got {len(values)}")
        closed = tuple(
            value if value in allowed else OTHER for value, allowed in zip(values, self._sets, strict=True)
        )
        return self._made.setdefault(closed, self._metric.labels(*closed))


class Counter:
    """A counter whose label sets exist from the start."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, labels: Labels) -> None:
        metric = prometheus_client.Counter(name, text, list(labels), registry=registry)
        self._series = _Series(metric, labels)

    def inc(self, *values: str, amount: float = 1) -> None:
        """Add ``amount`` (not negative) to the series with these label values, in declared order."""
        self._series.of(values).inc(amount)


class Gauge:
    """A gauge whose label sets exist from the start."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, labels: Labels) -> None:
        metric = prometheus_client.Gauge(name, text, list(labels), registry=registry)
        self._series = _Series(metric, labels)

    def set(self, value: float, *values: str) -> None:
        """Set the series with these label values, in declared order."""
        self._series.of(values).set(value)


class Histogram:
    """A histogram in seconds (or another base unit its name says)."""

    def __init__(
        self, registry: CollectorRegistry, name: str, text: str, labels: Labels, buckets: Sequence[float]
    ) -> None:
        metric = prometheus_client.Histogram(name, text, list(labels), registry=registry, buckets=buckets)
        self._series = _Series(metric, labels)

    def observe(self, value: float, *values: str) -> None:
        """Record one observation."""
        self._series.of(values).observe(value)


class Metrics:
    """One process's metrics; each process (or simulated service) has its own registry."""

    def __init__(self, role: str, version: str = "0", durables: Sequence[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self.role = role
        types = tuple(event_types())
        self._published = self.counter(
            "at_events_published_total",
            "Events handed to the bus, by type and outcome.",
            {"type": types, "outcome": ("stored", "duplicate", "unconfirmed", "unsayable")},
        )
        self._consumed = self.counter(
            "at_events_consumed_total",
            "Messages settled, by durable and outcome.",
            {
                "durable": durables,
                "outcome": ("handled", "redelivered", "dead_lettered", "folded", "skipped"),
            },
        )
        self._set_aside = self.counter(
            "at_events_set_aside_total",
            "Messages that could not be handled, by durable and code.",
            {"durable": durables, "code": CODES},
        )
        self._pending = self.gauge(
            "at_consumer_pending_messages",
            "Messages waiting behind the last one seen.",
            {"durable": durables},
        )
        self._handle = self.histogram(
            "at_handle_seconds", "Time to handle one batch, publish included.", {"durable": durables}
        )
        self._ready = self.gauge("at_service_ready", "1 when caught up and connected.", {})
        self._restarts = self.counter(
            "at_service_rebuilds_total",
            "Times the state was thrown away and folded again, by cause.",
            {"cause": ("start", "bus", "gap", "world", "bug")},
        )
        build = prometheus_client.Gauge(
            "at_build_info",
            "Always 1; the labels say what runs.",
            ["role", "version"],
            registry=self.registry,
        )
        build.labels(role, version).set(1)

    def counter(self, name: str, text: str, labels: Labels) -> Counter:
        """Declare a counter; ``labels`` maps each label to its closed set of values."""
        return Counter(self.registry, name, text, labels)

    def gauge(self, name: str, text: str, labels: Labels) -> Gauge:
        """Declare a gauge."""
        return Gauge(self.registry, name, text, labels)

    def histogram(
        self, name: str, text: str, labels: Labels, buckets: Sequence[float] = LATENCY_BUCKETS
    ) -> Histogram:
        """Declare a histogram."""
        return Histogram(self.registry, name, text, labels, buckets)

    def published(self, event_type: str, outcome: str) -> None:
        """Count one publish."""
        self._published.inc(event_type, outcome)

    def consumed(self, durable: str, outcome: str, count: int = 1) -> None:
        """Count settled messages."""
        self._consumed.inc(durable, outcome, amount=count)

    def set_aside(self, durable: str, code: str) -> None:
        """Count one dead letter under its code."""
        self._set_aside.inc(durable, code)

    def waiting(self, durable: str, pending: int) -> None:
        """Set how many messages wait behind the last one seen."""
        self._pending.set(pending, durable)

    def handled(self, durable: str, seconds: float) -> None:
        """Record how long a batch took."""
        self._handle.observe(seconds, durable)

    def ready(self, yes: bool) -> None:
        """Set readiness."""
        self._ready.set(1 if yes else 0)

    def rebuilt(self, cause: str) -> None:
        """Count one rebuild of the state."""
        self._restarts.inc(cause)

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample by its full name, for tests and status pages."""
        return self.registry.get_sample_value(name, labels)

    def render(self) -> bytes:
        """Return the text exposition."""
        return generate_latest(self.registry)
