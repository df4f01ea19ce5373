"""Settings: environment over ``.env`` over TOML, frozen, and every mistake named with its place and its fix.

This is the only kind of room that reads the environment.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from at_core.errors import ConfigurationError

__all__ = ["BusSettings", "HttpSettings", "ServiceSettings", "load_settings", "read_text"]

Port = Annotated[int, Field(ge=0, le=65_535)]


class HttpSettings(BaseModel):
    """Where the process answers HTTP; loopback unless somebody decides otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Port = 0


class BusSettings(BaseModel):
    """How the process reaches the bus. ``seed_file`` holds the role's nkey seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^(nats|tls)://")
    seed_file: Path
    connect_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 15.0


class ServiceSettings(BaseSettings):
    """What every process needs; each service derives its own and names its environment prefix."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_nested_delimiter="__")

    ENV_PREFIX: ClassVar[str] = "AT_"

    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "1"
    log_level: Annotated[str, Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    bus: BusSettings
    http: HttpSettings = HttpSettings()
    instruments_file: Path | None = None
    """TOML with ``[[instrument]]`` tables; the packaged list when absent."""
    heartbeat_seconds: Annotated[float, Field(gt=0, le=300)] = 2.0
    emit_major: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(max_length=200)] = Field(default={})
    """Types this role publishes in an older major than its newest, while somebody still reads only that."""
    emit_unread: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    """Types this role emits although a live reader does not read that major, because a bridge serves that reader."""
    announce_seconds: Annotated[float, Field(ge=1, le=20)] = 10.0
    """How often it says what it reads and writes; the bucket forgets after 60 s, so at least two may be lost."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load_settings`` builds is read; nothing is picked up by accident."""
        return (init_settings,)


S = TypeVar("S", bound=ServiceSettings)


def load_settings(cls: type[S], config: Path | None = None, env_file: Path | None = None) -> S:
    """Return the settings of ``cls`` from environment over ``env_file`` over the TOML file ``config``.

    Raises ConfigurationError with one line per mistake: place, key, what is wrong, what would be right.
    """
    table = _read_toml(config) if config else {}
    options: dict[str, Any] = {"env_prefix": cls.ENV_PREFIX, "env_nested_delimiter": "__"}
    layers = [
        InitSettingsSource(cls, init_kwargs=table),
        DotEnvSettingsSource(cls, env_file=env_file, **options) if env_file else None,
        EnvSettingsSource(cls, **options),
    ]
    merged: dict[str, Any] = {}
    for layer in layers:
        if layer is not None:
            merged = _merge(merged, layer())
    try:
        return cls(**merged)
    except ValidationError as error:
        raise ConfigurationError(_explain(cls, config, error)) from error


def read_text(path: Path, purpose: str) -> str:
    """Return the text of a file a setting names; raise ConfigurationError saying what it is for."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot read {purpose} from {path}: {error}; check the path and its rights"
        ) from error


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path, "the configuration")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error


def _merge(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    out = dict(low)
    for key, value in high.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merge(out[key], value) if both else value
    return out


def _explain(cls: type[ServiceSettings], config: Path | None, error: ValidationError) -> str:
    place = str(config) if config else "the environment"
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        keys = [str(part) for part in problem["loc"]]
        variable = cls.ENV_PREFIX + "__".join(keys).upper()
        if problem["type"] == "extra_forbidden":
            fix = "remove it, or correct the spelling"
        elif problem["type"] == "missing":
            fix = f"add it to the file or set {variable}"
        else:
            fix = f"{problem['msg']}; correct it there or override it with {variable}"
        lines.append(f"{place}: key {'.'.join(keys)!r}: {problem['type']}: {fix}")
    return "\n".join(lines)
