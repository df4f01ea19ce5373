"""Tidy names each untidiness at its place, and is silent about a tidy tree."""

from __future__ import annotations

from pathlib import Path

import pytest

import tidy

LABEL = '"""A planted room for one test."""\n'
SOURCE = "at-x/src/at_x/rules.py"

# Spelled in halves, so that neither this file nor its readers' tools find a violation here.
UNTIDY = {
    "long file": (SOURCE, LABEL + "X = 1\n" * 20, "21 lines, limit 20"),
    "long function": (SOURCE, LABEL + "def f():\n" + "    x = 1\n" * 5, "f has 6 lines, limit 5"),
    "long method": (
        SOURCE,
        LABEL + "class A:\n  async def f():\n" + "    x = 1\n" * 5,
        "f has 6 lines, limit 5",
    ),
    "deep path": ("at-x/src/at_x/a/b/rules.py", LABEL, "4 levels deep, limit 3"),
    "no label": (SOURCE, "X = 1\n", "not a docstring"),
    "empty module": (SOURCE, "", "not a docstring"),
    "marker": (SOURCE, LABEL + "X = 1  # TO" + "DO later\n", "leftover marker"),
    "marker in a test": ("at-x/tests/test_a.py", LABEL + "X = 1  # FIX" + "ME\n", "leftover marker"),
    "machine path": ("at-x/README.md", "see /ho" + "me/someone/notes\n", "path of one machine"),
    "machine path in data": ("at-x/a.toml", 'file = "/tm' + 'p/x"\n', "path of one machine"),
    "address in a lock": (
        "scripts/requirements.lock",
        "a @ https:/" + "/host/a.whl\n",
        "address in a lock file",
    ),
    "registry option": ("requirements.txt", "--index-ur" + "l somewhere\n", "address in a lock file"),
    "silent type": (SOURCE, LABEL + "X = 1  # type: ig" + "nore[misc]\n", "without its reason"),
    "silent lint": (SOURCE, LABEL + "X = 1  # no" + "qa: S101, E501\n", "without its reason"),
    "silent skip": (
        "at-x/tests/test_a.py",
        LABEL + "@pytest.mark.sk" + "ip\ndef f(): ...\n",
        "without its reason",
    ),
    "dead module": ("at-x/src/at_x/attic.py", LABEL, "dead module"),
    "code name": ("at-x/src/at_x/myRules.py", LABEL, "snake_case"),
    "document name": ("docs/notes.md", "x\n", "ALL_CAPS"),
}


@pytest.mark.parametrize(("place", "text", "said"), UNTIDY.values(), ids=UNTIDY.keys())
def test_untidiness_is_named(
    tidy_tree: Path, capsys: pytest.CaptureFixture[str], place: str, text: str, said: str
) -> None:
    (tidy_tree / place).parent.mkdir(parents=True, exist_ok=True)
    (tidy_tree / place).write_text(text)
    assert tidy.main(tidy_tree) == 1
    printed = capsys.readouterr().out
    assert any(line.startswith(place) and said in line for line in printed.splitlines()), printed


TIDY = {
    "a reason on the line": (SOURCE, LABEL + "X = 1  # no" + "qa: S105 - the name of a header, no secret\n"),
    "a type with a reason": (
        SOURCE,
        LABEL + "X = 1  # type: ig" + "nore[misc]  # the library ships no types\n",
    ),
    "a skip with a reason": (
        "at-x/tests/test_a.py",
        "@pytest.mark.sk" + 'ip(reason="needs a cluster")\ndef f(): ...\n',
    ),
    "a web address": ("at-x/README.md", "https:/" + "/example.org/ho" + "me/page\n"),
    "a relative path": ("at-x/README.md", "state lives in .at/tm" + "p/keys\n"),
    "a runbook": ("at-x/docs/runbooks/GateStale.md", "x\n"),
    "exactly the limit": (SOURCE, LABEL + "X = 1\n" * 19),
    "a module named as data": ("at-x/pyproject.toml", '[x]\nmain = "at_x.rules:main"\n'),
}


@pytest.mark.parametrize(("place", "text"), TIDY.values(), ids=TIDY.keys())
def test_what_is_tidy_passes(tidy_tree: Path, place: str, text: str) -> None:
    (tidy_tree / place).parent.mkdir(parents=True, exist_ok=True)
    (tidy_tree / place).write_text(text)
    assert tidy.main(tidy_tree) == 0


def test_a_mention_in_prose_keeps_no_module_alive(
    tidy_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tidy_tree / "at-x" / "src" / "at_x"
    (package / "attic.py").write_text(LABEL)
    (package / "rules.py").write_text('"""Rules; see at_x.attic for more of them."""\n')
    assert tidy.main(tidy_tree) == 1
    assert "attic.py: dead module" in capsys.readouterr().out


def test_a_testing_room_lives_by_tests_and_no_other_room_does(
    tidy_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tidy_tree / "at-x" / "src" / "at_x"
    (package / "testing").mkdir()
    (package / "testing" / "cards.py").write_text(LABEL)
    (package / "attic.py").write_text(LABEL)
    test = tidy_tree / "at-x" / "tests" / "test_a.py"
    test.parent.mkdir()
    test.write_text("from at_x import attic\nfrom at_x.testing import cards\n")
    assert tidy.main(tidy_tree) == 1
    printed = capsys.readouterr().out
    assert "attic.py: dead module" in printed
    assert "cards.py" not in printed
