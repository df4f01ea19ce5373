"""The composition root: a catalogue and what the shell gives become the desk."""

from __future__ import annotations

from at_agents.catalogue import load_catalogue
from at_agents.desk.body import DeskBody
from at_agents.settings import AgentsSettings
from at_agents.wiring import AGENTS
from at_core.instruments import Instruments
from at_core.runtime.metrics import Metrics
from at_core.runtime.process import Composition, Runtime, load_instruments, run_process
from at_core.runtime.settings import read_text

__all__ = ["build_desk", "run"]


def build_desk(
    strategies_toml: str,
    instruments: Instruments,
    metrics: Metrics,
    *,
    place: str = "strategies.toml",
    answers_max: int = 200_000,
) -> DeskBody:
    """Return the desk for a catalogue's text; raises ConfigurationError naming every mistake in ``place``."""
    return DeskBody(load_catalogue(strategies_toml, place, instruments), instruments, metrics, answers_max)


def run(settings: AgentsSettings) -> None:
    """Run the process until it is told to stop; a mistake in the catalogue is named before anything is connected."""
    place = str(settings.strategies_file)
    text = read_text(settings.strategies_file, "the catalogue of strategies")
    seats = load_catalogue(text, place, load_instruments(settings))

    def compose(runtime: Runtime) -> Composition:
        desk = DeskBody(seats, runtime.instruments, runtime.metrics, settings.answers_max)
        return Composition(AGENTS, desk)

    run_process("agents", "at-agents", settings, compose)
