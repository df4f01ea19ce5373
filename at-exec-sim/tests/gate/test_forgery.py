"""An unreadable message among the rulings: a forgery is passed over, a ruling of a newer build stops the gate."""

import asyncio

import nkeys
import pytest
from gate_world import a_gate, a_price

from at_core.errors import OurFault
from at_core.events import encode
from at_core.events.codec import headers_of
from at_core.events.subjects import subject_of
from at_core.runtime.bus import Outgoing
from at_core.runtime.memory_bus import MemoryBus
from at_core.runtime.metrics import Metrics
from at_core.runtime.publisher import SIGNATURE_HEADER, Publisher
from at_core.runtime.service import Service
from at_core.runtime.signing import NkeySigner, NkeyVerifier
from at_core.testing.builders import T0, a_proposal, an_account, an_approval
from at_core.testing.simulation import LoopClock, VirtualLoop, run_virtual
from at_core.topology.consumers import durables_of
from at_exec_sim.wiring import GATE

SIGNER = NkeySigner(bytes(nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER)).decode())
APPROVAL = an_approval()
BODY = encode(APPROVAL)
PLACE = subject_of(APPROVAL)
ELSEWHERE = PLACE.replace(".paper.", ".somebody.")
NEWER = BODY.replace(b'"approved_quantity"', b'"quantity_approved"')


def rules_after(subject: str, body: bytes, signature: str) -> bool:
    """Whether a gate that finds this among its rulings still rules on a proposal."""

    async def main(loop: VirtualLoop) -> bool:
        clock = LoopClock(loop, T0)
        bus = MemoryBus(clock)
        for event in (an_account(fill_count=0), a_price()):
            bus.store(Outgoing(subject_of(event), encode(event), headers_of(event)))
        bus.store(Outgoing(subject, body, {"Nats-Msg-Id": "planted", SIGNATURE_HEADER: signature}))
        handle = bus.as_role("gate")
        metrics = Metrics("gate", "0", [held.name for held in durables_of("gate")])
        publisher = Publisher(handle, clock, metrics, role="gate", source="at-exec-sim/gate-1", signer=SIGNER)
        body_of_gate = a_gate(hand=NkeyVerifier(SIGNER.public_key))
        service = Service(GATE, body_of_gate, bus=handle, publisher=publisher, clock=clock, metrics=metrics)
        running = loop.create_task(service.run())
        proposal = a_proposal(2, quantity="0.1")
        bus.store(Outgoing(subject_of(proposal), encode(proposal), headers_of(proposal)))
        while len(bus.records("RISK")) < 2 and not running.done():  # noqa: ASYNC110 - virtual time costs nothing
            await asyncio.sleep(0.05)
        service.stop()
        await running
        return len(bus.records("RISK")) == 2

    return run_virtual(main)


@pytest.mark.parametrize(
    ("subject", "body", "signature"),
    [
        (PLACE, b"{}", ""),
        (PLACE, b"no json at all", "bm90IGEgc2lnbmF0dXJl"),
        (PLACE, NEWER, SIGNER.sign(BODY)),
        (ELSEWHERE, BODY, SIGNER.sign(BODY)),
    ],
    ids=["unsigned", "nonsense", "altered", "a true one moved to another account"],
)
def test_a_forgery_is_passed_over_and_the_gate_goes_on(subject: str, body: bytes, signature: str) -> None:
    assert rules_after(subject, body, signature)


def test_what_we_signed_and_cannot_read_stops_the_gate() -> None:
    with pytest.raises(OurFault, match="gate-rulings cannot read"):
        rules_after(PLACE, NEWER, SIGNER.sign(NEWER))
