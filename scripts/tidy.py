"""Checks the house rules no linter knows: sizes, labels, leftovers, reasons, machine paths, dead rooms, names.

python3 scripts/tidy.py
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from _lib.imports import dead_modules
from _lib.tree import ROOT, Finding, carried, manifest, module_name, report

# Spelled in halves, so that this file does not find itself.
MARKER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
SUPPRESSION = re.compile(
    r"#\s*(?:type:\s*ig"
    r"nore(?:\[[\w, -]+\])?|no"
    r"qa(?::\s*[A-Z]+\d+(?:[, ]+[A-Z]+\d+)*)?|pragma:\s*no\s*cov"
    r"er)"
    r"(?P<reason>.*)$"
)
SKIP = re.compile(r"pytest\.(?:mark\.)?(?:sk" r"ip(?:if)?|xf" r"ail|importorsk" r"ip)\b(?P<rest>.*)$")
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:wor[k]|far[m]|roo[t]|tm[p]|hom[e])/[A-Za-z]")
ADDRESS = re.compile(r"https?:/" r"/|index-ur" r"l|find-lin" r"ks|pypi\.or" r"g|pythonhosted", re.IGNORECASE)

CODE = {".py", ".js", ".css", ".html", ".sql", ".sh"}
TEXT = CODE | {
    ".md",
    ".toml",
    ".json",
    ".yml",
    ".yaml",
    ".txt",
    ".lock",
    ".example",
    ".conf",
    ".svg",
    ".cfg",
    ".ini",
    "",
}
SNAKE_FILE = re.compile(r"(?:__init__|__main__|[a-z][a-z0-9_]*)\.py")
CAPS_FILE = re.compile(r"[A-Z][A-Z0-9_]*\.md")


def main(root: Path = ROOT) -> int:
    """Read every carried file once and report what is untidy."""
    limits: dict[str, int] = manifest(root)["limits"]
    findings: list[Finding] = []
    trees: dict[Path, ast.Module] = {}
    declarations: list[str] = []
    for path in carried(root):
        findings += names(path)
        if path.suffix not in TEXT and path.name != "Dockerfile":
            continue
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        findings += lines(path, text)
        findings += sizes(path, text, limits)
        if path.suffix == ".toml":
            declarations.append(text)
        if path.suffix == ".py":
            trees[path] = ast.parse(text, filename=str(path))
            findings += functions(path, trees[path], limits["function_lines"])
            findings += label(path, text)
    findings += dead_modules(trees, declarations)
    return report("tidy", findings)


def sizes(path: Path, text: str, limits: dict[str, int]) -> Iterator[Finding]:
    """A room is no longer than a person reads at once, and no deeper than package/room/file."""
    count = text.count("\n")
    if path.suffix in CODE and count > limits["file_lines"]:
        yield Finding(str(path), 0, f"{count} lines, limit {limits['file_lines']}")
    depth = len(path.parts) - 2
    if module_name(path) is not None and depth > limits["path_depth"]:
        yield Finding(str(path), 0, f"{depth} levels deep, limit {limits['path_depth']}")


def functions(path: Path, tree: ast.Module, limit: int) -> Iterator[Finding]:
    """A function fits on a screen."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > limit:
                yield Finding(str(path), node.lineno, f"{node.name} has {count} lines, limit {limit}")


def label(path: Path, text: str) -> Iterator[Finding]:
    """The first line of a module says what the room is for."""
    first = text.partition("\n")[0]
    if (module_name(path) or path.parts[0] == "scripts") and not re.match(r'"""\S.{8,}', first):
        yield Finding(str(path), 1, "the first line is not a docstring that labels the room")


def lines(path: Path, text: str) -> Iterator[Finding]:
    """No leftovers, no silent suppressions, nothing that is true on one machine only."""
    locked = path.suffix in {".lock", ".txt"} or path.stem.startswith(("requirements", "constraints"))
    for number, line in enumerate(text.splitlines(), start=1):
        if path.suffix in CODE and MARKER.search(line):
            yield Finding(str(path), number, "leftover marker")
        if MACHINE_PATH.search(line):
            yield Finding(str(path), number, "path of one machine")
        if locked and ADDRESS.search(line):
            yield Finding(str(path), number, "address in a lock file")
        if path.suffix == ".py" and unreasoned(line):
            yield Finding(str(path), number, "suppression or skip without its reason on the line")


def unreasoned(line: str) -> bool:
    """Tell whether a line silences a tool or a test without saying why."""
    silenced = SUPPRESSION.search(line)
    if silenced and len(re.findall(r"[A-Za-z]{2,}", silenced["reason"])) < 2:
        return True
    skipped = SKIP.search(line)
    return bool(skipped and not re.search(r"""reason\s*=|["'][^"']{8,}|\w+_reason""", skipped["rest"]))


def names(path: Path) -> Iterator[Finding]:
    """Documents are ALL_CAPS.md, code is snake_case.py; runbooks bear the name of their alert."""
    if path.suffix == ".py" and not SNAKE_FILE.fullmatch(path.name):
        yield Finding(str(path), 0, "code files are snake_case.py")
    document = path.suffix == ".md" and path.parent.name in {"", "docs"}
    member_root = len(path.parts) == 2 and path.parts[0].startswith("at-")
    if path.suffix == ".md" and (document or member_root) and not CAPS_FILE.fullmatch(path.name):
        yield Finding(str(path), 0, "documents are ALL_CAPS.md")


if __name__ == "__main__":
    sys.exit(main())
