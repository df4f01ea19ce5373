"""Composition root: builds the gate and the engine from settings and ports."""

from __future__ import annotations

from at_core.runtime.process import Composition, Runtime
from at_core.runtime.settings import read_text
from at_exec_sim.gate.assembly import build_gate
from at_exec_sim.settings import GateSettings
from at_exec_sim.wiring import GATE

__all__ = ["build_gate", "compose_gate"]


def compose_gate(settings: GateSettings, runtime: Runtime) -> Composition:
    """Return the gate on its wiring; raises ConfigurationError when its limits are missing or wrong."""
    body = build_gate(
        limits=read_text(settings.limits_file, "the risk limits"),
        instruments=runtime.instruments,
        place=str(settings.limits_file),
    )
    return Composition(wiring=GATE, body=body)
