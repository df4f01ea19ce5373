"""Reads the steps of a recipe from its page and carries them out on a copy of the workspace, word by word."""

from __future__ import annotations

import re
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INSERT = re.compile(r"insert=(?P<path>\S+) (?P<side>after|before): (?P<line>.+)")
_FILE = re.compile(r"(?P<verb>file|append)=(?P<path>\S+)")


class Unclear(Exception):
    """A step that cannot be carried out as it is written."""


@dataclass(frozen=True)
class Step:
    """One block: its language, the rest of its first line, its text."""

    language: str
    info: str
    text: str


def steps_of(page: str, title: str) -> list[Step]:
    """Return the blocks of the section called ``title`` that ask for something, in their order."""
    _, _, rest = page.partition(f"\n## {title}\n")
    section = rest.partition("\n## ")[0]
    found = [
        Step(language, info.strip(), textwrap.dedent(text))
        for _, language, info, text in _FENCE.findall(section)
    ]
    return [step for step in found if step.info or step.language == "sh"]


def carry_out(step: Step, root: Path, environment: dict[str, str]) -> None:
    """Do one step below ``root``; raise Unclear when it does not fit what is there."""
    if step.language == "sh":
        _run(step.text, root, environment)
    elif insert := _INSERT.fullmatch(step.info):
        _insert(root / insert["path"], insert["line"], step.text, behind=insert["side"] == "after")
    elif file := _FILE.fullmatch(step.info):
        _write(root / file["path"], step.text, new=file["verb"] == "file")
    else:
        raise Unclear(f"what is to be done with {step.info!r}?")


def _write(path: Path, text: str, *, new: bool) -> None:
    if new == path.exists():
        raise Unclear(f"{path.name} is {'already' if new else 'not'} there")
    path.write_text(text if new else path.read_text().rstrip("\n") + "\n\n" + text)


def _insert(path: Path, line: str, text: str, *, behind: bool) -> None:
    lines = path.read_text().splitlines(keepends=True)
    places = [number for number, known in enumerate(lines) if known.strip() == line]
    if not places:
        raise Unclear(f"{path.name} has no line that reads {line!r}")
    known = lines[places[0]]
    margin = known[: len(known) - len(known.lstrip())]
    at = places[0] + behind
    path.write_text("".join([*lines[:at], textwrap.indent(text, margin), *lines[at:]]))


def _run(text: str, root: Path, environment: dict[str, str]) -> None:
    for command in text.splitlines():
        done = subprocess.run(
            command.split(),
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode != 0:
            raise Unclear(f"{command}\n{done.stdout}{done.stderr}")
