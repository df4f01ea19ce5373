"""Assembly of the gate: limits text and instruments in, a ready body out; refuses to exist without limits (law 8)."""

from __future__ import annotations

from at_core.instruments import Instruments
from at_core.risk.limits_file import policy_from_toml
from at_exec_sim.gate.forgery import Hand
from at_exec_sim.gate.gate_body import GateBody

__all__ = ["build_gate"]


def build_gate(
    *, limits: str, instruments: Instruments, place: str = "limits.toml", hand: Hand | None = None
) -> GateBody:
    """Return the gate for the limits file with text ``limits``. ``hand`` knows its signature.

    Raises ConfigurationError naming ``place``, key and fix when the limits are missing, wrong, or speak of symbols
    that are no instruments.
    """
    policy = policy_from_toml(limits, place)
    policy.require_known((instrument.symbol for instrument in instruments), place)
    return GateBody(policy, instruments, hand)
