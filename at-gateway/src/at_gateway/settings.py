"""Settings of the gateway: webhook sources, operators, bounds. No default token: without one it does not start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from at_core.numbers import Price
from at_core.runtime.settings import ServiceSettings

__all__ = [
    "GatewaySettings",
    "OperatorRole",
    "OperatorSettings",
    "ReadSettings",
    "SourceSettings",
    "WebhookSettings",
]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
TokenDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a token, in hex; the token itself is never stored."""
TokenDigests = Annotated[tuple[TokenDigest, ...], Field(min_length=1, max_length=2)]
"""Two digests are valid at a time, so that a token can be rotated without a gap."""
Seconds = Annotated[float, Field(gt=0, le=86_400)]

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class OperatorRole(StrEnum):
    """What an operator may do; each role may do what the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: OperatorRole) -> bool:
        """Return whether this role reaches ``needed``."""
        order = tuple(OperatorRole)
        return order.index(self) >= order.index(needed)


class SourceSettings(BaseModel):
    """One sender of alerts: who it is, for which account it speaks, and what it may speak of."""

    model_config = _FROZEN

    name: Name
    account: Name
    token_sha256: TokenDigests
    symbols: Annotated[tuple[str, ...], Field(max_length=500)] = ()
    """Instruments this source may name; empty means every instrument of the registry."""
    default_quantity: Price | None = None
    """Quantity of an entry that names none; without it the desk's policy decides."""
    signal_ttl_seconds: Seconds = 60.0
    """How long a signal may wait inside the platform before it must no longer be acted upon."""
    exit_ttl_seconds: Seconds = 300.0
    """The same for exits, which stay useful for longer."""
    alert_age_max_seconds: Seconds = 60.0
    """Entries that were fired longer ago are refused; exits never are."""


class OperatorSettings(BaseModel):
    """One person (or tool) with a bearer token."""

    model_config = _FROZEN

    name: Name
    role: OperatorRole
    token_sha256: TokenDigests


class WebhookSettings(BaseModel):
    """Bounds of the door."""

    model_config = _FROZEN

    body_bytes_max: Annotated[int, Field(ge=256, le=65_536)] = 16_384
    body_seconds_max: Annotated[float, Field(gt=0, le=2.5)] = 1.0
    """How long a sender may take to deliver its body."""
    deadline_seconds: Annotated[float, Field(gt=0, le=2.5)] = 1.8
    """From the first byte to the answer; TradingView gives up after 3 s."""
    retry_after_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    accepts_max: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Alerts handled at once; more are answered 503, so that they are sent again."""
    strangers_max: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Requests with an unknown token that are given the full treatment at once."""
    resend_window_seconds: Annotated[float, Field(ge=30, le=600)] = 45.0
    """Equal bytes within this time of their first arrival are one alert; covers TradingView's four sends."""
    refire_window_seconds: Annotated[float, Field(ge=0, le=600)] = 10.0
    """Equal fills of one bar whose fire times lie closer together than this are one alert, sent by two senders."""
    future_skew_seconds: Annotated[float, Field(ge=0, le=3_600)] = 60.0
    remembered_max: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    """Alerts remembered for duplicate detection."""


class ReadSettings(BaseModel):
    """Bounds of what is kept in memory for the read side; the oldest go first."""

    model_config = _FROZEN

    traces_max: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    trace_events_max: Annotated[int, Field(ge=10, le=10_000)] = 300
    orders_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    fills_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    quarantine_max: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    page_max: Annotated[int, Field(ge=1, le=1_000)] = 500


class GatewaySettings(ServiceSettings):
    """Everything ``at-gateway serve`` needs."""

    ENV_PREFIX: ClassVar[str] = "AT_GATEWAY_"

    sources: Annotated[tuple[SourceSettings, ...], Field(max_length=200, validate_default=True)] = ()
    operators: Annotated[tuple[OperatorSettings, ...], Field(max_length=200, validate_default=True)] = ()
    secrets: Annotated[tuple[SecretStr, ...], Field(max_length=100)] = ()
    """Values that must never be kept: pass phrases that senders put into their alerts."""
    webhook: WebhookSettings = WebhookSettings()
    read: ReadSettings = ReadSettings()

    @field_validator("sources")
    @classmethod
    def _some_source(cls, value: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        if not value:
            raise ValueError(
                "no webhook source: add a [[sources]] table with name, account and token_sha256 "
                "(at-gateway hash-token prints the digest of a token)"
            )
        _unique("source", (source.name for source in value))
        _unique("token", (digest for source in value for digest in source.token_sha256))
        return value

    @field_validator("operators")
    @classmethod
    def _some_operator(cls, value: tuple[OperatorSettings, ...]) -> tuple[OperatorSettings, ...]:
        if not value:
            raise ValueError(
                "no operator: add an [[operators]] table with name, role (viewer, operator, admin) and "
                "token_sha256 (at-gateway hash-token prints the digest of a token)"
            )
        _unique("operator", (operator.name for operator in value))
        _unique("token", (digest for operator in value for digest in operator.token_sha256))
        return value

    @property
    def token_digests(self) -> frozenset[str]:
        """Every digest of a token that opens something here."""
        sources = (digest for source in self.sources for digest in source.token_sha256)
        operators = (digest for operator in self.operators for digest in operator.token_sha256)
        return frozenset((*sources, *operators))


def _unique(what: str, values: Iterable[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is declared twice; give each its own")
