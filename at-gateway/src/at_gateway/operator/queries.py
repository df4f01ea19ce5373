"""Queries: what the views hold, for everybody who may look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from at_core.enums import OrderStatus
from at_gateway.operator.auth import Guard
from at_gateway.operator.problems import Problem, ProblemBody, ProblemCode
from at_gateway.settings import ReadSettings
from at_gateway.views.fold import GatewayBody

__all__ = ["Pages", "query_router"]

Limit = Annotated[int, Query(ge=1, description="How many entries at most; the newest first.")]
Name = Annotated[str | None, Query(max_length=120)]
Row = dict[str, Any]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody} for status in (401, 403, 422, 503)
}


class Pages:
    """Answers over the views of one body."""

    def __init__(self, body: GatewayBody, limits: ReadSettings) -> None:
        self.body = body
        self._limits = limits

    def require_ready(self) -> None:
        """Raise Problem while the views are incomplete: half a truth about positions is worse than none."""
        if not self.body.ready:
            raise Problem(ProblemCode.NOT_READY, "the streams are still being folded; ask again")

    def page(self, name: str, rows: Iterable[Row], limit: int, **wanted: str | None) -> Row:
        """One answer: the rows that match, how many there were, and how far the streams were folded."""
        self.require_ready()
        kept = [row for row in rows if all(value in (None, row.get(key)) for key, value in wanted.items())]
        shown = kept[: min(limit, self._limits.page_max)]
        return {name: shown, "total": len(kept), "folded": dict(self.body.folded)}

    def traces(self, limit: int, signals_only: bool) -> Row:
        """The latest traces in short; only those that are shown are made."""
        self.require_ready()
        found = [trace for trace in self.body.traces.latest() if trace.signal is not None or not signals_only]
        shown = [trace.summary() for trace in found[: min(limit, self._limits.page_max)]]
        return {"traces": shown, "total": len(found), "folded": dict(self.body.folded)}

    def trace(self, correlation_id: UUID) -> Row:
        """One trace whole; raises Problem when it is not held."""
        trace = self.body.traces.get(correlation_id)
        if trace is not None:
            return trace.document()
        self.require_ready()
        raise Problem(
            ProblemCode.UNKNOWN_TRACE, "no event with this correlation id is held; at-obs keeps older ones"
        )


def query_router(body: GatewayBody, limits: ReadSettings, viewer: Guard) -> APIRouter:
    """Return the read-only routes over the views of ``body``."""
    router = APIRouter(prefix="/v1", tags=["read"], dependencies=[Depends(viewer)], responses=_PROBLEMS)
    pages = Pages(body, limits)
    _add_traces(router, pages)
    _add_books(router, pages)
    return router


def _add_traces(router: APIRouter, pages: Pages) -> None:
    @router.get("/traces")
    async def list_traces(limit: Limit = 50, signals_only: bool = False) -> Row:
        """The latest traces, in a few lines each."""
        return pages.traces(limit, signals_only)

    @router.get("/traces/{correlation_id}", responses={404: {"model": ProblemBody}})
    async def get_trace(correlation_id: UUID) -> Row:
        """The whole life of one alert: signal, runs, proposals, rulings with every check, orders, fills, position."""
        return pages.trace(correlation_id)

    @router.get("/quarantine")
    async def list_quarantine(limit: Limit = 50, source: Name = None, code: Name = None) -> Row:
        """Refused alerts with their reason and their body, secrets removed."""
        return pages.page(
            "quarantine", pages.body.quarantine.entries(), limit, signal_source=source, code=code
        )


def _add_books(router: APIRouter, pages: Pages) -> None:
    @router.get("/positions")
    async def list_positions(limit: Limit = 200, account: Name = None, symbol: Name = None) -> Row:
        """Positions, flat ones included."""
        return pages.page("positions", pages.body.books.positions(), limit, account=account, symbol=symbol)

    @router.get("/orders")
    async def list_orders(
        limit: Limit = 100,
        account: Name = None,
        symbol: Name = None,
        strategy: Name = None,
        status: OrderStatus | None = None,
    ) -> Row:
        """Orders with their latest status."""
        wanted = {"account": account, "symbol": symbol, "strategy": strategy}
        return pages.page(
            "orders", pages.body.books.orders(), limit, **wanted, status=status.value if status else None
        )

    @router.get("/fills")
    async def list_fills(
        limit: Limit = 100, account: Name = None, symbol: Name = None, strategy: Name = None
    ) -> Row:
        """Executions."""
        wanted = {"account": account, "symbol": symbol, "strategy": strategy}
        return pages.page("fills", pages.body.books.fills(), limit, **wanted)

    @router.get("/account")
    async def list_accounts(limit: Limit = 100, account: Name = None) -> Row:
        """Cash, equity and results of each account."""
        return pages.page("accounts", pages.body.books.accounts(), limit, account=account)
