"""What the gate reads and writes is what its contract says: run over every sample ever frozen, held against it."""

import asyncio

import pytest
from gate_world import LIMITS, SYMBOL, a_fill, a_gate, a_kill_switch, a_price, a_trading_state, an_update

from at_core.contracts.consumers.load import installed_contracts
from at_core.contracts.consumers.model import Reading, Writing
from at_core.events import Event
from at_core.events.versions import readable_majors
from at_core.testing.builders import T0, a_position, a_proposal, an_account, an_approval
from at_core.testing.corpus import Sample, corpus
from at_core.testing.field_record import FieldRecord
from at_core.testing.handling import (
    differences,
    production_differences,
    run_body,
    unnoticed_changes,
    wiring_differences,
)
from at_exec_sim.wiring import GATE

Seen = tuple[FieldRecord, list[Event]]
(CONTRACT,) = (one for one in installed_contracts() if one.member == "at-exec-sim")
READS: list[Reading] = [one for one in CONTRACT.reads if one.role == "gate"]
WRITES: list[Writing] = [one for one in CONTRACT.writes if one.role == "gate"]
TYPES = [name for entry in (*GATE.observes, *GATE.reacts) for name in entry.types]


def story() -> list[Sample]:
    """What the frozen samples do not reach: a known account, prices of every kind, orders that lived and ended."""
    entry, exit_ = an_approval(1), an_approval(2, a_proposal(2, side="SELL", reduce_only=True))
    quote = a_price(n=3, kind="QUOTE", bid="50000", ask="50001")
    told = (
        an_account(fill_count=0), a_price(), quote, entry, exit_, a_position(1), a_position(2, last_price=None),
        an_update(entry, "ACKNOWLEDGED"), a_fill(entry, "0.2", "0.2"), an_update(entry, "CANCELED", "0.2"),
        a_fill(exit_, "0.5", "0.5"),
    )  # fmt: skip
    asked = (
        a_proposal(3, quantity="0.1", venue="BINANCE", stop_loss="49000", take_profit="52000"),
        a_proposal(4, quantity="0.1", order_type="STOP_LIMIT", limit_price="50100", stop_price="50050"),
        a_proposal(5, side="SELL", quantity="0.1", reduce_only=True),
        a_proposal(6, side="SELL", quantity=None, close_position=True),
    )
    return [Sample.of(event) for event in (*told, *asked)]


def stopped() -> list[Sample]:
    told = (an_account(fill_count=0), a_price(), a_kill_switch(), a_trading_state("REDUCING"), a_proposal(7))
    return [Sample.of(event) for event in told]


@pytest.fixture(scope="module")
def seen() -> Seen:
    samples = corpus(*TYPES)
    now, made = samples[0].event.timestamp, list[Event]()
    held = f"{LIMITS}hold_notional_above = 1\n"
    with FieldRecord() as record:
        for limits in (LIMITS, held):
            asyncio.run(run_body(a_gate(limits), GATE, samples, now, made.append))
            for told in (story(), stopped()):
                asyncio.run(run_body(a_gate(limits), GATE, told, T0, made.append))
    assert SYMBOL in {getattr(event, "symbol", "") for event in made}
    return record, made


def test_what_is_read_is_what_is_declared(seen: Seen) -> None:
    assert differences(seen[0], READS) == []


def test_a_field_left_out_and_a_field_made_up_are_noticed(seen: Seen) -> None:
    assert unnoticed_changes(seen[0], READS) == []


def test_types_durables_and_majors_are_those_of_the_wiring() -> None:
    assert wiring_differences(READS, GATE) == []
    assert all(one.majors == readable_majors(one.event_type) for one in READS)


def test_what_is_written_is_what_is_declared(seen: Seen) -> None:
    assert production_differences(WRITES, GATE, seen[1]) == []
