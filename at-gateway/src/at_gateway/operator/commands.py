"""Commands: what an operator orders becomes an event; the engine carries it out."""

# Annotations are not postponed here: the framework must see the dependency that the router is given.

import asyncio
import logging
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from at_core.clock import Clock
from at_core.enums import KillSwitchLevel, KillSwitchScope, OperatorCommandKind
from at_core.errors import AtError
from at_core.events import Emit, OperatorCommandIssued
from at_core.ids import IdSource, natural_id
from at_core.runtime.publisher import Publisher
from at_gateway.operator.auth import Guard, require
from at_gateway.operator.problems import Problem, ProblemBody, ProblemCode
from at_gateway.settings import OperatorRole, OperatorSettings

__all__ = ["CommandAccepted", "KillSwitchRequest", "command_router"]

log = logging.getLogger(__name__)

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9._:/@!+-]+$")]


class KillSwitchRequest(BaseModel):
    """Stop trading, or let it go on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["activate", "release"]
    scope: KillSwitchScope = KillSwitchScope.GLOBAL
    scope_value: Name | None = None
    """Account or strategy name; left out when the scope is GLOBAL."""
    level: KillSwitchLevel = KillSwitchLevel.STOP_ENTRIES
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    command_id: UUID | None = None
    """Give the same id again when an answer was lost: the command is then issued once."""

    @model_validator(mode="after")
    def _scope_is_complete(self) -> Self:
        if (self.scope is KillSwitchScope.GLOBAL) != (self.scope_value is None):
            raise ValueError("scope ACCOUNT and STRATEGY need scope_value, GLOBAL has none")
        return self


class CommandAccepted(BaseModel):
    """The command is stored; what the engine makes of it shows in the trace."""

    status: Literal["accepted"] = "accepted"
    command_id: UUID
    correlation_id: UUID
    duplicate: bool


def command_router(
    publisher: Publisher, clock: Clock, ids: IdSource, operator: Guard, deadline_seconds: float
) -> APIRouter:
    """Return the routes that order something."""
    router = APIRouter(prefix="/v1", tags=["command"])
    problems: dict[int | str, dict[str, Any]] = {
        status: {"model": ProblemBody} for status in (401, 403, 422, 503)
    }

    @router.post("/killswitch", status_code=202, responses=problems)
    async def killswitch(
        request: KillSwitchRequest, issuer: Annotated[OperatorSettings, Depends(operator)]
    ) -> CommandAccepted:
        """Activate (role operator) or release (role admin) a kill switch. Stopping is never harder than starting."""
        if request.action == "release":
            require(issuer, OperatorRole.ADMIN)
        event_id = (
            natural_id(f"operator:{issuer.name}", str(request.command_id))
            if request.command_id
            else ids.root()
        )
        event = publisher.originate(Emit(_payload(request, issuer)), event_id, clock.now())
        try:
            async with asyncio.timeout(deadline_seconds):
                stored = await publisher.publish(event)
        except (TimeoutError, AtError) as error:
            log.error(
                "command not stored", extra={"command": request.action, "error": str(error) or "deadline"}
            )
            raise Problem(ProblemCode.NOT_STORED, "the command could not be stored; send it again") from error
        log.warning("command issued", extra={"command": request.action, "operator": issuer.name})
        return CommandAccepted(command_id=event_id, correlation_id=event_id, duplicate=stored.duplicate)

    return router


def _payload(request: KillSwitchRequest, issuer: OperatorSettings) -> OperatorCommandIssued:
    activate = request.action == "activate"
    return OperatorCommandIssued(
        command=OperatorCommandKind.KILL_SWITCH_ACTIVATE
        if activate
        else OperatorCommandKind.KILL_SWITCH_RELEASE,
        operator=issuer.name,
        operator_role=issuer.role.value,
        reason=request.reason,
        scope=request.scope,
        scope_value=request.scope_value,
        level=request.level,
    )
