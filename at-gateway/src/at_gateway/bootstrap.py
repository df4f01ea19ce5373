"""Composition root: builds the gateway from settings and ports, without a socket, a thread or a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from at_core.clock import Clock
from at_core.ids import IdSource
from at_core.instruments import Instruments
from at_core.runtime.bus import Bus
from at_core.runtime.http import StatusApp
from at_core.runtime.logging import redactor
from at_core.runtime.metrics import Metrics
from at_core.runtime.process import Composition, Runtime
from at_core.runtime.publisher import Publisher
from at_gateway.app import operator_app
from at_gateway.settings import GatewaySettings, SourceSettings
from at_gateway.views.fold import GatewayBody
from at_gateway.webhook.dedup import Memory
from at_gateway.webhook.intake import Intake, Kept
from at_gateway.webhook.meters import Meters
from at_gateway.webhook.route import App, WebhookRoute
from at_gateway.webhook.tokens import Tokens
from at_gateway.wiring import GATEWAY

__all__ = ["Gateway", "build_gateway", "compose"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts. A simulation uses ``intake`` and ``body``; a process also mounts ``app``."""

    body: GatewayBody
    intake: Intake
    app: Callable[[StatusApp], App]
    sources: dict[str, SourceSettings]


def build_gateway(
    settings: GatewaySettings,
    *,
    bus: Bus,
    clock: Clock,
    ids: IdSource,
    metrics: Metrics,
    instruments: Instruments,
    publisher: Publisher | None = None,
) -> Gateway:
    """Return the parts of the gateway on the given ports.

    The door publishes with few, short attempts: the answer must leave within its deadline, and the sender tries again.
    """
    source = publisher.source if publisher else f"at-gateway/gateway-{settings.instance}"
    prefix = publisher.prefix if publisher else ""
    door = Publisher(
        bus,
        clock,
        metrics,
        role="gateway",
        source=source,
        prefix=prefix,
        emit_major=settings.emit_major,
        attempts_max=3,
        timeout_seconds=settings.webhook.deadline_seconds,
    )
    meters = Meters(metrics, [known.name for known in settings.sources])
    intake = Intake(door, clock, instruments, settings.webhook, _memory(settings), meters, _kept(settings))
    body = GatewayBody(settings.read, intake.learn, intake.open)
    tokens = Tokens(settings.sources)

    def app(status: StatusApp) -> App:
        rest = operator_app(settings, body, door, clock, ids, status, _version())
        return WebhookRoute(intake, tokens, settings.webhook, meters, rest)

    return Gateway(body, intake, app, {known.name: known for known in settings.sources})


def compose(settings: GatewaySettings) -> Callable[[Runtime], Composition]:
    """Return what ``run_process`` needs to run the gateway."""

    def build(runtime: Runtime) -> Composition:
        gateway = build_gateway(
            settings,
            bus=runtime.bus,
            clock=runtime.clock,
            ids=runtime.ids,
            metrics=runtime.metrics,
            instruments=runtime.instruments,
            publisher=runtime.publisher,
        )
        return Composition(wiring=GATEWAY, body=gateway.body, app=gateway.app)

    return build


def _memory(settings: GatewaySettings) -> Memory:
    limits = settings.webhook
    return Memory(
        limits.remembered_max,
        timedelta(seconds=limits.resend_window_seconds),
        timedelta(seconds=limits.refire_window_seconds),
    )


def _kept(settings: GatewaySettings) -> Kept:
    secrets = tuple(secret.get_secret_value() for secret in settings.secrets)
    for secret in secrets:
        redactor.register(secret)
    return Kept(secrets, settings.token_digests)


def _version() -> str:
    try:
        return version("at-gateway")
    except PackageNotFoundError:
        return "0"
