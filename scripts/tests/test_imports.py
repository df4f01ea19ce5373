"""Every wall in workspace.toml turns red when somebody walks through it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import check

IMPORTS = dict(check.STEPS)["imports"]

WALKS = {
    "a service imports a service": (
        "at-obs/src/at_obs/audit/planted.py",
        "import at_gateway",
        "at_obs.audit.planted -> at_gateway",
    ),
    "the core imports a service": (
        "at-core/src/at_core/events/planted.py",
        "import at_agents",
        "at_core.events.planted -> at_agents",
    ),
    "a low floor imports a high one": (
        "at-core/src/at_core/events/planted.py",
        "import at_core.topology.roles",
        "at_core.events.planted -> at_core.topology.roles",
    ),
    "a room of the core is added without a decision": (
        "at-core/src/at_core/attic/planted.py",
        "",
        "attic",
    ),
    "a pure room of the core reads the clock": (
        "at-core/src/at_core/events/planted.py",
        "import time",
        "at_core.events.planted -> time",
    ),
    "the gate does input and output": (
        "at-exec-sim/src/at_exec_sim/gate/planted.py",
        "import socket",
        "at_exec_sim.gate.planted -> socket",
    ),
    "the simulator takes a clock": (
        "at-exec-sim/src/at_exec_sim/simulator/planted.py",
        "from at_core.clock import SystemClock",
        "at_exec_sim.simulator.planted -> at_core.clock",
    ),
    "a strategy logs": (
        "at-agents/src/at_agents/strategies/planted.py",
        "import logging",
        "at_agents.strategies.planted -> logging",
    ),
    "a service speaks to the bus by itself": (
        "at-obs/src/at_obs/audit/planted.py",
        "import nats",
        "at_obs.audit.planted -> nats",
    ),
    "the gate knows a broker": (
        "at-exec-sim/src/at_exec_sim/gate/planted.py",
        "import at_exec_sim.brokers",
        "at_exec_sim.gate.planted -> at_exec_sim.brokers",
    ),
}


@pytest.mark.parametrize(("place", "line", "named"), WALKS.values(), ids=WALKS.keys())
def test_a_walk_through_a_wall_is_named(
    plant: Callable, run: Callable, place: str, line: str, named: str
) -> None:
    plant(place, f'"""A planted room for one test."""\n\n{line}\n')
    done = run(IMPORTS)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
    assert named in done.stdout


def test_the_shell_of_the_core_may_speak_to_the_bus(plant: Callable, run: Callable) -> None:
    plant("at-core/src/at_core/runtime/planted.py", '"""A planted room for one test."""\n\nimport nats\n')
    done = run(IMPORTS)
    assert "Contracts:" in done.stdout
    assert "at_core.runtime.planted" not in done.stdout
