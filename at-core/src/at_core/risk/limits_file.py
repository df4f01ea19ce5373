"""The limits file: TOML read into a Policy; every mistake names the file, the key and the fix.

```toml
[default]                              # what every account inherits
notional_max = 25_000

[account.paper]                        # an account trades only when it has a table, even an empty one
daily_loss_max = 2_000

[account.paper.symbol."BTC/USDT"]      # one symbol of one account
price_collar_percent = "2.5"           # fractions in quotes: TOML floats lose digits
```
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from at_core.errors import ConfigurationError
from at_core.risk.limits import ACCOUNT_KEYS, Limits, Policy

__all__ = ["policy_from_toml"]

_TABLES = ("default", "account")


def policy_from_toml(text: str, place: str = "limits.toml") -> Policy:
    """Read a limits file; raise ConfigurationError naming ``place``, key and fix."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{place}: not valid TOML: {error}; correct the line it names") from error
    for name in tables:
        if name not in _TABLES:
            raise ConfigurationError(f"{place}: unknown table [{name}]; use [default] and [account.NAME]")
    default = _table(tables.get("default", {}), place, "default")
    accounts = _table(tables.get("account", {}), place, "account")
    if not accounts:
        raise ConfigurationError(
            f"{place}: no account has limits, so nothing could ever be approved; add a table [account.NAME]"
        )
    resolved: dict[str, Limits] = {}
    special: dict[str, dict[str, Limits]] = {}
    for account, raw in accounts.items():
        own = dict(_table(raw, place, f"account.{account}"))
        symbols = _table(own.pop("symbol", {}), place, f"account.{account}.symbol")
        merged = {**default, **own}
        resolved[account] = _limits(merged, place, f"account.{account}")
        special[account] = {
            symbol: _symbol_limits(merged, raw_symbol, place, f'account.{account}.symbol."{symbol}"')
            for symbol, raw_symbol in symbols.items()
        }
    return Policy(accounts=resolved, symbols={name: held for name, held in special.items() if held})


def _symbol_limits(merged: Mapping[str, Any], raw: Any, place: str, where: str) -> Limits:
    own = _table(raw, place, where)
    for key in own:
        if key in ACCOUNT_KEYS:
            raise ConfigurationError(
                f"{place}: [{where}] {key} is a limit of the whole account; move it to the account's table"
            )
    return _limits({**merged, **own}, place, where)


def _limits(values: Mapping[str, Any], place: str, where: str) -> Limits:
    try:
        limits = Limits.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, place, where)) from error
    if limits.notional_min > limits.notional_max:
        raise ConfigurationError(
            f"{place}: [{where}] notional_min {limits.notional_min} is above notional_max {limits.notional_max}; "
            "no order could pass; lower notional_min"
        )
    return limits


def _explain(error: ValidationError, place: str, where: str) -> str:
    problems = error.errors(include_url=False)
    # A misspelt key is also a missing one; the spelling is what the person must hear of.
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    key = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, Limits.model_fields, n=1)
        fix = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(Limits.model_fields)}"
        return f"{place}: [{where}] unknown key {key}; {fix}"
    if first["type"] == "missing":
        return f"{place}: [{where}] {key} is missing; write it there or in [default]"
    problem = first["msg"].removeprefix("Value error, ")
    fix = 'write it in quotes, like "0.5"' if isinstance(first["input"], float) else "correct the value"
    return f"{place}: [{where}] {key} = {first['input']!r}: {problem}; {fix}"


def _table(value: Any, place: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"{place}: {where} = {value!r} is no table; write [{where}] with keys below it"
        )
    return value
