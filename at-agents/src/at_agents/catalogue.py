"""The catalogue: which strategy sits at the desk, for which account, symbols and sources, with which settings.

Read from ``strategies.toml``; every mistake is named with its place, its key and its fix, all of them at once.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from at_core.enums import SizingMethod
from at_core.errors import ConfigurationError
from at_core.events import MarketDataEvent, SignalEvent
from at_core.instruments import Instruments
from at_core.strategy import Params, SizingPolicy, Strategy

__all__ = ["DESK", "ENTRY_POINT_GROUP", "Seat", "find_strategy", "load_catalogue", "offered_strategies"]

ENTRY_POINT_GROUP = "at.strategies"
DESK = "desk"
"""The name the desk itself signs with when no strategy is concerned; no strategy may use it."""

SEATS_MAX = 256
ALL = "*"

_Name = Annotated[str, Field(min_length=1, max_length=120)]
_Names = Annotated[tuple[_Name, ...], Field(min_length=1, max_length=256)]


class _Sizing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    method: SizingMethod
    value: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] = Decimal(0)


class _Table(BaseModel):
    """One ``[strategies.<name>]`` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: Annotated[str, Field(min_length=1, max_length=200)]
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    symbols: _Names = (ALL,)
    sources: _Names = (ALL,)
    params: dict[str, Any] = Field(default_factory=dict)
    sizing: _Sizing
    proposal_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    enabled: bool = True


class _Tables(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    strategies: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")], _Table]


@dataclass(frozen=True, slots=True)
class Seat:
    """One configured strategy. ``symbols`` and ``sources`` None mean all."""

    name: str
    strategy: Strategy
    account: str
    sizing: SizingPolicy
    symbols: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    params: Params = field(default_factory=dict)
    proposal_ttl_seconds: int = 60
    enabled: bool = True

    def trades(self, symbol: str) -> bool:
        """Whether this seat may act on ``symbol``."""
        return self.symbols is None or symbol in self.symbols

    def answers(self, trigger: SignalEvent | MarketDataEvent) -> bool:
        """Whether this seat owes ``trigger`` an answer.

        A signal that was meant for one account never reaches a strategy of another.
        """
        if not self.enabled or self.strategy.on != trigger.type or not self.trades(trigger.symbol):
            return False
        if isinstance(trigger, MarketDataEvent):
            return True
        meant = trigger.account is None or trigger.account == self.account
        return meant and (self.sources is None or trigger.signal_source in self.sources)

    def remembers(self, observation: MarketDataEvent) -> bool:
        """Whether this seat folds ``observation``."""
        return self.enabled and self.strategy.evolve is not None and self.trades(observation.symbol)


def load_catalogue(text: str, place: str, instruments: Instruments) -> tuple[Seat, ...]:
    """Return the seats of ``strategies.toml``, in its order; raise ConfigurationError naming every mistake."""
    try:
        tables = _Tables.model_validate(tomllib.loads(text, parse_float=Decimal)).strategies
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{place}: not valid TOML: {error}; correct the syntax there") from error
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(place, error))) from error
    seats, mistakes = [], []
    if len(tables) > SEATS_MAX:
        mistakes.append(f"{place}: key 'strategies': {len(tables)} tables; the bound is {SEATS_MAX}")
    for name, table in tables.items():
        found = _seat(name, table)
        problems = [*found] if isinstance(found, list) else []
        problems += _unknown_symbols(table, instruments)
        mistakes += [f"{place}: key 'strategies.{name}.{problem}" for problem in problems]
        if isinstance(found, Seat):
            seats.append(found)
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return tuple(seats)


def offered_strategies() -> dict[str, str]:
    """Return the registered strategies: entry-point name to the place of the object."""
    return {point.name: point.value for point in sorted(entry_points(group=ENTRY_POINT_GROUP))}


def find_strategy(use: str) -> Strategy:
    """Return the strategy behind an entry-point name or ``module:attribute``; raises ConfigurationError otherwise."""
    offered = offered_strategies()
    place = offered.get(use, use)
    module, _, attribute = place.partition(":")
    if not attribute:
        known = ", ".join(offered) or "none"
        raise ConfigurationError(
            f"no strategy {use!r} is registered; use one of {known}, or 'module:attribute'"
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # Importing a stranger's module may raise anything, and all of it is a wrong line in the catalogue.
        raise ConfigurationError(
            f"cannot load {place!r}: {error}; install its package or correct the name"
        ) from error
    if not isinstance(found, Strategy):
        raise ConfigurationError(f"{place!r} is a {type(found).__name__}; name an at_core.strategy.Strategy")
    return found


def _seat(name: str, table: _Table) -> Seat | list[str]:
    if name == DESK:
        return [f"': {DESK!r} is the desk's own name; choose another"]
    try:
        strategy = find_strategy(table.use)
    except ConfigurationError as error:
        return [f"use': {error}"]
    problems = [*_wrong_params(strategy, table.params), *_wrong_sizing(table.sizing)]
    params = {**strategy.params, **table.params}
    if not problems and strategy.check is not None and (wrong := strategy.check(params)):
        problems.append(f"params': {wrong}")
    return problems or Seat(
        name=name,
        strategy=strategy,
        account=table.account,
        sizing=SizingPolicy(table.sizing.method, table.sizing.value),
        symbols=None if ALL in table.symbols else frozenset(table.symbols),
        sources=None if ALL in table.sources else frozenset(table.sources),
        params=params,
        proposal_ttl_seconds=table.proposal_ttl_seconds,
        enabled=table.enabled,
    )


def _wrong_params(strategy: Strategy, given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if key not in strategy.params:
            known = ", ".join(strategy.params) or "none"
            yield f"params.{key}': {strategy.name} has no such parameter; it has {known}"
        elif type(value) is not (wanted := type(strategy.params[key])):
            yield f"params.{key}': is a {type(value).__name__}; write a {wanted.__name__}"


def _wrong_sizing(sizing: _Sizing) -> Iterator[str]:
    if sizing.method is SizingMethod.CLOSE_POSITION:
        yield "sizing.method': CLOSE_POSITION is no way to size an entry; use FIXED, NOTIONAL, EQUITY_PERCENT ..."
    elif sizing.method is not SizingMethod.SIGNAL and sizing.value == 0:
        yield f"sizing.value': {sizing.method} needs a value greater than 0"


def _unknown_symbols(table: _Table, instruments: Instruments) -> Iterator[str]:
    for symbol in table.symbols:
        if symbol != ALL and instruments.get(symbol) is None:
            near = ", ".join(instruments.nearest(symbol)) or "a symbol of the instrument list"
            yield f"symbols': {symbol!r} is no known instrument; did you mean {near}?"


def _explain(place: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            fix = "no such key; remove it or correct the spelling"
        elif problem["type"] == "missing":
            fix = "is missing; add it"
        else:
            fix = f"{problem['msg']}; correct it"
        yield f"{place}: key {key!r}: {fix}"
