"""Queries: what the views hold, for everybody who may look."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from at_core.enums import OrderStatus
from at_gateway.operator.auth import Guard
from at_gateway.operator.problems import Problem, ProblemBody, ProblemCode
from at_gateway.settings import ReadSettings
from at_gateway.views.fold import GatewayBody

__all__ = ["query_router"]

Limit = Annotated[int, Query(ge=1, description="How many entries at most; the newest first.")]
Name = Annotated[str | None, Query(max_length=120)]
Row = dict[str, Any]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody} for status in (401, 403, 422, 503)
}


def query_router(body: GatewayBody, limits: ReadSettings, viewer: Guard) -> APIRouter:
    """Return the read-only routes over the views of ``body``."""
    router = APIRouter(prefix="/v1", tags=["read"], dependencies=[Depends(viewer)], responses=_PROBLEMS)

    def page(name: str, rows: list[Row], limit: int, **wanted: str | None) -> Row:
        """One answer: the rows that match, how many there were, and how far the streams were folded."""
        if not body.ready:
            raise Problem(ProblemCode.NOT_READY, "the streams are still being folded; ask again")
        kept = [row for row in rows if all(value in (None, row.get(key)) for key, value in wanted.items())]
        return {name: kept[: min(limit, limits.page_max)], "total": len(kept), "folded": dict(body.folded)}

    @router.get("/traces")
    async def list_traces(limit: Limit = 50, signals_only: bool = False) -> Row:
        """The latest traces, in a few lines each."""
        traces = (trace for trace in body.traces.latest() if not signals_only or trace.signal is not None)
        rows = [trace.summary() for _, trace in zip(range(min(limit, limits.page_max)), traces, strict=False)]
        return page("traces", rows, limit)

    @router.get("/traces/{correlation_id}", responses={404: {"model": ProblemBody}})
    async def get_trace(correlation_id: UUID) -> Row:
        """The whole life of one alert: signal, runs, proposals, rulings with every check, orders, fills, position."""
        trace = body.traces.get(correlation_id)
        if trace is not None:
            return trace.document()
        if not body.ready:
            raise Problem(ProblemCode.NOT_READY, "the streams are still being folded; ask again")
        raise Problem(
            ProblemCode.UNKNOWN_TRACE, "no event with this correlation id is held; at-obs keeps older ones"
        )

    @router.get("/positions")
    async def list_positions(limit: Limit = 200, account: Name = None, symbol: Name = None) -> Row:
        """Positions, flat ones included."""
        return page("positions", body.books.positions(), limit, account=account, symbol=symbol)

    @router.get("/orders")
    async def list_orders(
        limit: Limit = 100,
        account: Name = None,
        symbol: Name = None,
        strategy: Name = None,
        status: OrderStatus | None = None,
    ) -> Row:
        """Orders with their latest status."""
        state = status.value if status else None
        rows = body.books.orders()
        return page("orders", rows, limit, account=account, symbol=symbol, strategy=strategy, status=state)

    @router.get("/fills")
    async def list_fills(
        limit: Limit = 100, account: Name = None, symbol: Name = None, strategy: Name = None
    ) -> Row:
        """Executions."""
        return page("fills", body.books.fills(), limit, account=account, symbol=symbol, strategy=strategy)

    @router.get("/account")
    async def list_accounts(limit: Limit = 100, account: Name = None) -> Row:
        """Cash, equity and results of each account."""
        return page("accounts", body.books.accounts(), limit, account=account)

    @router.get("/quarantine")
    async def list_quarantine(limit: Limit = 50, source: Name = None, code: Name = None) -> Row:
        """Refused alerts with their reason and their body, secrets removed."""
        return page("quarantine", body.quarantine.entries(), limit, signal_source=source, code=code)

    return router
