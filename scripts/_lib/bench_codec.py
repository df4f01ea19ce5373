"""Measures the codec beside bare Pydantic: the same fields with plain types, the same events, in the same run."""

from __future__ import annotations

import gc
import re
import time
import types
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, create_model

if TYPE_CHECKING:
    from at_core.events.envelope import Event

__all__ = ["CODEC_AIM", "bare_model", "codec_figures", "varied"]

CODEC_AIM = 1.5
"""Encode and the complete decode together, at most, of what bare Pydantic takes for the same fields."""

_TYPES = ("portfolio.account.changed", "trading.execution.fill", "trading.execution.submitted")
"""20 fields with the envelope; 20 payload fields in the envelope; 20 payload fields and an expiry."""

_POOL = 256
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DECIMAL = re.compile(r"\d+\.\d+")
_VALUE = re.compile(r'(?<=":")[^"]+(?=")')
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T.*Z")


def codec_figures(batches: int) -> dict[str, dict[str, Any]]:
    """Return the figures of each type; times in microseconds per event, medians of ``batches`` interleaved batches."""
    from at_core.contracts.golden import golden_events

    golden = {event.type: event for event in golden_events()}
    return {name: _figures(golden[name], batches) for name in _TYPES}


def _figures(sample: Event, batches: int) -> dict[str, Any]:
    from at_core.events import decode, encode
    from at_core.events.codec import headers_of
    from at_core.events.subjects import subject_of

    cls, bare = type(sample), bare_model(type(sample))
    events = list(varied(sample))
    bodies = [encode(event) for event in events]
    plain = [bare.model_validate_json(body) for body in bodies]
    messages = [(subject_of(event), headers_of(event), encode(event)) for event in events]
    times = _interleaved(
        {
            "bare_decode_us": lambda: [bare.model_validate_json(body) for body in bodies],
            "decode_us": lambda: [decode(*message) for message in messages],
            "validate_us": lambda: [cls.model_validate_json(body) for body in bodies],
            "bare_encode_us": lambda: [event.model_dump_json(exclude_none=True) for event in plain],
            "encode_us": lambda: [encode(event) for event in events],
        },
        batches,
    )
    floor = times["bare_decode_us"] + times["bare_encode_us"]
    return {
        "fields": len(cls.model_fields),
        "bytes": len(bodies[0]),
        **{name: round(value, 2) for name, value in times.items()},
        "verbs_ratio": round((times["validate_us"] + times["encode_us"]) / floor, 2),
        "ratio": round((times["decode_us"] + times["encode_us"]) / floor, 2),
    }


def _interleaved(verbs: dict[str, Callable[[], object]], batches: int) -> dict[str, float]:
    """Return the median time of each verb per event, in microseconds; every batch runs each verb once over the pool."""
    for verb in verbs.values():
        verb()
    gc.collect()
    gc.freeze()
    taken: dict[str, list[int]] = {name: [] for name in verbs}
    for _ in range(batches):
        for name, verb in verbs.items():
            began = time.perf_counter_ns()
            verb()
            taken[name].append(time.perf_counter_ns() - began)
    gc.unfreeze()
    return {name: median(values) / _POOL / 1000 for name, values in taken.items()}


def varied(sample: Event) -> Iterator[Event]:
    """Yield events that differ in ids, numbers and times, so that nothing is fast because it was just seen."""
    from at_core.events.codec import decode_body, encode

    text = encode(sample).decode()
    for number in range(_POOL):
        other = _VALUE.sub(partial(_other_value, number), text)
        yield decode_body(sample.type, sample.major(), other.encode())


def _other_value(number: int, match: re.Match[str]) -> str:
    from at_core.ids import natural_id

    value = match[0]
    if _UUID.fullmatch(value):
        return str(natural_id("bench", f"{number} {value}"))
    if _DECIMAL.fullmatch(value):
        return str(Decimal(value) + Decimal(number) / 8)
    if _TIME.fullmatch(value):
        moment = datetime.fromisoformat(value) + timedelta(milliseconds=number)
        return moment.isoformat(timespec="microseconds")[:26] + "Z"
    return value


def bare_model(cls: type[BaseModel]) -> type[BaseModel]:
    """Return a frozen model of the same fields without any constraint: what Pydantic costs by itself."""
    fields: dict[str, Any] = {
        name: (_plain(field.annotation), ... if field.is_required() else field.default)
        for name, field in cls.model_fields.items()
    }
    return create_model(f"Bare{cls.__name__}", __config__=ConfigDict(frozen=True), **fields)


def _plain(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_plain(option) for option in get_args(annotation))]  # noqa: UP007  # built at run time
    return str if origin is Literal else annotation
