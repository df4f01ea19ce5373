"""The composition root of obs: pure construction from settings, store, clock and metrics."""

from __future__ import annotations

from collections.abc import Callable

from at_core.clock import Clock
from at_core.risk.codes import RejectCode
from at_core.runtime.body import Job
from at_core.runtime.metrics import Metrics
from at_core.runtime.process import Composition, Runtime
from at_obs.audit.recorder import HoleLimits, Recorder
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.audit.store import AuditStore
from at_obs.flow.metrics import ObsMetrics
from at_obs.observer import Observer
from at_obs.settings import ObsSettings
from at_obs.wiring import OBS

__all__ = ["TICK_SECONDS", "build_obs", "compose", "jobs_of"]

TICK_SECONDS = 1.0


def build_obs(
    store: AuditStore,
    clock: Clock,
    metrics: Metrics,
    *,
    limits: HoleLimits | None = None,
    flows_max: int = 10_000,
    prefix: str = "",
) -> Observer:
    """Return the body of obs on ``store``. Nothing is opened, read or started here."""
    recorder = Recorder(store, prefix=prefix, limits=limits)
    declared = ObsMetrics(metrics, tuple(RejectCode))
    return Observer(store, recorder, declared, clock, flows_max=flows_max, prefix=prefix)


def jobs_of(body: Observer) -> tuple[Job, ...]:
    """Return what the shell repeats for obs."""
    return (Job("audit-tick", TICK_SECONDS, body.tick),)


def compose(settings: ObsSettings) -> Callable[[Runtime], Composition]:
    """Return the composition root for ``run_process``; the audit file is opened when it is called."""

    def composed(runtime: Runtime) -> Composition:
        store = SqliteAuditStore(settings.audit_file)
        body = build_obs(
            store,
            runtime.clock,
            runtime.metrics,
            limits=HoleLimits(settings.hole_seconds_max, settings.hole_messages_max),
            flows_max=settings.flows_max,
            prefix=runtime.publisher.prefix,
        )
        return Composition(OBS, body, jobs_of(body), close=store.close)

    return composed
