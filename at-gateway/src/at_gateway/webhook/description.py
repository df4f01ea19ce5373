"""The webhook as OpenAPI: the route is served outside the framework, so it is described here."""

from __future__ import annotations

from typing import Any, Final

from at_gateway.webhook.refusals import CATALOGUE, RefusalCode, UnavailableCode
from at_gateway.webhook.route import PATH

__all__ = ["describe_webhook"]

_ACCEPTED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "signal_id", "correlation_id", "duplicate", "type"],
    "properties": {
        "status": {"const": "accepted"},
        "signal_id": {"type": "string", "format": "uuid"},
        "correlation_id": {"type": "string", "format": "uuid"},
        "duplicate": {"type": "boolean"},
        "type": {"enum": ["trading.signal.created", "market.raw"]},
    },
}


def describe_webhook(document: dict[str, Any]) -> None:
    """Add the webhook's path and schemas to an OpenAPI document."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["AlertAccepted"] = _ACCEPTED
    schemas["AlertRefused"] = _problem("refused", [code.value for code in RefusalCode])
    schemas["AlertUnavailable"] = _problem("unavailable", [code.value for code in UnavailableCode])
    document["paths"][f"{PATH}{{token}}"] = {"post": _operation()}


def _operation() -> dict[str, Any]:
    return {
        "operationId": "post_tradingview_alert",
        "summary": "Take one alert",
        "description": "JSON or TradingView's default strategy message. 202 once the alert is durably stored; a "
        "resend of the same alert answers 202 with the same signal_id. The content type is not relied on.",
        "tags": ["webhook"],
        "parameters": [
            {"name": "token", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 512}}
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        },
        "responses": _responses(),
    }


def _responses() -> dict[str, Any]:
    responses: dict[str, Any] = {"202": _response("Stored.", "AlertAccepted")}
    for status in sorted({entry.status for entry in CATALOGUE.values()}):
        codes = ", ".join(code.value for code, entry in CATALOGUE.items() if entry.status == status)
        responses[str(status)] = _response(f"Refused: {codes}.", "AlertRefused")
    later = _response("Not stored; send it again.", "AlertUnavailable")
    later["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return {**responses, "503": later}


def _response(text: str, schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": text, "content": {"application/json": {"schema": reference}}}


def _problem(status: str, codes: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status", "code", "hint"],
        "properties": {
            "status": {"const": status},
            "code": {"enum": codes},
            "hint": {"type": "string"},
            "quarantine_id": {"type": "string", "format": "uuid"},
        },
    }
