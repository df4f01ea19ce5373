"""Authentication: bearer tokens, of which only digests are stored, and what each role may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from at_core.runtime.logging import redactor
from at_gateway.operator.problems import Problem, ProblemCode
from at_gateway.settings import OperatorRole, OperatorSettings
from at_gateway.webhook.tokens import Tokens

__all__ = ["Guard", "authenticate", "guard", "require"]

_BEARER = HTTPBearer(auto_error=False, description="The operator's token.")

Guard = Callable[..., Awaitable[OperatorSettings]]


def authenticate(
    tokens: Tokens[OperatorSettings], credentials: HTTPAuthorizationCredentials | None, needed: OperatorRole
) -> OperatorSettings:
    """Return the operator behind a bearer token; raise Problem without one, with a wrong one, or a lower role."""
    if credentials is None or not credentials.credentials:
        raise Problem(
            ProblemCode.MISSING_CREDENTIALS, "send the header 'Authorization: Bearer <operator token>'"
        )
    operator = tokens.find(credentials.credentials)
    if operator is None:
        raise Problem(ProblemCode.UNKNOWN_CREDENTIALS, "no operator has this token")
    redactor.register(credentials.credentials)
    require(operator, needed)
    return operator


def require(operator: OperatorSettings, needed: OperatorRole) -> None:
    """Raise Problem unless the operator's role reaches ``needed``."""
    if not operator.role.allows(needed):
        raise Problem(
            ProblemCode.ROLE_TOO_LOW,
            f"this needs the role {needed.value}; {operator.name} is {operator.role.value}",
        )


def guard(tokens: Tokens[OperatorSettings], needed: OperatorRole) -> Guard:
    """Return a dependency that lets in operators whose role reaches ``needed``."""

    async def enter(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> OperatorSettings:
        return authenticate(tokens, credentials, needed)

    return enter
