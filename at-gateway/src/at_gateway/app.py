"""The HTTP face: the webhook's thin route in front, the operator API and the status pages behind it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from at_core.clock import Clock
from at_core.ids import IdSource
from at_core.runtime.http import StatusApp
from at_core.runtime.publisher import Publisher
from at_gateway.operator.auth import guard
from at_gateway.operator.commands import command_router
from at_gateway.operator.problems import Problem, on_http_error, on_invalid, on_problem
from at_gateway.operator.queries import query_router
from at_gateway.settings import GatewaySettings, OperatorRole
from at_gateway.views.fold import GatewayBody
from at_gateway.webhook.description import describe_webhook
from at_gateway.webhook.tokens import Tokens

__all__ = ["operator_app"]


def operator_app(
    settings: GatewaySettings,
    body: GatewayBody,
    publisher: Publisher,
    clock: Clock,
    ids: IdSource,
    status: StatusApp,
    version: str,
) -> FastAPI:
    """Return everything but the webhook; its OpenAPI document describes the webhook too.

    There is no documentation page: the usual ones load scripts from elsewhere. The document itself is served.
    """
    app = FastAPI(
        title="AT gateway",
        version=version,
        summary="The front door of the platform: alerts in, an operator's view and commands.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)
    tokens = Tokens(settings.operators)
    app.include_router(query_router(body, settings.read, guard(tokens, OperatorRole.VIEWER)))
    operator = guard(tokens, OperatorRole.OPERATOR)
    app.include_router(command_router(publisher, clock, ids, operator, settings.webhook.deadline_seconds))
    _add_status(app, status)
    _add_openapi(app)
    return app


def _add_status(app: FastAPI, status: StatusApp) -> None:
    def answer(path: str) -> Response:
        code, content_type, body = status.answer(path)
        return Response(body, code, media_type=content_type.decode())

    @app.get("/healthz", tags=["status"])
    async def healthz() -> Response:
        """Whether the process lives."""
        return answer("/healthz")

    @app.get("/readyz", tags=["status"], responses={503: {"description": "Catching up, or not connected."}})
    async def readyz() -> Response:
        """Whether the folds are caught up and the bus is connected."""
        return answer("/readyz")

    @app.get("/metrics", tags=["status"])
    async def metrics() -> Response:
        """Metrics in the Prometheus text form."""
        return answer("/metrics")


def _add_openapi(app: FastAPI) -> None:
    document: dict[str, Any] = {}

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if not document:
            document.update(app.openapi())
            describe_webhook(document)
        return document
