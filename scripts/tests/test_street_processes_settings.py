"""Bad configuration: a process refuses to start with 2 and names the file, the key and the fix, bus or no bus."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from _lib.home import Home, Ports
from _lib.tree import ROOT

COMMANDS = {process.role: process.command for process in Ports.fixed().processes}


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with a configuration that is right, and the words that must be said about it."""

    role: str
    says: tuple[str, ...]
    """``{place}`` stands for the configuration file, ``{folder}`` for its folder."""
    replaces: tuple[str, str] = ("", "")
    """Text in the role's configuration, and what stands there instead; an empty first text: put at its beginning."""
    without: str = ""
    """The key whose line is missing."""
    file: tuple[str, str | None] = ("", None)
    """A file beside the configuration and its text; None: the file is not there."""
    environment: dict[str, str] = field(default_factory=dict)


def _seed(role: str) -> Mistake:
    return Mistake(
        role, ("nkey seed", f"{{home}}/keys/{role}.nk", "check the path"), file=(f"../keys/{role}.nk", None)
    )


def _unknown(role: str) -> Mistake:
    return Mistake(
        role, ("{place}", "'colour'", "remove it, or correct the spelling"), ("", 'colour = "blue"\n')
    )


def _type(role: str) -> Mistake:
    return Mistake(
        role,
        ("{place}", "'http.port'", "valid integer", f"AT_{role.upper()}_HTTP__PORT"),
        ("[http]\nport = ", '[http]\nport = "eight" # '),
    )


_ROLES = tuple(COMMANDS)

MISTAKES: dict[str, Mistake] = {
    **{f"{role}: no seed file": _seed(role) for role in _ROLES},
    **{f"{role}: unknown key": _unknown(role) for role in _ROLES},
    **{f"{role}: wrong type": _type(role) for role in _ROLES},
    "gateway: no source": Mistake(
        "gateway",
        ("{place}", "'sources'", "[[sources]]", "hash-token"),
        ("[[sources]]", "[[operators]]\nrole = 'viewer'"),
    ),
    "gateway: not TOML": Mistake("gateway", ("{place}", "not valid TOML", "line 1"), ("", "= =\n")),
    "gateway: bad override": Mistake(
        "gateway",
        ("'webhook.deadline_seconds'", "AT_GATEWAY_WEBHOOK__DEADLINE_SECONDS"),
        environment={"AT_GATEWAY_WEBHOOK__DEADLINE_SECONDS": "soon"},
    ),
    "agents: no catalogue": Mistake(
        "agents", ("{folder}/strategies.toml", "check the path"), file=("strategies.toml", None)
    ),
    "agents: key missing": Mistake(
        "agents", ("{place}", "'strategies_file'", "AT_AGENTS_STRATEGIES_FILE"), without="strategies_file"
    ),
    "agents: unknown strategy": Mistake(
        "agents",
        ("{folder}/strategies.toml", "follow_the_moon", "follow_signal"),
        file=(
            "strategies.toml",
            '[strategies.moon]\nuse = "follow_the_moon"\naccount = "paper"\nsymbols = ["*"]\n'
            'sizing = { method = "NOTIONAL", value = "1000" }\n',
        ),
    ),
    "agents: catalogue not TOML": Mistake(
        "agents", ("{folder}/strategies.toml", "TOML"), file=("strategies.toml", "[strategies\n")
    ),
    "gate: no limits file": Mistake(
        "gate", ("{folder}/limits.toml", "limits", "check the path"), file=("limits.toml", None)
    ),
    "gate: limits file not named": Mistake(
        "gate", ("{place}", "'limits_file'", "AT_GATE_LIMITS_FILE"), without="limits_file"
    ),
    "gate: empty limits": Mistake(
        "gate", ("{folder}/limits.toml", "no account has limits", "[account.NAME]"), file=("limits.toml", "")
    ),
    "gate: misspelt limit": Mistake(
        "gate",
        ("{folder}/limits.toml", "account.paper", "notional_mxa", "notional_max"),
        file=("limits.toml", "[account.paper]\nnotional_mxa = 5\n"),
    ),
    "engine: no public key": Mistake(
        "engine", ("{place}", "'gate_public_key'", "AT_ENGINE_GATE_PUBLIC_KEY"), without="gate_public_key"
    ),
    "engine: bad public key": Mistake(
        "engine", ("{place}", "'gate_public_key'"), ('gate_public_key = "U', 'gate_public_key = "not-a-key-')
    ),
    "engine: public key of nobody": Mistake(
        "engine",
        ("gate_public_key", "not a valid"),
        ('gate_public_key = "', f'gate_public_key = "U{"A" * 55}" # '),
    ),
    "engine: live": Mistake("engine", ("{place}", "'mode'", "paper"), ("", 'mode = "live"\n')),
    "obs: audit file not named": Mistake(
        "obs", ("{place}", "'audit_file'", "AT_OBS_AUDIT_FILE"), without="audit_file"
    ),
    "obs: audit folder impossible": Mistake(
        "obs", ("audit_file", "{home}/state"), file=("../state", "a file where a folder should be")
    ),
}


@pytest.fixture(scope="module")
def refusals(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, "Future[tuple[int, str]]"]]:
    """All the runs at once, two at a time: each test waits for its own."""
    folder = tmp_path_factory.mktemp("bad")
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(_run, folder / str(number), mistake)
            for number, (name, mistake) in enumerate(MISTAKES.items())
        }


@pytest.mark.parametrize("name", MISTAKES)
def test_a_bad_configuration_is_named_and_nothing_starts(
    refusals: dict[str, "Future[tuple[int, str]]"], name: str
) -> None:
    code, said = refusals[name].result(120)
    assert code == 2, said
    for word in MISTAKES[name].says:
        assert word in said
    assert "Traceback" not in said


def _run(folder: Path, mistake: Mistake) -> tuple[int, str]:
    """Make a good home without a bus, plant the mistake, start the one process; return its code and its words."""
    home = Home(folder, Ports.free())
    home.prepare()
    config = home.config_of(mistake.role)
    text = config.read_text()
    wrong, right = mistake.replaces
    if right:
        assert wrong in text
        text = text.replace(wrong, right, 1)
    if mistake.without:
        lines = [line for line in text.splitlines() if not line.startswith(f"{mistake.without} =")]
        assert len(lines) == len(text.splitlines()) - 1
        text = "\n".join(lines)
    config.write_text(text.replace("[bus]", "[bus]\nconnect_timeout_seconds = 0.5"))
    name, content = mistake.file
    if name:
        _plant(config.parent / name, content)
    program = Path(sys.executable).parent / COMMANDS[mistake.role][0]
    command = [str(program), *COMMANDS[mistake.role][1:], "--config", str(config)]
    environment = {**os.environ, **mistake.environment}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=folder, env=environment
    )
    said = done.stderr.replace(str(config), "{place}").replace(str(config.parent), "{folder}")
    return done.returncode, said.replace(str(home.folder), "{home}")


def _plant(path: Path, content: str | None) -> None:
    if path.is_dir():
        path.rmdir()
    elif path.exists():
        path.unlink()
    if content is not None:
        path.write_text(content)


def test_the_shipped_configuration_has_no_mistake(tmp_path: Path) -> None:
    """Otherwise the refusals above would prove little: with the same home and no bus, only the bus is missed."""
    code, said = _run(tmp_path, Mistake("gate", ()))
    assert code == 2
    assert "no bus at" in said
    assert (ROOT / "at-exec-sim" / "config" / "limits.toml").is_file()
