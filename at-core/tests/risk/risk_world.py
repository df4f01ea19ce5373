"""Small builders of the risk tests: limits, books and trials with one thing changed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from at_core.enums import Side
from at_core.events import CheckResult
from at_core.risk.checks import examine
from at_core.risk.exposure import AccountMoney, Book, Position, Reservation
from at_core.risk.limits import Limits
from at_core.risk.trial import MarketPrice, Trial, prepare
from at_core.testing.builders import INSTRUMENTS, T0, a_proposal

SYMBOL = "BTC/USDT"


def some_limits(**changes: Any) -> Limits:
    values: dict[str, Any] = {
        "symbols_allowed": ["*"],
        "notional_min": "10",
        "notional_max": "30000",
        "symbol_exposure_max": "60000",
        "gross_exposure_max": "90000",
        "daily_loss_max": "2000",
        "price_collar_percent": "5",
        "reference_age_seconds_max": 15,
        "signal_age_seconds_max": 60,
    }
    return Limits.model_validate({**values, **changes})


def some_money(**changes: Any) -> AccountMoney:
    values: dict[str, Any] = {
        "cash": Decimal(100_000),
        "equity": Decimal(100_000),
        "trading_day": f"{T0:%Y-%m-%d}",
        "day_start_equity": Decimal(100_000),
        "fill_count": 0,
    }
    return AccountMoney(**{**values, **changes})


def reserved(
    side: Side,
    quantity: str,
    price: str = "50000",
    *,
    symbol: str = SYMBOL,
    exit_: bool = False,
    rests: bool = False,
) -> Reservation:
    return Reservation(
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        unit_value=Decimal(0) if exit_ else Decimal(price),
        reduces_risk=exit_,
        immediate=not rests,
    )


def a_book(
    position: str = "0",
    *reservations: Reservation,
    price: str = "50000",
    account: AccountMoney | None = None,
    others: Mapping[str, Position] | None = None,
) -> Book:
    positions = {} if position == "0" else {SYMBOL: Position(Decimal(position), Decimal(price))}
    return Book(
        positions={**positions, **(others or {})},
        reservations={f"order-{number}": held for number, held in enumerate(reservations)},
        account=account or some_money(),
    )


def a_trial(
    *,
    limits: Limits | None = None,
    book: Book | None = None,
    market: str | None = "50000",
    market_at: datetime = T0,
    now: datetime = T0,
    given: Mapping[str, Any] | None = None,
    **proposal: Any,
) -> Trial:
    """A trial of a proposal to buy 0.5 BTC at market, price 50000; ``given`` goes to ``prepare``."""
    said = a_proposal(**proposal)
    values: dict[str, Any] = {
        "now": now,
        "instrument": INSTRUMENTS.get(said.symbol),
        "limits": limits or some_limits(),
        "book": book or a_book(),
        "market": None if market is None else MarketPrice(Decimal(market), market_at),
    }
    return prepare(said, **{**values, **(given or {})})


def result_of(trial: Trial, code: str) -> CheckResult:
    (found,) = [result for result in examine(trial) if result.code == code]
    return found


def failed(trial: Trial) -> list[str]:
    return [result.code for result in examine(trial) if not result.passed]
