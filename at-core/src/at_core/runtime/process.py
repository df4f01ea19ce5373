"""A process: settings in, one service running, drained on SIGTERM; the same for every role."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Literal

import uvloop

from at_core.clock import Clock, SystemClock
from at_core.errors import BusUnavailable, PermissionDenied
from at_core.events.emit import Emit
from at_core.events.system import Heartbeat
from at_core.ids import IdSource, SystemIds
from at_core.instruments import Instruments
from at_core.runtime.body import Body, Job
from at_core.runtime.bus import Bus
from at_core.runtime.http import HttpServer, StatusApp
from at_core.runtime.logging import configure_logging, redactor
from at_core.runtime.metrics import Metrics
from at_core.runtime.nats_bus import NatsBus
from at_core.runtime.presence import Presence
from at_core.runtime.publisher import BodySigner, Publisher
from at_core.runtime.service import Service
from at_core.runtime.settings import ServiceSettings, read_text
from at_core.runtime.signing import NkeySigner
from at_core.topology.consumers import durables_of
from at_core.topology.live import Announcement
from at_core.topology.readers import reads_of, writes_of
from at_core.topology.roles import role as role_named
from at_core.topology.wiring import Wiring

__all__ = ["Composition", "Runtime", "load_instruments", "run_process"]

log = logging.getLogger(__name__)

RoleName = Literal["gateway", "agents", "gate", "engine", "obs"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the shell gives to a composition root."""

    bus: Bus
    clock: Clock
    ids: IdSource
    metrics: Metrics
    publisher: Publisher
    instruments: Instruments


@dataclass(frozen=True, slots=True)
class Composition:
    """What a composition root gives back. ``app`` replaces the plain status pages (it must mount them itself)."""

    wiring: Wiring
    body: Body
    jobs: Sequence[Job] = ()
    app: Callable[[StatusApp], Any] | None = None
    close: Callable[[], None] = lambda: None


def load_instruments(settings: ServiceSettings) -> Instruments:
    """Return the instruments of the configured file, or the packaged ones."""
    if settings.instruments_file is None:
        return Instruments.from_toml((files("at_core") / "data" / "instruments.toml").read_text("utf-8"))
    return Instruments.from_toml(
        read_text(settings.instruments_file, "the instruments"), str(settings.instruments_file)
    )


def run_process(
    role: RoleName, member: str, settings: ServiceSettings, compose: Callable[[Runtime], Composition]
) -> None:
    """Run one role until SIGTERM or SIGINT; raises AtError when it cannot start or must not go on."""
    configure_logging(role, settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(role, member, settings, compose))


async def _run(
    role: RoleName, member: str, settings: ServiceSettings, compose: Callable[[Runtime], Composition]
) -> None:
    seed = read_text(settings.bus.seed_file, f"the nkey seed of role {role}").strip()
    redactor.register(seed)
    build = _version(member)
    metrics = Metrics(role, build, [durable.name for durable in durables_of(role)])
    clock, ids = SystemClock(), SystemIds()
    instruments = load_instruments(settings)
    signer: BodySigner | None = NkeySigner(seed) if role_named(role).signs else None
    bus = NatsBus.prepare(
        settings.bus.url,
        role_name=role,
        seed_file=settings.bus.seed_file,
        name=f"{member}/{role}-{settings.instance}",
        connect_timeout_seconds=settings.bus.connect_timeout_seconds,
        on_violation=lambda text: log.critical("the bus refused a subject", extra={"violation": text}),
    )
    publisher = Publisher(
        bus,
        clock,
        metrics,
        role=role,
        source=f"{member}/{role}-{settings.instance}",
        signer=signer,
        emit_major=settings.emit_major,
    )
    runtime = Runtime(bus, clock, ids, metrics, publisher, instruments)
    composition = compose(runtime)  # before connecting: a bad file is named also where there is no bus yet
    beat = _heartbeat(role, settings, build, runtime)
    service = Service(
        composition.wiring,
        composition.body,
        bus=bus,
        publisher=publisher,
        clock=clock,
        metrics=metrics,
        jobs=(*composition.jobs, Job("heartbeat", settings.heartbeat_seconds, beat)),
    )
    try:
        await bus.open()
        presence = _presence(role, member, settings, composition.wiring, runtime)
        await _serve(settings, composition, service, runtime, presence)
    finally:
        composition.close()
    log.info("stopped")


async def _serve(
    settings: ServiceSettings,
    composition: Composition,
    service: Service,
    runtime: Runtime,
    presence: Presence,
) -> None:
    status = StatusApp(runtime.metrics, lambda: service.ready)
    app = composition.app(status) if composition.app else status
    server = HttpServer(app, settings.http.host, settings.http.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
    try:
        async with presence:  # first of all: what must not be emitted must not be accepted either
            await server.start()
            log.info("listening", extra={"host": settings.http.host, "port": server.port})
            # The start-up objects live for ever: keep the collector from walking them in every full pass.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 20)
            await service.run()
    finally:
        await server.stop()
        with suppress(BusUnavailable):
            await runtime.bus.close()


def _presence(
    role: RoleName, member: str, settings: ServiceSettings, wiring: Wiring, runtime: Runtime
) -> Presence:
    own = Announcement(
        role=role,
        instance=settings.instance,
        member=member,
        member_version=_version(member)[:80],
        at_core_version=_version("at-core")[:80],
        started_at=runtime.clock.now(),
        reads=reads_of(wiring),
        writes=writes_of(wiring, runtime.publisher.major_of),
    )
    return Presence(
        runtime.bus,
        own,
        runtime.metrics,
        every_seconds=settings.announce_seconds,
        emit_unread=settings.emit_unread,
    )


def _heartbeat(
    role: RoleName, settings: ServiceSettings, build: str, runtime: Runtime
) -> Callable[[], Awaitable[None]]:
    started_at = runtime.clock.now()

    async def beat() -> None:
        payload = Heartbeat(
            role=role, instance=settings.instance, version=build, ready=True, started_at=started_at
        )
        event = runtime.publisher.originate(Emit(payload), runtime.ids.root(), runtime.clock.now())
        try:
            await runtime.publisher.publish(event)
        except PermissionDenied:
            raise
        except BusUnavailable:
            # A missed heartbeat is itself the message; the streams' own loops notice a lost bus.
            log.debug("heartbeat not confirmed")

    return beat


def _version(member: str) -> str:
    try:
        return version(member)
    except PackageNotFoundError:
        return "0"
