"""Rulings, told as given / when / then."""

from decimal import Decimal
from uuid import UUID

import pytest
from gate_world import (
    LIMITS,
    SECOND,
    a_kill_switch,
    a_position_of,
    a_price,
    a_scenario,
    a_trading_state,
    approved,
    order_id,
    ruling,
)

from at_core.errors import ConfigurationError, OurFault
from at_core.events import RiskRejected, encode
from at_core.risk.checks import CHECKS
from at_core.risk.codes import sentence
from at_core.testing.builders import INSTRUMENTS, T0, a_proposal, a_signal, an_account
from at_core.testing.scenario import Scenario
from at_exec_sim.gate import ruling as ruling_room
from at_exec_sim.gate.assembly import build_gate
from at_exec_sim.gate.ruling import decide
from at_exec_sim.gate.state import GateState
from at_exec_sim.wiring import GATE


def test_a_plan_inside_its_limits_is_approved_with_what_the_engine_needs() -> None:
    proposal = a_proposal(stop_loss="49000", take_profit="52000")
    scenario = a_scenario().when(proposal)
    given = approved(scenario)
    assert given.approved_quantity == Decimal("0.5")
    assert given.plan.quantity == Decimal("0.5")
    assert given.reserved_notional == 25_000
    assert given.client_order_id == order_id(proposal.plan.plan_id)
    assert given.hard_stop_loss == 49_000
    assert given.approved_limit_price is None
    assert given.reference_price == 50_000
    assert not given.reduces_risk
    (emit,) = scenario.emits
    assert (emit.account, emit.decision, emit.expires_at) == ("paper", "ruling", T0 + 30 * SECOND)


def test_a_ruling_records_what_it_saw() -> None:
    proposal = a_proposal()
    given = approved(a_scenario().when(proposal))
    assert given.proposal_id == proposal.event_id
    assert given.signal_id == a_signal().event_id
    assert len(given.checks) == len(CHECKS)
    assert all(check.observed and check.limit for check in given.checks)
    assert [(seen.stream, seen.sequence) for seen in given.seen] == [
        ("EXEC", 1),
        ("MARKET", 1),
        ("PROPOSALS", 1),
    ]
    assert len(given.policy_digest) == 64


def test_an_approval_ends_with_its_plan_when_that_is_sooner() -> None:
    scenario = a_scenario().when(a_proposal(valid_until=T0 + 7 * SECOND))
    assert scenario.emits[0].expires_at == T0 + 7 * SECOND


def test_a_broken_limit_is_refused_with_observed_value_and_limit() -> None:
    refused = ruling(a_scenario().when(a_proposal(quantity="0.7")))
    assert isinstance(refused, RiskRejected)
    assert refused.reasons == ("NOTIONAL_TOO_LARGE",)
    told = next(check for check in refused.checks if not check.passed)
    assert (told.observed, told.limit) == ("35000", "at most 30000")
    assert sentence("NOTIONAL_TOO_LARGE") in refused.explanation
    assert "35000" in refused.explanation


def test_two_approvals_never_share_one_limit() -> None:
    scenario = a_scenario().when(a_proposal(1)).when(a_proposal(2))
    approved(scenario)
    assert ruling(scenario.when(a_proposal(3))).reasons == ("SYMBOL_EXPOSURE", "GROSS_EXPOSURE")


def test_a_second_strategy_may_answer_the_same_signal_but_no_plan_is_approved_twice() -> None:
    first = a_proposal(quantity="0.1")
    scenario = a_scenario().when(first)
    approved(scenario)
    approved(scenario.when(a_proposal(quantity="0.1", strategy="other")))
    copy = a_proposal(quantity="0.1", event_id=UUID(int=9))
    assert ruling(scenario.when(copy)).reasons == ("DUPLICATE_PLAN",)


def test_one_scope_is_approved_once_per_account() -> None:
    scenario = a_scenario().when(a_proposal(1, quantity="0.1", idempotency_scope="today"))
    approved(scenario)
    assert ruling(scenario.when(a_proposal(2, quantity="0.1", idempotency_scope="today"))).reasons == (
        "DUPLICATE_PLAN",
    )


def test_redelivery_gives_no_second_ruling() -> None:
    scenario = a_scenario().when(a_proposal())
    approved(scenario)
    scenario.when(a_proposal(), now=T0 + SECOND).then_nothing()


def test_a_rejected_proposal_stays_rejected_after_a_restart() -> None:
    scenario = a_scenario().when(a_proposal(quantity="0.7")).then_types("trading.risk.rejected")
    scenario.restart().when(a_proposal(quantity="0.7")).then_nothing()


def test_a_ruling_that_never_reached_the_stream_is_made_again_with_the_same_id() -> None:
    scenario = a_scenario().when(a_proposal())
    (lost,) = scenario.published
    scenario.restart(keep=lambda event: False).when(a_proposal())
    (again,) = scenario.published
    assert again.event_id == lost.event_id


def test_approve_reject_and_hold_share_one_id() -> None:
    texts = (LIMITS, LIMITS.replace("30_000", "20_000"), LIMITS + "hold_notional_above = 10\n")
    scenarios = [a_scenario(text).when(a_proposal()) for text in texts]
    assert [scenario.published[0].type.rsplit(".", 1)[1] for scenario in scenarios] == [
        "approved",
        "rejected",
        "held",
    ]
    assert len({scenario.published[0].event_id for scenario in scenarios}) == 1


def test_a_held_plan_reserves_nothing_and_waits_as_long_as_it_is_valid() -> None:
    scenario = a_scenario(LIMITS + "hold_notional_above = 20_000\n").when(a_proposal(1))
    held = ruling(scenario)
    assert held.reasons == ("NOTIONAL_NEEDS_PERSON",)
    assert held.held_until == T0 + 60 * SECOND
    assert ruling(scenario.when(a_proposal(2))).event_type == "trading.risk.held"
    assert ruling(scenario.when(a_proposal(3))).event_type == "trading.risk.held"


def test_a_plan_that_also_breaks_a_limit_is_rejected_not_held() -> None:
    scenario = a_scenario(LIMITS + "hold_notional_above = 20_000\n").when(a_proposal(quantity="0.7"))
    assert ruling(scenario).reasons == ("NOTIONAL_TOO_LARGE", "NOTIONAL_NEEDS_PERSON")
    assert ruling(scenario).event_type == "trading.risk.rejected"


def test_without_a_known_account_nothing_opens() -> None:
    scenario = Scenario(build_gate(limits=LIMITS, instruments=INSTRUMENTS), wiring=GATE, now=T0).given(
        a_price()
    )
    assert ruling(scenario.when(a_proposal())).reasons == ("BOOK_UNAVAILABLE",)


def test_without_a_market_price_nothing_opens_unless_the_limits_say_so() -> None:
    without = (an_account(fill_count=0),)
    strict = Scenario(build_gate(limits=LIMITS, instruments=INSTRUMENTS), wiring=GATE, now=T0).given(*without)
    assert ruling(strict.when(a_proposal())).reasons == ("NO_REFERENCE_PRICE",)
    text = LIMITS + "reference_required = false\n"
    loose = Scenario(build_gate(limits=text, instruments=INSTRUMENTS), wiring=GATE, now=T0).given(*without)
    assert approved(loose.when(a_proposal())).reference_price == 50_000


def test_an_unknown_account_and_an_unknown_symbol_have_their_own_codes() -> None:
    assert ruling(a_scenario().when(a_proposal(account="live"))).reasons == (
        "UNKNOWN_ACCOUNT",
        "BOOK_UNAVAILABLE",
    )
    assert ruling(a_scenario().when(a_proposal(symbol="DOGE"))).reasons == (
        "UNKNOWN_INSTRUMENT",
        "NO_REFERENCE_PRICE",
    )
    assert ruling(a_scenario().when(a_proposal(account=None))).reasons[0] == "MALFORMED_PLAN"


# Exits ------------------------------------------------------------------------------------------------------


def test_a_close_takes_the_whole_position() -> None:
    scenario = a_scenario().given(a_position_of("0.8", 1))
    given = approved(scenario.when(a_proposal(side="SELL", quantity=None, close_position=True)))
    assert (given.approved_quantity, given.plan.quantity) == (Decimal("0.8"), Decimal("0.8"))
    assert given.reduces_risk
    assert given.reserved_notional == 0


def test_a_close_takes_the_entry_that_is_still_on_its_way() -> None:
    scenario = a_scenario().when(a_proposal(1, quantity="0.3"))
    given = approved(scenario.when(a_proposal(2, side="SELL", quantity=None, close_position=True)))
    assert given.approved_quantity == Decimal("0.3")


def test_the_second_close_of_one_position_has_nothing_to_close() -> None:
    close = {"side": "SELL", "quantity": None, "close_position": True}
    scenario = a_scenario().given(a_position_of("0.8", 1)).when(a_proposal(1, **close))
    approved(scenario)
    assert ruling(scenario.when(a_proposal(2, **close))).reasons == ("NOTHING_TO_CLOSE",)


def test_a_close_without_a_position_is_refused() -> None:
    scenario = a_scenario().when(a_proposal(side="SELL", quantity=None, close_position=True))
    assert ruling(scenario).reasons == ("NOTHING_TO_CLOSE",)


@pytest.mark.parametrize("quantity", ["0.4", "0.8", "7"])
def test_a_reduce_only_order_is_clipped_to_what_can_be_closed(quantity: str) -> None:
    scenario = a_scenario().given(a_position_of("0.8", 1))
    given = approved(scenario.when(a_proposal(side="SELL", quantity=quantity, reduce_only=True)))
    assert given.approved_quantity == min(Decimal(quantity), Decimal("0.8"))


def test_an_exit_gets_out_of_an_account_that_may_do_nothing_else() -> None:
    scenario = a_scenario().given(
        a_position_of("-3", 1), a_kill_switch(level="FLATTEN"), a_trading_state("HALTED"), a_price("99000", 2)
    )
    proposal = a_proposal(side="BUY", quantity="3", order_type="LIMIT", limit_price="120000.004")
    given = approved(scenario.when(proposal, now=T0 + 600 * SECOND))
    assert given.reduces_risk
    assert given.approved_limit_price == 120_000
    assert {check.code for check in given.checks if check.waived} >= {
        "KILL_SWITCH",
        "TRADING_HALTED",
        "PLAN_EXPIRED",
    }
    assert scenario.emits[0].expires_at == T0 + 630 * SECOND


def test_an_exit_from_an_account_without_limits_is_approved() -> None:
    gone = a_position_of("1", 1).model_copy(update={"account": "closed"})
    scenario = a_scenario().given(gone).when(a_proposal(account="closed", side="SELL", close_position=True))
    assert approved(scenario).approved_quantity == 1


# Stops ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "value", "stops"),
    [
        ("GLOBAL", "all", True),
        ("ACCOUNT", "paper", True),
        ("ACCOUNT", "other", False),
        ("STRATEGY", "follow_signal", True),
        ("STRATEGY", "ema_cross", False),
    ],
)
def test_a_kill_switch_stops_its_scope_until_it_is_released(scope: str, value: str, stops: bool) -> None:
    scenario = a_scenario().given(a_kill_switch(scope, value)).when(a_proposal(1, quantity="0.1"))
    assert (ruling(scenario).event_type == "trading.risk.rejected") is stops
    scenario.given(a_kill_switch(scope, value, on=False)).when(a_proposal(2, quantity="0.1"))
    approved(scenario)


@pytest.mark.parametrize(
    ("everyone", "own", "reasons"),
    [
        ("ACTIVE", "HALTED", ("TRADING_HALTED",)),
        ("HALTED", "ACTIVE", ("TRADING_HALTED",)),
        ("REDUCING", "ACTIVE", ("TRADING_REDUCING",)),
        ("REDUCING", "HALTED", ("TRADING_HALTED",)),
    ],
)
def test_the_stricter_trading_state_counts(everyone: str, own: str, reasons: tuple[str, ...]) -> None:
    scenario = a_scenario().given(a_trading_state(everyone), a_trading_state(own, "paper"))
    assert ruling(scenario.when(a_proposal())).reasons == reasons


def test_the_halt_of_another_account_does_not_stop_this_one() -> None:
    approved(a_scenario().given(a_trading_state("HALTED", "other")).when(a_proposal()))


# Prices -----------------------------------------------------------------------------------------------------


def test_an_older_price_never_replaces_a_newer_one() -> None:
    late = a_price("90000", exchange_time=T0 - 30 * SECOND)
    assert approved(a_scenario().given(late).when(a_proposal())).reference_price == 50_000


def test_a_price_is_as_old_as_the_market_says_not_as_it_arrived() -> None:
    delayed = a_price("50000", exchange_time=T0 - 61 * SECOND, received_at=T0)
    scenario = Scenario(build_gate(limits=LIMITS, instruments=INSTRUMENTS), wiring=GATE, now=T0)
    scenario.given(an_account(fill_count=0), delayed).when(a_proposal())
    assert ruling(scenario).reasons == ("STALE_REFERENCE_PRICE",)


def test_the_middle_of_a_quote_with_all_its_digits_still_fits_the_wire() -> None:
    quote = a_price(kind="QUOTE", bid="50000.000000000000000001", ask="50000.000000000000000002")
    given = approved(a_scenario().given(quote).when(a_proposal()))
    assert given.reference_price is not None


# Assembly and bytes -----------------------------------------------------------------------------------------


def test_without_limits_there_is_no_gate() -> None:
    with pytest.raises(ConfigurationError, match=r"limits\.toml: no account has limits"):
        build_gate(limits="", instruments=INSTRUMENTS)


def test_limits_for_an_unknown_symbol_are_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="BTCUSD"):
        build_gate(limits=LIMITS + '[account.paper.symbol."BTCUSD"]\n', instruments=INSTRUMENTS)


def test_equal_histories_give_equal_bytes() -> None:
    def bytes_of() -> list[bytes]:
        scenario = a_scenario().given(a_position_of("0.3", 1))
        for n in range(1, 5):
            scenario.when(a_proposal(n, quantity="0.2", side="BUY" if n % 2 else "SELL"))
        return [encode(event) for event in scenario.published]

    assert bytes_of() == bytes_of()


def test_a_gate_whose_checks_are_gone_stops_instead_of_approving_what_it_cannot_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = build_gate(limits=LIMITS, instruments=INSTRUMENTS)
    monkeypatch.setattr(ruling_room, "examine", lambda trial: ())
    with pytest.raises(OurFault, match="a check is missing"):
        decide(GateState(), a_proposal(symbol="DOGE"), gate._policy, INSTRUMENTS, T0)
