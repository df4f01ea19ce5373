"""The gate as a running service on a disturbed bus: lost confirmations, copies, crashes; one signed ruling each."""

import asyncio
import random
from decimal import Decimal

import nkeys
import pytest
from gate_world import a_gate, a_price

from at_core.events import Event, RiskApprovedEvent, decode, encode
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import SIGNATURE_HEADER, Publisher
from at_core.runtime.service import Service
from at_core.runtime.signing import NkeySigner, NkeyVerifier
from at_core.testing.builders import T0, a_proposal, an_account
from at_core.testing.simulation import FaultRates, Host, LoopClock, SeededFaults, VirtualLoop, run_virtual
from at_core.topology.consumers import durables_of
from at_exec_sim.wiring import GATE

SIGNER = NkeySigner(bytes(nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER)).decode())
RATES = FaultRates(lose_delivery=0)  # a server never loses the end of a fold in silence; the memory bus can
PROPOSALS = [a_proposal(n, quantity="0.1", side="BUY" if n % 3 else "SELL") for n in range(1, 25)]


async def disturbed(loop: VirtualLoop, seed: int) -> MemoryBus:
    """Let the gate rule on every proposal, each stored twice, while the bus misbehaves and the process dies."""
    clock = LoopClock(loop, T0)
    hosts: list[Host] = []
    faults = SeededFaults(random.Random(seed), RATES, crash=lambda _: hosts[0].crash())
    bus = MemoryBus(clock, faults=faults)

    def build() -> Service:
        handle, metrics = (
            bus.as_role("gate"),
            Metrics("gate", "0", [held.name for held in durables_of("gate")]),
        )
        publisher = Publisher(handle, clock, metrics, role="gate", source="at-exec-sim/gate-1", signer=SIGNER)
        return Service(GATE, a_gate(), bus=handle, publisher=publisher, clock=clock, metrics=metrics)

    hosts.append(Host("gate", build))
    for event in (an_account(fill_count=0), a_price()):
        store(bus, event)
    hosts[0].start()
    for proposal in PROPOSALS:
        store(bus, proposal)
        store(bus, proposal, message_id=f"again-{proposal.event_id}")
        await asyncio.sleep(0.2)
    await asyncio.sleep(5)
    faults.calm = True
    await asyncio.sleep(120)
    await hosts[0].stop()
    return bus


def store(bus: MemoryBus, event: Event, **headers: str) -> None:
    named = {"Nats-Msg-Id": headers["message_id"]} if headers else {}
    bus.store(Outgoing(subject_of(event), encode(event), {**headers_of(event), **named}))


def rulings(bus: MemoryBus) -> list[Event]:
    out = []
    for record in bus.records("RISK"):
        assert NkeyVerifier(SIGNER.public_key).verify(record.body, record.headers[SIGNATURE_HEADER])
        out.append(decode(record.subject, record.headers, record.body))
    return out


@pytest.mark.parametrize("seed", range(12))
def test_every_proposal_gets_exactly_one_signed_ruling_and_no_limit_is_shared(seed: int) -> None:
    bus = run_virtual(lambda loop: disturbed(loop, seed))
    made = rulings(bus)
    assert sorted(str(event.causation_id) for event in made) == sorted(str(it.event_id) for it in PROPOSALS)
    held = {"BUY": Decimal(0), "SELL": Decimal(0)}
    for event in made:
        if isinstance(event, RiskApprovedEvent):
            held[event.side] += event.reserved_notional
    assert max(held.values()) == 50_000, "the limit was neither reached nor exceeded"
