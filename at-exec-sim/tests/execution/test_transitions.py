"""The table of order statuses is complete, and executions never lead out of it."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from at_core.enums import OrderStatus
from at_exec_sim.execution.transitions import IN_DOUBT, LEGAL, after_fill, legal

TERMINAL = [status for status in OrderStatus if status.terminal]


def test_every_status_has_its_row_and_every_status_can_be_reached() -> None:
    assert set(LEGAL) == set(OrderStatus)
    assert set().union(*LEGAL.values()) == set(OrderStatus) - {OrderStatus.CREATED}


def test_every_order_that_is_not_over_can_end_in_every_terminal_status() -> None:
    for status in set(OrderStatus) - set(TERMINAL) - {OrderStatus.CREATED}:
        missing = set(TERMINAL) - LEGAL[status]
        assert not missing, f"{status} cannot become {missing}"


def test_an_ended_order_only_ends_again_or_turns_out_filled() -> None:
    for status in TERMINAL:
        assert LEGAL[status] <= {status, OrderStatus.FILLED}
    assert LEGAL[OrderStatus.FILLED] == frozenset()


def test_doubt_is_never_entered_after_the_broker_answered() -> None:
    answered = set(OrderStatus) - IN_DOUBT - {OrderStatus.CREATED}
    assert not any(legal(before, after) for before, after in product(answered, IN_DOUBT))


@given(
    st.sampled_from(
        [status for status in OrderStatus if status not in (OrderStatus.CREATED, OrderStatus.FILLED)]
    ),
    st.decimals("0.1", "10", places=1),
    st.decimals("0.1", "10", places=1),
)
def test_what_an_execution_leads_to_is_in_the_table(
    status: OrderStatus, filled: Decimal, quantity: Decimal
) -> None:
    after = after_fill(status, filled, quantity)
    assert legal(status, after)
    assert (after is OrderStatus.FILLED) == (filled >= quantity)


@pytest.mark.parametrize("status", TERMINAL)
def test_a_late_execution_does_not_bring_an_ended_order_back(status: OrderStatus) -> None:
    assert after_fill(status, Decimal(1), Decimal(2)) is status
