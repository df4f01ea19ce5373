"""Structured logs: one JSON object a line, with the flow's correlation id, redacted as the last step.

Redaction runs on the finished text, after exceptions were formatted: a secret inside a traceback or an object's repr
is caught as well. Secrets are registered by value when they are loaded; besides, keys that name secrets are masked.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

__all__ = ["MASK", "Redactor", "configure_logging", "correlation", "redactor"]

MASK = "[redacted]"
_CORRELATION: ContextVar[str | None] = ContextVar("at_correlation_id", default=None)
_SECRET_KEY = re.compile(
    r'("[^"]*(?:secret|token|password|passphrase|api_?key|authorization|seed)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)
_NKEY_SEED = re.compile(r"\bS[ACNOUX][A-Z2-7]{56}\b")
_SHORT = 6


@contextmanager
def correlation(correlation_id: object) -> Iterator[None]:
    """Give every log line inside the block this correlation id."""
    token = _CORRELATION.set(str(correlation_id))
    try:
        yield
    finally:
        _CORRELATION.reset(token)


class Redactor:
    """Replaces known secret values, and values under keys that name secrets, in finished text."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, secret: str) -> None:
        """Mask ``secret`` from now on, also lower-cased, URL-quoted and in base64. Very short values are ignored."""
        if len(secret) < _SHORT:
            return
        forms = {
            secret,
            urllib.parse.quote(secret, safe=""),
            base64.b64encode(secret.encode()).decode().rstrip("="),
        }
        self._values |= forms
        longest_first = sorted(self._values, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(value) for value in longest_first), re.IGNORECASE)

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _NKEY_SEED.sub(MASK, text)
        return _SECRET_KEY.sub(rf'\1"{MASK}"', text)


redactor = Redactor()
"""The process-wide redactor; whoever loads a secret registers it here."""


class _Formatter(JsonFormatter):
    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        flow = _CORRELATION.get()
        if flow is not None:
            log_data.setdefault("correlation_id", flow)

    def format(self, record: logging.LogRecord) -> str:
        return redactor.clean(super().format(record))


def configure_logging(role: str, level: str = "INFO", stream: IO[str] | None = None) -> None:
    """Send every log of the process as JSON lines to ``stream`` (standard error by default)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        _Formatter(
            "%(levelname)s %(name)s %(message)s",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"role": role},
            reserved_attrs=(*RESERVED_ATTRS, "color_message"),
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("nats", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
