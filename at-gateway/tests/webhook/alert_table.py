"""The table of alert bodies: one file per family, read once, and what becomes of a body in the table's words."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway_world import INSTRUMENTS, a_source

from at_core.enums import OrderType, QuantityUnit
from at_core.events import MarketObserved
from at_core.numbers import plain
from at_core.testing.builders import T0
from at_gateway.webhook.admission import Accept, Refuse, decide

__all__ = ["FAMILIES", "ROWS", "Family", "Row", "outcome"]

FOLDER = Path(__file__).parent / "alert_bodies"
SKEW = timedelta(seconds=60)
_SAID = (
    "dialect", "kind", "symbol", "side", "quantity", "quantity_unit", "order_type", "limit_price", "stop_price",
    "stop_loss", "take_profit", "reference_price", "reduce_only", "target_position", "market_position",
    "market_position_size", "prev_market_position", "prev_market_position_size", "strategy", "late",
)  # fmt: skip
_USUAL = {
    "quantity_unit": QuantityUnit.DEFAULT,
    "order_type": OrderType.MARKET,
    "reduce_only": False,
    "late": False,
}


@dataclass(frozen=True)
class Row:
    """One body and what is expected of it; ``expect`` names everything that is not as usual."""

    id: str
    sender: str
    content_type: str
    body: str
    expect: dict[str, Any]
    hint: str
    source: dict[str, Any]


@dataclass(frozen=True)
class Family:
    """One file of the table."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]


def outcome(row: Row) -> tuple[dict[str, Any], str]:
    """Return what the live path makes of a row's body, without what is as usual, and the hint of a refusal."""
    found = decide(row.body.encode(), a_source(**row.source), T0, INSTRUMENTS, SKEW)
    if isinstance(found, Refuse):
        return {"reason": found.refusal.code.value}, found.refusal.text
    assert isinstance(found, Accept)
    if isinstance(found.payload, MarketObserved):
        bar = found.payload
        return {
            "dialect": "bar-json",
            "kind": bar.kind.value,
            "symbol": bar.symbol,
            "interval": bar.interval,
        }, ""
    said = {name: getattr(found.payload, name) for name in _SAID}
    usual = {name: value for name, value in said.items() if value is not None and _USUAL.get(name) != value}
    return {name: _shown(value) for name, value in usual.items()}, ""


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value if isinstance(value, bool) else str(value)


def _family(path: Path) -> Family:
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = tuple(
        Row(
            id=row["id"],
            sender=row["sender"],
            content_type=row.get("content_type", told["content_type"]),
            body=row["body"],
            expect=row["expect"],
            hint=row.get("hint", ""),
            source=row.get("source", {}),
        )
        for row in told["alert"]
    )
    return Family(path.stem, told["title"], told["about"], rows)


FAMILIES = tuple(_family(path) for path in sorted(FOLDER.glob("*.toml")))
ROWS = tuple(row for family in FAMILIES for row in family.rows)
