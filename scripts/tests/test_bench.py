"""The bench of the codec measures what it says: the same fields without constraints, different events, every verb."""

from __future__ import annotations

from decimal import Decimal

from _lib.bench_codec import bare_model, codec_figures, varied
from at_core.contracts.golden import golden_events
from at_core.events import encode

GOLDEN = {event.type: event for event in golden_events()}


def test_the_floor_has_the_same_fields_and_none_of_the_constraints() -> None:
    event = GOLDEN["trading.execution.fill"]
    bare = bare_model(type(event))
    assert list(bare.model_fields) == list(type(event).model_fields)
    same = bare.model_validate_json(encode(event))
    assert same.model_dump() == event.model_dump()
    loose = same.model_dump() | {"symbol": "with blanks", "price": Decimal(-1), "trace_id": "none"}
    assert bare.model_validate(loose).model_dump() == loose


def test_the_events_differ() -> None:
    bodies = {encode(event) for event in varied(GOLDEN["trading.execution.fill"])}
    assert len(bodies) == 256


def test_every_figure_is_taken() -> None:
    for figures in codec_figures(2).values():
        assert figures["fields"] >= 20
        assert all(
            figures[name] > 0 for name in ("bare_decode_us", "decode_us", "bare_encode_us", "encode_us")
        )
        pair = figures["decode_us"] + figures["encode_us"]
        floor = figures["bare_decode_us"] + figures["bare_encode_us"]
        assert abs(figures["ratio"] - pair / floor) < 0.05
