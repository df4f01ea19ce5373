"""Answers: what the door says back, as values that the HTTP route and the simulation share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from at_gateway.webhook.refusals import Refusal, UnavailableCode

__all__ = ["Answer", "accepted", "refused", "unavailable"]

_WHY = {
    UnavailableCode.NOT_STORED: "the alert could not be stored in time; send it again",
    UnavailableCode.BUSY: "too many alerts at once; send it again",
    UnavailableCode.NOT_READY: "the gateway is starting; send it again",
    UnavailableCode.BODY_TOO_SLOW: "the message did not arrive in time; send it again",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, a flat body, and for 503 the seconds after which to try again."""

    status: int
    body: dict[str, Any]
    retry_after: int | None = None

    @property
    def outcome(self) -> str:
        """One word for metrics: accepted, duplicate, refused or unavailable."""
        if self.status == 202:
            return "duplicate" if self.body["duplicate"] else "accepted"
        return "unavailable" if self.status == 503 else "refused"

    @property
    def code(self) -> str:
        """The code of a refusal or unavailability, empty for an accepted alert."""
        return str(self.body.get("code", ""))

    def encode(self) -> bytes:
        """The body as JSON bytes."""
        return json.dumps(self.body, separators=(",", ":")).encode()


def accepted(signal_id: UUID, *, duplicate: bool, event_type: str) -> Answer:
    """The fact is stored. A flow begins with it, so its id is also the correlation id."""
    return Answer(
        202,
        {
            "status": "accepted",
            "signal_id": str(signal_id),
            "correlation_id": str(signal_id),
            "duplicate": duplicate,
            "type": event_type,
        },
    )


def refused(refusal: Refusal, quarantine_id: UUID | None = None) -> Answer:
    """The sender must change something."""
    body: dict[str, Any] = {"status": "refused", "code": refusal.code.value, "hint": refusal.text}
    if quarantine_id is not None:
        body["quarantine_id"] = str(quarantine_id)
    return Answer(refusal.status, body)


def unavailable(code: UnavailableCode, retry_after: int) -> Answer:
    """Nothing is promised; the sender should try again. Never 504: TradingView does not send that again."""
    return Answer(503, {"status": "unavailable", "code": code.value, "hint": _WHY[code]}, retry_after)
