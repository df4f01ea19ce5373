"""The simulated venue's book on disk: one SQLite transaction per command, durable before anybody is answered.

WAL and ``synchronous=FULL``: a kill -9 of the engine loses nothing the venue acknowledged, as with a real broker.
Calls are synchronous and short (one fsync); the store belongs to one process and is locked by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from at_core.errors import ConfigurationError
from at_core.events.envelope import format_utc
from at_exec_sim.portfolio import Holding
from at_exec_sim.simulator.book import Market, VenueBook, VenueFill, VenueOrder
from at_exec_sim.simulator.venue import MarketSeen, OrderFilled, VenueEvent

__all__ = ["VenueStore"]

_FORMAT: Final = "1"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    client_order_id TEXT PRIMARY KEY,
    broker_order_id TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL,
    status TEXT NOT NULL,
    quantity TEXT NOT NULL,
    filled_quantity TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fills (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL UNIQUE,
    client_order_id TEXT NOT NULL REFERENCES orders(client_order_id),
    symbol TEXT NOT NULL,
    executed_at TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS fills_by_order ON fills(client_order_id);
CREATE TABLE IF NOT EXISTS holdings (
    symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL, average_price TEXT, realized_pnl TEXT NOT NULL,
    multiplier TEXT NOT NULL, fill_count INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS markets (symbol TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
"""


class VenueStore:
    """Loads and saves one venue's book. ``:memory:`` keeps it for the life of this object only."""

    def __init__(self, path: Path | str) -> None:
        place = str(path)
        try:
            if place != ":memory:":
                Path(place).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(place, isolation_level=None, check_same_thread=True, timeout=5.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"the simulated venue cannot keep its book in {place}: {error}; "
                "check the folder, its rights, and that no other engine uses it"
            ) from error
        found = self._meta("format")
        if found not in (None, _FORMAT):
            raise ConfigurationError(
                f"{place} has book format {found}; this build reads {_FORMAT}: move it away"
            )

    def load(self, opening_cash: Decimal) -> VenueBook:
        """Return the book; a new one starts with ``opening_cash``, an existing one keeps its own money."""
        cash = self._meta("cash")
        if cash is None:
            with self._transaction():
                self._set("format", _FORMAT)
                self._set("cash", _plain(opening_cash))
            return VenueBook(opening_cash)
        book = VenueBook(Decimal(cash))
        for (body,) in self._db.execute("SELECT body FROM orders ORDER BY rowid"):
            order = VenueOrder.model_validate_json(body)
            book.orders[order.client_order_id] = order
            book.by_broker_id[order.broker_order_id] = order.client_order_id
            if not order.status.terminal:
                book.working[order.client_order_id] = None
        for symbol, quantity, average, realized, multiplier, count in self._db.execute(
            "SELECT symbol, quantity, average_price, realized_pnl, multiplier, fill_count FROM holdings"
        ):
            book.holdings[symbol] = Holding(
                Decimal(multiplier),
                Decimal(quantity),
                Decimal(average) if average else None,
                Decimal(realized),
                count,
            )
        for (body,) in self._db.execute("SELECT body FROM markets"):
            market = Market.model_validate_json(body)
            book.markets[market.symbol] = market
        return book

    def save(self, book: VenueBook, events: Sequence[VenueEvent]) -> None:
        """Write what ``events`` changed, in one transaction. ``book`` is the state after them."""
        if not events:
            return
        orders: dict[str, VenueOrder] = {}
        markets: dict[str, Market] = {}
        fills: list[VenueFill] = []
        for event in events:
            if isinstance(event, MarketSeen):
                markets[event.market.symbol] = event.market
                continue
            orders[event.order.client_order_id] = event.order
            if isinstance(event, OrderFilled):
                fills.append(event.fill)
        with self._transaction():
            for order in orders.values():
                self._save_order(order)
            for fill in fills:
                self._save_fill(fill)
            for symbol in {fill.symbol for fill in fills}:
                self._save_holding(symbol, book.holdings[symbol])
            for market in markets.values():
                self._db.execute(
                    "INSERT INTO markets VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                    (market.symbol, market.model_dump_json()),
                )
            if fills:
                self._set("cash", _plain(book.cash))

    def fills_after(self, sequence: int, limit: int) -> list[tuple[int, VenueFill]]:
        """Return up to ``limit`` executions after ``sequence``, oldest first, each with its own sequence."""
        rows = self._db.execute(
            "SELECT sequence, body FROM fills WHERE sequence > ? ORDER BY sequence LIMIT ?", (sequence, limit)
        )
        return [(number, VenueFill.model_validate_json(body)) for number, body in rows]

    def sequence_before(self, moment: datetime) -> int:
        """Return the cursor from which every execution at or after ``moment`` is still to come."""
        row = self._db.execute(
            "SELECT MIN(sequence) FROM fills WHERE executed_at >= ?", (format_utc(moment),)
        ).fetchone()
        if row[0] is not None:
            return int(row[0]) - 1
        last = self._db.execute("SELECT COALESCE(MAX(sequence), 0) FROM fills").fetchone()
        return int(last[0])

    def fills_of(self, symbol: str | None, client_order_id: str | None, limit: int) -> list[VenueFill]:
        """Return executions of a symbol, of an order, or of both, oldest first."""
        rows = self._db.execute(
            "SELECT body FROM fills WHERE (?1 IS NULL OR symbol = ?1) AND (?2 IS NULL OR client_order_id = ?2) "
            "ORDER BY sequence LIMIT ?3",
            (symbol, client_order_id, limit),
        )
        return [VenueFill.model_validate_json(body) for (body,) in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _save_order(self, order: VenueOrder) -> None:
        self._db.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (client_order_id) DO UPDATE SET "
            "status = excluded.status, filled_quantity = excluded.filled_quantity, body = excluded.body",
            (
                order.client_order_id,
                order.broker_order_id,
                order.symbol,
                order.status.value,
                _plain(order.quantity),
                _plain(order.filled_quantity),
                order.model_dump_json(),
            ),
        )

    def _save_fill(self, fill: VenueFill) -> None:
        self._db.execute(
            "INSERT INTO fills (execution_id, client_order_id, symbol, executed_at, body) VALUES (?, ?, ?, ?, ?)",
            (
                fill.execution_id,
                fill.client_order_id,
                fill.symbol,
                format_utc(fill.executed_at),
                fill.model_dump_json(),
            ),
        )

    def _save_holding(self, symbol: str, held: Holding) -> None:
        average = _plain(held.average_price) if held.average_price is not None else None
        self._db.execute(
            "INSERT OR REPLACE INTO holdings VALUES (?, ?, ?, ?, ?, ?)",
            (
                symbol,
                _plain(held.quantity),
                average,
                _plain(held.realized_pnl),
                _plain(held.multiplier),
                held.fill_count,
            ),
        )

    def _meta(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    """All or nothing; the commit is on disk when the block ends."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")


def _plain(value: Decimal) -> str:
    return format(value, "f")
