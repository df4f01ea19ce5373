"""The gate as shipped: its limits file fits the shipped instruments, and without one there is no gate."""

from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gate_world import a_price, approved, ruling

from at_core.errors import ConfigurationError
from at_core.instruments import Instruments
from at_core.risk.codes import RejectCode, fix, sentence
from at_core.runtime.process import Runtime
from at_core.testing.builders import T0, a_proposal, an_account
from at_core.testing.scenario import Scenario
from at_exec_sim.bootstrap import compose_gate
from at_exec_sim.settings import GateSettings
from at_exec_sim.wiring import GATE, WIRINGS

SHIPPED = Path(__file__).parents[2] / "config" / "limits.toml"


def settings(limits_file: Path) -> GateSettings:
    return GateSettings.model_validate(
        {"bus": {"url": "nats://127.0.0.1:1", "seed_file": "seed"}, "limits_file": limits_file}
    )


def runtime() -> Runtime:
    text = (files("at_core") / "data" / "instruments.toml").read_text("utf-8")
    parts: Any = SimpleNamespace(
        instruments=Instruments.from_toml(text), publisher=SimpleNamespace(signer=None)
    )
    return cast(Runtime, parts)


def shipped() -> Scenario:
    composition = compose_gate(settings(SHIPPED), runtime())
    assert composition.wiring is GATE
    return Scenario(composition.body, wiring=GATE, now=T0).given(an_account(fill_count=0))


def test_the_shipped_limits_let_the_demo_trade_with_and_without_market_data() -> None:
    approved(shipped().when(a_proposal(quantity="0.01")))
    approved(shipped().given(a_price("50100")).when(a_proposal(quantity="0.01")))


def test_the_shipped_limits_refuse_what_the_demo_shows_as_refused() -> None:
    assert ruling(shipped().when(a_proposal(quantity="5"))).reasons == (
        "NOTIONAL_TOO_LARGE",
        "SYMBOL_EXPOSURE",
        "GROSS_EXPOSURE",
    )
    late = shipped().when(a_proposal(valid_until=T0 + timedelta(minutes=5)), now=T0 + timedelta(seconds=61))
    assert ruling(late).reasons == ("SIGNAL_TOO_OLD",)


def test_a_missing_limits_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read the risk limits from .*absent\.toml"):
        compose_gate(settings(tmp_path / "absent.toml"), runtime())


def test_an_empty_limits_file_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "limits.toml"
    empty.touch()
    with pytest.raises(ConfigurationError, match=r"limits\.toml: no account has limits"):
        compose_gate(settings(empty), runtime())


def test_the_gate_reacts_to_proposals_alone_and_only_rules() -> None:
    assert GATE in WIRINGS
    assert [reaction.types for reaction in GATE.reacts] == [("trading.proposal.created",)]
    assert all(name.startswith("trading.risk.") for name in GATE.emits)


def test_the_page_about_the_gate_tells_every_code_in_the_words_of_the_gate() -> None:
    page = (SHIPPED.parents[1] / "docs" / "RISK_GATE.md").read_text(encoding="utf-8")
    for code in RejectCode:
        assert f"| `{code}` | {sentence(code)} | {fix(code)} |" in page
