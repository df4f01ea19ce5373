"""The runbooks are true: their parts, their commands, their queries, their metrics and their links."""

from __future__ import annotations

import re
import shlex
import sqlite3
from pathlib import Path
from typing import get_args

import pytest
from obs_world import T0, Flow, journal

from at_core.cli import main as at_core_main
from at_core.runtime.metrics import Metrics
from at_obs.audit.chain import Reason
from at_obs.audit.recorder import Recorder
from at_obs.audit.sqlite_store import SqliteAuditStore
from at_obs.cli import main
from at_obs.flow.metrics import ObsMetrics

DOCS = Path(__file__).parent.parent / "docs"
INDEX = DOCS / "RUNBOOK.md"
PAGES = sorted((DOCS / "runbooks").glob("*.md"))
PARTS = [
    "First 60 seconds", "Meaning", "Impact", "Diagnosis", "Mitigation", "Verify it is over", "Escalate",
    "Related audit query",
]  # fmt: skip
ANY_ID = "01890000-0000-7000-8000-000000000000"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("at-obs ")]


@pytest.fixture
def recorded(store: SqliteAuditStore, audit_file: Path) -> Path:
    Recorder(store).append(journal(Flow().whole()), T0)
    return audit_file


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_eight_parts_in_order(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS


def test_the_index_names_every_page_and_every_link_leads_somewhere() -> None:
    linked = set(re.findall(r"\((runbooks/\w+\.md)\)", INDEX.read_text()))
    assert linked == {f"runbooks/{page.name}" for page in PAGES}
    for page in PAGES:
        for target in re.findall(r"\]\((\w+\.md)\)", page.read_text()):
            assert (page.parent / target).is_file()


@pytest.mark.parametrize(
    ("page", "command"), [(page, command) for page in (INDEX, *PAGES) for command in commands(page)]
)
def test_every_command_runs(
    recorded: Path, capsys: pytest.CaptureFixture[str], page: Path, command: str
) -> None:
    words = shlex.split(
        command.replace(".at/state/audit.sqlite", str(recorded)).replace(ANY_ID, Flow().correlation_id)
    )
    assert main(words[1:]) == 0, f"{page.name}: {command}"
    assert capsys.readouterr().out


def test_every_command_of_at_core_exists_with_its_flags(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.strip() for page in (INDEX, *PAGES) for line in page.read_text().splitlines()]
    found = [shlex.split(line) for line in lines if line.startswith("at-core ")]
    assert found
    for words in found:
        verb = [word for word in words[1:3] if not word.startswith("-")]
        with pytest.raises(SystemExit) as end:
            at_core_main([*verb, "--help"])
        assert end.value.code == 0, words
        flags = {word for word in words if word.startswith("--")}
        assert flags <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out)), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_query_runs_and_means_what_it_says(recorded: Path, page: Path) -> None:
    (query,) = blocks(page, "sql")
    connection = sqlite3.connect(f"{recorded.as_uri()}?mode=ro", uri=True)
    connection.execute(query).fetchall()
    connection.close()


def test_every_metric_of_ours_that_a_page_names_exists() -> None:
    metrics = Metrics("obs")
    ObsMetrics(metrics, ())
    known = set(re.findall(r"^# TYPE (\w+)", metrics.render().decode(), re.MULTILINE))
    for page in (INDEX, *PAGES):
        named = set(
            re.findall(r"`(at_(?:audit|flow|dead|delivery|heartbeat|risk|service)_\w+)`", page.read_text())
        )
        assert named <= known, page.name


def test_the_broken_chain_page_explains_every_reason() -> None:
    text = (DOCS / "runbooks" / "AuditChainBroken.md").read_text()
    missing = [reason for reason in get_args(Reason) if reason not in text]
    assert missing == []


def test_orders_without_an_end_are_found_by_the_query_of_bus_down(
    store: SqliteAuditStore, audit_file: Path
) -> None:
    done, open_one = Flow(1), Flow(1, strategy="other")
    Recorder(store).append(journal([*done.whole(), *open_one.whole()[1:6]]), T0)
    (query,) = blocks(DOCS / "runbooks" / "BusDown.md", "sql")
    connection = sqlite3.connect(audit_file)
    found = connection.execute(query).fetchall()
    assert len(found) == 1
    assert open_one.client_order_id in found[0][2]
    connection.close()
