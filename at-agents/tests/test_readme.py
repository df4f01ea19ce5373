"""The recipe of the README is executed: its strategy is tested by its own test and seated by its own TOML."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from desk_world import proposals

from at_agents.bootstrap import build_desk
from at_agents.wiring import AGENTS
from at_core.runtime.metrics import Metrics
from at_core.testing.builders import INSTRUMENTS, a_market_bar, a_signal, an_account
from at_core.testing.scenario import Scenario

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_recipe_of_one_file_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, test = blocks("python")
    (tmp_path / "dip_buyer.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        namespace: dict[str, object] = {}
        exec(
            f"from dip_buyer import strategy\n{test}\ntest_it_buys_once_with_a_stop()", namespace
        )  # the README's own test
        (catalogue,) = blocks("toml")
        desk = Scenario(build_desk(catalogue, INSTRUMENTS, Metrics("agents")), wiring=AGENTS)
    finally:
        sys.modules.pop("dip_buyer", None)
    desk.given(an_account(), a_market_bar(symbol="BTC/USDT", close="50000")).when(a_signal(side="BUY"))
    (proposal,) = proposals(desk)
    # 0.5 % of 100000 is 500; a unit loses 1000 at the stop.
    assert (proposal.plan.quantity, proposal.plan.risk_model.stop_loss) == (0.5, 49000)


def test_the_recipe_is_as_short_as_promised() -> None:
    code, _ = blocks("python")
    body = code.partition("def propose")[2].partition("\n\n\n")[0]
    assert len(body.splitlines()) <= 15
    assert {line.split()[1].partition(".")[0] for line in code.splitlines() if line.startswith("from ")} == {
        "at_core",
        "decimal",
    }
