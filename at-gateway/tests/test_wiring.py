"""Wiring: what the gateway says it does is what the topology lets it do."""

from __future__ import annotations

from at_core.events.registry import producer_of, stream_of
from at_core.topology.consumers import durable
from at_core.topology.streams import JOURNAL_SOURCES
from at_gateway.wiring import GATEWAY, WIRINGS


def test_the_gateway_reacts_to_nothing_and_owns_what_it_emits() -> None:
    assert WIRINGS == (GATEWAY,)
    assert GATEWAY.reacts == ()
    assert GATEWAY.emits == {
        "trading.signal.created", "market.raw", "intake.alert.quarantined", "operator.command.issued",
    }  # fmt: skip
    assert {producer_of(name) for name in GATEWAY.emits} == {"gateway"}


def test_it_observes_its_own_two_folds_whole() -> None:
    journal, quarantine = GATEWAY.observes
    assert durable(journal.durable).kind == durable(quarantine.durable).kind == "fold"
    assert {stream_of(name) for name in journal.types} <= set(JOURNAL_SOURCES)
    assert quarantine.types == ("intake.alert.quarantined",)
