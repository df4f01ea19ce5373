"""What the desk reads and writes is what its contract says: run over every sample ever frozen, and held against it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from at_agents.bootstrap import build_desk
from at_agents.wiring import AGENTS
from at_core.contracts.consumers.load import installed_contracts
from at_core.contracts.consumers.model import Contract
from at_core.events import Event
from at_core.events.versions import readable_majors
from at_core.runtime.metrics import Metrics
from at_core.testing.builders import INSTRUMENTS, T0, a_market_bar, a_position, a_signal, an_account
from at_core.testing.corpus import Sample, corpus
from at_core.testing.field_record import FieldRecord
from at_core.testing.handling import (
    differences,
    production_differences,
    run_body,
    unnoticed_changes,
    wiring_differences,
)

CATALOGUE = (Path(__file__).parents[1] / "config" / "strategies.toml").read_text(encoding="utf-8")
FOREIGN = {
    ("trading.proposal.created", "confidence"): "a strategy of one's own may say how sure it is; ours do not"
}


def bars(*closes: int) -> list[Event]:
    return [a_market_bar(n, close=str(close)) for n, close in enumerate(closes, start=1)]


def story() -> list[Sample]:
    """What the frozen samples do not reach: crossing averages, a quote, and every kind of exit."""
    quote = a_market_bar(99, kind="QUOTE", bid="50000", ask="50001", symbol="BTC/USDT")
    crossing = bars(*range(100, 70, -1), *range(70, 140, 4))
    signals = [
        a_signal(1, kind="CLOSE", side=None, prev_market_position="LONG"),
        a_signal(2, kind="ORDER", reduce_only=True),
        a_signal(3, kind="REVERSE", quantity=None, prev_market_position_size="1", market_position_size="2"),
        a_signal(4, kind="TARGET", target_position=None, market_position="LONG", market_position_size="2"),
        a_signal(5, order_type="STOP_LIMIT", limit_price="49000", stop_price="48900"),
        a_signal(6, stop_loss="49000", take_profit="52000"),
        a_signal(7, account="another"),
    ]
    return [Sample.of(event) for event in (an_account(), a_position(), *crossing, quote, *signals)]


def recorded(record: FieldRecord, now: datetime, samples: list[Sample]) -> list[Event]:
    desk, made = build_desk(CATALOGUE, INSTRUMENTS, Metrics("agents")), list[Event]()
    asyncio.run(run_body(desk, AGENTS, samples, now, made.append))
    return made


@pytest.fixture(scope="module")
def seen() -> tuple[FieldRecord, list[Event]]:
    types = [name for entry in (*AGENTS.observes, *AGENTS.reacts) for name in entry.types]
    samples = corpus(*types)
    now = samples[0].event.timestamp
    with FieldRecord() as record:
        made = recorded(record, now, list(samples))
        made += recorded(record, T0 + timedelta(seconds=1), story())
    return record, made


@pytest.fixture(scope="module")
def contract() -> Contract:
    (own,) = (one for one in installed_contracts() if one.member == "at-agents")
    return own


def test_what_is_read_is_what_is_declared(seen: tuple[FieldRecord, list[Event]], contract: Contract) -> None:
    assert differences(seen[0], contract.reads) == []


def test_a_field_left_out_and_a_field_made_up_are_noticed(
    seen: tuple[FieldRecord, list[Event]], contract: Contract
) -> None:
    assert unnoticed_changes(seen[0], contract.reads) == []


def test_types_durables_and_majors_are_those_of_the_wiring(contract: Contract) -> None:
    assert wiring_differences(contract.reads, AGENTS) == []
    assert all(one.majors == readable_majors(one.event_type) for one in contract.reads)


def test_what_is_written_is_what_is_declared(
    seen: tuple[FieldRecord, list[Event]], contract: Contract
) -> None:
    assert production_differences(contract.writes, AGENTS, seen[1], excused=FOREIGN) == []
