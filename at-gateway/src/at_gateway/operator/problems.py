"""Problems of the operator API: one JSON shape, a code from a closed set, a hint."""

from __future__ import annotations

from enum import StrEnum

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

__all__ = ["Problem", "ProblemBody", "ProblemCode", "on_http_error", "on_invalid", "on_problem"]


class ProblemCode(StrEnum):
    """Why an operator's request was not done."""

    MISSING_CREDENTIALS = "MISSING_CREDENTIALS"
    UNKNOWN_CREDENTIALS = "UNKNOWN_CREDENTIALS"
    ROLE_TOO_LOW = "ROLE_TOO_LOW"
    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_TRACE = "UNKNOWN_TRACE"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_READY = "NOT_READY"
    NOT_STORED = "NOT_STORED"
    HTTP_ERROR = "HTTP_ERROR"


_STATUS = {
    ProblemCode.MISSING_CREDENTIALS: 401,
    ProblemCode.UNKNOWN_CREDENTIALS: 401,
    ProblemCode.ROLE_TOO_LOW: 403,
    ProblemCode.INVALID_REQUEST: 422,
    ProblemCode.UNKNOWN_TRACE: 404,
    ProblemCode.NOT_FOUND: 404,
    ProblemCode.METHOD_NOT_ALLOWED: 405,
    ProblemCode.NOT_READY: 503,
    ProblemCode.NOT_STORED: 503,
}


class ProblemBody(BaseModel):
    """What a refused request gets."""

    status: str = "refused"
    code: ProblemCode
    hint: str


class Problem(Exception):
    """Ends a request; the framework turns it into its response."""

    def __init__(self, code: ProblemCode, hint: str) -> None:
        super().__init__(f"{code}: {hint}")
        self.code = code
        self.hint = hint


async def on_problem(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the framework's signature
    """Answer a ``Problem``."""
    if not isinstance(error, Problem):
        raise error
    return _response(error.code, error.hint, _STATUS[error.code])


async def on_invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the framework's signature
    """Answer a request whose parameters or body do not validate; what was sent is not repeated."""
    if not isinstance(error, RequestValidationError):
        raise error
    lines = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:10])
    return _response(ProblemCode.INVALID_REQUEST, "; ".join(lines), 422)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the framework's signature
    """Answer what the framework itself refuses, such as an unknown path."""
    if not isinstance(error, HTTPException):
        raise error
    known = {404: ProblemCode.NOT_FOUND, 405: ProblemCode.METHOD_NOT_ALLOWED}
    return _response(
        known.get(error.status_code, ProblemCode.HTTP_ERROR), str(error.detail), error.status_code
    )


def _response(code: ProblemCode, hint: str, status: int) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "2"
    return JSONResponse(ProblemBody(code=code, hint=hint).model_dump(mode="json"), status, headers)
