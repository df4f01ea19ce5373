"""The recipe of an event type is followed to the letter on a copy of the workspace, and keeps its promises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from recipe.steps import Step, Unclear, carry_out, steps_of

from _lib.tree import ROOT, carried, manifest
from bootstrap import VENV

PAGE = "docs/RECIPES.md"
TITLE = "An event type"
STEPS = steps_of((ROOT / PAGE).read_text(), TITLE)
OWN_TESTS = (
    ("at-gateway", "tests/test_gateway_contract.py"),
    ("at-obs", "tests/test_obs_contract.py"),
    ("at-core", "tests/events/test_codec.py"),
)
PROMISES = "scripts/tests/recipe/promises.py"
_STAMP = "import bootstrap as b; print(b._digest(b.manifest(b.ROOT)['workspace']['members']))"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git carries, with a .venv of its own (its code before ours), after every step of the recipe."""
    root = tmp_path_factory.mktemp("recipe")
    for path in carried(ROOT):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, root / path)
    if (ROOT / ".mypy_cache").is_dir():  # only saves time
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    _make_venv(root)
    for step in STEPS:
        carry_out(step, root, environment_of(root))
    return root


def _make_venv(root: Path) -> None:
    """Make a .venv without asking an index; scripts/bootstrap.py finds it as if it had made it."""
    place = root / ".venv"
    venv.create(place, with_pip=False, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    members = manifest(root)["workspace"]["members"]
    sources = [str(root / member / "src") for member in members]
    (site / "recipe.pth").write_text("\n".join([*sources, sysconfig.get_path("purelib")]) + "\n")
    python = str(place / "bin" / "python")
    for tool in (VENV / "bin").iterdir():
        target = place / "bin" / tool.name
        if target.exists() or not tool.is_file():
            continue
        content = tool.read_bytes()
        if content.startswith(b"#!"):
            head, _, rest = content.partition(b"\n")
            content = (f"#!{python}".encode() if b"python" in head else head) + b"\n" + rest
            target.write_bytes(content)
            target.chmod(0o755)
        else:
            target.symlink_to(tool)
    stamp = subprocess.run(
        [python, "-c", _STAMP], cwd=root / "scripts", capture_output=True, text=True, check=True, timeout=60
    )
    (place / "bootstrap.stamp").write_text(stamp.stdout.strip(), encoding="ascii")


def environment_of(root: Path) -> dict[str, str]:
    """Ours, without what would lead to another tree, and with the tools of the copy in front."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AT_", "PYTHON", "PYTEST", "VIRTUAL_ENV"))
    }
    return {**kept, "PATH": f"{root / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"}


def pytest_in(root: Path, member: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(root / ".venv" / "bin" / "pytest"),
        "-q",
        "-c",
        "pyproject.toml",
        "-p",
        "no:cacheprovider",
        *words,
    ]
    return subprocess.run(
        command,
        cwd=root / member,
        env=environment_of(root),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_the_recipe_keeps_every_promise(scratch: Path) -> None:
    done = pytest_in(
        scratch, "at-core", "--noconftest", "-p", "at_core.testing.nats_fixture", str(scratch / PROMISES)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout


@pytest.mark.parametrize(("member", "suite"), OWN_TESTS)
def test_the_members_it_touches_stay_green(scratch: Path, member: str, suite: str) -> None:
    done = pytest_in(scratch, member, suite)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_step_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text("def a():\n    one\n    two\n")
    environment = {"PATH": os.environ["PATH"]}
    carry_out(Step("python", "insert=there.py after: one", "more\n"), tmp_path, environment)
    assert (tmp_path / "there.py").read_text() == "def a():\n    one\n    more\n    two\n"
    carry_out(Step("python", "insert=there.py before: more", "less\n"), tmp_path, environment)
    assert (tmp_path / "there.py").read_text() == "def a():\n    one\n    less\n    more\n    two\n"
    carry_out(Step("text", "append=there.py", "# end\n"), tmp_path, environment)
    assert (tmp_path / "there.py").read_text().endswith("two\n\n# end\n")
    wrong = (
        ("python", "insert=there.py after: three", ""),
        ("python", "file=there.py", ""),
        ("toml", "append=absent.toml", ""),
        ("python", "somewhere", ""),
        ("sh", "", f"{sys.executable} -c raise"),
    )
    for step in wrong:
        with pytest.raises(Unclear):
            carry_out(Step(*step), tmp_path, environment)
