"""Plain text: TradingView's default message of a strategy alert.

    <strategy>[ (<inputs>)]: order <buy|sell> @ <contracts> filled on <ticker>. New strategy position is <n>

The number after ``@`` is the size. ``n`` is the signed position afterwards, so the position before follows from it.
"""

from __future__ import annotations

import re
from typing import Final

from at_gateway.webhook.dialects.words import Raw, Said
from at_gateway.webhook.refusals import Refusal, RefusalCode

__all__ = ["looks_like_text", "read_text_message"]

DIALECT: Final = "tradingview-text"
_SPLIT: Final = ": order "
_TAIL: Final = re.compile(
    r"(?P<action>\S{1,20}) @ (?P<contracts>\S{1,80}) filled on (?P<ticker>\S{1,120})\. "
    r"New strategy position is (?P<position>\S{1,80})",
    re.IGNORECASE,
)
_INPUTS: Final = re.compile(r"\s*\([^()]*\)$")


def looks_like_text(text: str) -> bool:
    """Return whether ``text`` tries to be the default strategy message."""
    lowered = text.lower()
    return _SPLIT in " ".join(lowered.split()) and " filled on " in lowered


def read_text_message(text: str) -> Said | Refusal:
    """Return what the default message says; blanks and line ends inside do not matter."""
    line = " ".join(text.split())
    at = line.lower().rfind(_SPLIT)
    match = _TAIL.fullmatch(line[at + len(_SPLIT) :]) if at > 0 else None
    if match is None:
        return Refusal(
            RefusalCode.UNKNOWN_DIALECT,
            "expected '<strategy>: order buy @ 1 filled on BTCUSDT. New strategy position is 1'",
        )
    name = _INPUTS.sub("", line[:at]).strip() or line[:at]
    position = match["position"]
    fields: dict[str, tuple[str, Raw]] = {
        "strategy": ("strategy name", name),
        "action": ("order", match["action"]),
        "quantity": ("the number after @", match["contracts"]),
        "symbol": ("filled on", match["ticker"]),
        "position_size": ("new strategy position", position[:-1] if position.endswith(".") else position),
    }
    return Said(DIALECT, fields)
