"""Symbols: from what a chart calls a thing to the instrument of the registry, or to the nearest names.

An exchange prefix (``BINANCE:BTCUSDT``) and separators (``BTC-USDT``) may differ, the name may not: ``BTCUSDT.P`` is a
perpetual and never the spot pair. The venue is ours, because ``{{exchange}}`` may name a mere data source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from at_core.instruments import Instrument, Instruments
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["find_instrument"]

_SEPARATORS = re.compile(r"[-_/ ]")
_LENGTH_MAX = 80


def find_instrument(
    name: str, exchange: str | None, instruments: Instruments, allowed: Sequence[str]
) -> Instrument | Refusal:
    """Return the instrument a sender means; ``allowed`` empty means that every known one may be named."""
    if len(name) > _LENGTH_MAX:
        return Refusal(RefusalCode.UNKNOWN_SYMBOL, f"{name[:40]!r}... is no symbol: it is too long")
    found = next((hit for hit in map(instruments.find, _spellings(name, exchange)) if hit is not None), None)
    if found is None:
        return Refusal(RefusalCode.UNKNOWN_SYMBOL, _hint(name, instruments))
    if allowed and found.symbol not in allowed:
        return Refusal(
            RefusalCode.SYMBOL_NOT_ALLOWED,
            f"this source may trade {', '.join(allowed[:20])}, not {found.symbol}",
        )
    return found


def _spellings(name: str, exchange: str | None) -> Iterator[str]:
    bare = name.rpartition(":")[2]
    yield name
    if exchange:
        yield f"{exchange}:{bare}"
    yield bare
    yield _SEPARATORS.sub("", bare)


def _hint(name: str, instruments: Instruments) -> str:
    bare = name.rpartition(":")[2]
    near = instruments.nearest(bare)
    if near:
        return f"{name!r} is not in the instrument registry; did you mean {', '.join(near)}?"
    return f"{name!r} is not in the instrument registry, and nothing there is called alike"
