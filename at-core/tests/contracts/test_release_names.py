"""Changes of public names, one row each: what was written, what is written, and the rules that speak."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from at_core.contracts.release.names import compare_names
from at_core.contracts.release.rules import RULES, Step
from at_core.contracts.release.source import read_sources
from at_core.contracts.release.surface import Surface, surface_of

DATA = "@dataclass(frozen=True)\nclass N:\n    a: int\n    b: str = 'x'\n"
MODEL = "class N(BaseModel):\n    a: int\n    b: str = 'x'\n"
ENUM = "class N(StrEnum):\n    A = 'A'\n    B = 'B'\n"
PORT = "class N(Protocol):\n    def go(self) -> None: ...\n"
KLASS = (
    "class N(Base):\n    def __init__(self) -> None:\n        self.code = 1\n\n"
    "    def go(self, a: int) -> None: ...\n"
)

ROWS: dict[str, tuple[str, str, str]] = {
    "nothing": ("def N(): ...", "def N(): ...", ""),
    "a comment and a body": ("def N(): ...", "def N():\n    # other\n    return None", ""),
    "name removed": ("N = 1", "", "NAME_REMOVED"),
    "name added": ("", "N = 1", "NAME_ADDED"),
    "name renamed": ("N = 1", "M = 1", "NAME_REMOVED NAME_ADDED"),
    "function becomes class": ("def N(): ...", "class N: ...", "KIND_CHANGED"),
    "function becomes coroutine": ("def N(): ...", "async def N(): ...", "KIND_CHANGED"),
    "coroutine becomes function": ("async def N(): ...", "def N(): ...", "KIND_CHANGED"),
    "parameter removed": ("def N(a: int): ...", "def N(): ...", "PARAMETER_REMOVED"),
    "parameter renamed": (
        "def N(a: int): ...",
        "def N(b: int): ...",
        "PARAMETER_REMOVED PARAMETER_REQUIRED_ADDED",
    ),
    "parameter added": ("def N(): ...", "def N(a: int): ...", "PARAMETER_REQUIRED_ADDED"),
    "parameter added with default": ("def N(): ...", "def N(a: int = 1): ...", "PARAMETER_OPTIONAL_ADDED"),
    "keyword added": ("def N(): ...", "def N(*, a: int): ...", "PARAMETER_REQUIRED_ADDED"),
    "keyword added with default": ("def N(): ...", "def N(*, a: int = 1): ...", "PARAMETER_OPTIONAL_ADDED"),
    "optional parameter put first": (
        "def N(a: int = 1): ...",
        "def N(b: int = 2, a: int = 1): ...",
        "PARAMETER_OPTIONAL_ADDED PARAMETER_ORDER_CHANGED",
    ),
    "parameters swapped": ("def N(a, b): ...", "def N(b, a): ...", "PARAMETER_ORDER_CHANGED"),
    "keywords swapped": ("def N(*, a, b): ...", "def N(*, b, a): ...", ""),
    "parameter by name only": ("def N(a): ...", "def N(*, a): ...", "PARAMETER_KIND_NARROWED"),
    "parameter by place only": ("def N(a): ...", "def N(a, /): ...", "PARAMETER_KIND_NARROWED"),
    "keyword also by place": ("def N(*, a): ...", "def N(a): ...", "PARAMETER_KIND_WIDENED"),
    "default given": ("def N(a): ...", "def N(a=1): ...", "PARAMETER_MADE_OPTIONAL"),
    "default taken": ("def N(a=1): ...", "def N(a): ...", "PARAMETER_MADE_REQUIRED"),
    "default changed": ("def N(a=1): ...", "def N(a=2): ...", "PARAMETER_DEFAULT_CHANGED"),
    "parameter of another type": ("def N(a: int): ...", "def N(a: str): ...", "PARAMETER_TYPE_CHANGED"),
    "parameter takes more": ("def N(a: int): ...", "def N(a: int | None): ...", "PARAMETER_TYPE_WIDENED"),
    "parameter takes less": ("def N(a: int | None): ...", "def N(a: int): ...", "PARAMETER_TYPE_CHANGED"),
    "union in another order": ("def N(a: int | str): ...", "def N(a: str | int): ...", ""),
    "rest of the arguments": ("def N(): ...", "def N(*rest, **more): ...", "PARAMETER_OPTIONAL_ADDED"),
    "another answer": ("def N() -> int: ...", "def N() -> str: ...", "RETURN_TYPE_CHANGED"),
    "answer may be missing": ("def N() -> int: ...", "def N() -> int | None: ...", "RETURN_TYPE_CHANGED"),
    "answer is never missing": ("def N() -> int | None: ...", "def N() -> int: ...", "RETURN_TYPE_NARROWED"),
    "answer is typed": ("def N(): ...", "def N() -> int: ...", "ANNOTATION_ADDED"),
    "enum member added": (ENUM, ENUM + "    C = 'C'\n", "ENUM_MEMBER_ADDED"),
    "enum member removed": (ENUM, ENUM.replace("    B = 'B'\n", ""), "ENUM_MEMBER_REMOVED"),
    "enum value changed": (ENUM, ENUM.replace("'B'", "'b'"), "ENUM_VALUE_CHANGED"),
    "dataclass field added": (
        DATA,
        DATA.replace("    b", "    c: int\n    b"),
        "FIELD_REQUIRED_ADDED FIELD_ORDER_CHANGED",
    ),
    "dataclass field added at the end": (DATA, DATA + "    c: int = 1\n", "FIELD_OPTIONAL_ADDED"),
    "dataclass field made by a factory": (
        DATA,
        DATA + "    c: list = field(default_factory=list)\n",
        "FIELD_OPTIONAL_ADDED",
    ),
    "dataclass field removed": (DATA, DATA.replace("    b: str = 'x'\n", ""), "FIELD_REMOVED"),
    "dataclass field of another type": (DATA, DATA.replace("a: int", "a: str"), "FIELD_TYPE_CHANGED"),
    "dataclass field of a wider type": (DATA, DATA.replace("a: int", "a: int | None"), "FIELD_TYPE_CHANGED"),
    "dataclass field loses its default": (DATA, DATA.replace(" = 'x'", ""), "FIELD_MADE_REQUIRED"),
    "dataclass field gets a default": (DATA.replace(" = 'x'", ""), DATA, "FIELD_MADE_OPTIONAL"),
    "dataclass field has another default": (DATA, DATA.replace("'x'", "'y'"), "FIELD_DEFAULT_CHANGED"),
    "dataclass thaws": (DATA, DATA.replace("frozen=True", ""), "FORM_CHANGED"),
    "dataclass freezes": (DATA.replace("frozen=True", ""), DATA, "FORM_NARROWED"),
    "dataclass becomes model": (DATA, MODEL, "BASE_ADDED KIND_CHANGED PARAMETER_KIND_NARROWED"),
    "model field added": (MODEL, MODEL.replace("    b", "    c: int\n    b"), "FIELD_REQUIRED_ADDED"),
    "model field with constraints added": (
        MODEL,
        MODEL + "    c: int = Field(ge=0)\n",
        "FIELD_REQUIRED_ADDED",
    ),
    "model field added with default": (
        MODEL,
        MODEL + "    c: int = Field(1, ge=0)\n",
        "FIELD_OPTIONAL_ADDED",
    ),
    "model field removed": (MODEL, MODEL.replace("    a: int\n", ""), "FIELD_REMOVED"),
    "model fields swapped": (
        "class N(BaseModel):\n    a: int\n    b: int\n",
        "class N(BaseModel):\n    b: int\n    a: int\n",
        "",
    ),
    "model refuses unknown fields": (
        MODEL + "    model_config = ConfigDict(extra='ignore')\n",
        MODEL + "    model_config = ConfigDict(extra='forbid')\n",
        "MODEL_CONFIG_CHANGED",
    ),
    "field becomes property": (
        "@dataclass\nclass N:\n    a: int = 1\n",
        "@dataclass\nclass N:\n    @property\n    def a(self) -> int: ...\n",
        "KIND_CHANGED",
    ),
    "base removed": (KLASS, KLASS.replace("(Base)", ""), "BASE_REMOVED"),
    "base added": (KLASS, KLASS.replace("(Base)", "(Base, More)"), "BASE_ADDED"),
    "method removed": (KLASS, KLASS.partition("    def go")[0], "MEMBER_REMOVED"),
    "method added": (KLASS, KLASS + "    def halt(self) -> None: ...\n", "MEMBER_ADDED"),
    "private method added": (KLASS, KLASS + "    def _halt(self) -> None: ...\n", ""),
    "method asks for more": (KLASS, KLASS.replace("a: int", "a: int, b: int"), "PARAMETER_REQUIRED_ADDED"),
    "method becomes property": (PORT, PORT.replace("    def", "    @property\n    def"), "KIND_CHANGED"),
    "attribute removed": (KLASS, KLASS.replace("self.code", "self._code"), "MEMBER_REMOVED"),
    "constructor asks for more": (KLASS, KLASS.replace("(self)", "(self, a)"), "PARAMETER_REQUIRED_ADDED"),
    "port asks for more": (PORT, PORT + "    def halt(self) -> None: ...\n", "MEMBER_TO_IMPLEMENT_ADDED"),
    "method moved into a base": (
        KLASS,
        "class _Own(Base):\n" + KLASS.partition("\n")[2] + "class N(_Own): ...\n",
        "",
    ),
    "text changed": ("N = 'At-Signature'", "N = 'Signature'", "CONSTANT_CHANGED"),
    "number changed": ("N: Final = 3", "N: Final = -3", "CONSTANT_CHANGED"),
    "table changed": ("N = (one(), two())", "N = (one(),)", "TABLE_CHANGED"),
    "constant of another type": ("N: int = 3", "N: str = '3'", "TYPE_CHANGED"),
    "alias of another type": ("N = Mapping[str, Any]", "N = dict[str, Any]", "TYPE_CHANGED"),
    "alias checks more": (
        "N = Annotated[str, Field(max_length=9)]",
        "N = Annotated[str, Field(max_length=5)]",
        "ALIAS_BOUNDS_CHANGED",
    ),
}


def surface(folder: Path, text: str) -> Surface:
    """Describe a package of one module, which promises ``N`` and ``M`` as far as they are there."""
    package = folder / "shop"
    package.mkdir(parents=True)
    there = [
        name for name in ("M", "N") if re.search(rf"^((async )?def |class )?{name}\b", text, re.MULTILINE)
    ]
    (package / "room.py").write_text(f"__all__ = {there!r}\n{text}\n")
    return surface_of(read_sources(package))


@pytest.mark.parametrize(("old", "new", "rules"), ROWS.values(), ids=ROWS.keys())
def test_a_change_is_told_by_its_rules(tmp_path: Path, old: str, new: str, rules: str) -> None:
    found = list(compare_names(surface(tmp_path / "old", old), surface(tmp_path / "new", new)))
    assert {one.rule for one in found} == {*rules.split()}
    assert all(one.name in {"N", "M"} for one in found)


def test_every_rule_of_names_has_its_row() -> None:
    told = {rule for _, _, rules in ROWS.values() for rule in rules.split()}
    elsewhere = {rule for rule in RULES if rule.startswith(("EVENT_", "SCRIPT_", "MODULE_"))}
    assert told == {*RULES} - elsewhere - {"ENVELOPE_CHANGED", "FROZEN_CONTRACT_CHANGED"}


def test_what_takes_something_away_breaks_and_what_adds_does_not() -> None:
    takes = ("REMOVED", "NARROWED", "MADE_REQUIRED", "REQUIRED_ADDED", "UNREADABLE")
    for rule, said in RULES.items():
        if rule.endswith(takes) and rule != "RETURN_TYPE_NARROWED":
            assert said.step is Step.MAJOR, rule
        if rule.endswith(("OPTIONAL_ADDED", "MADE_OPTIONAL", "WIDENED", "NAME_ADDED")):
            assert said.step is Step.MINOR, rule


def test_a_name_that_is_handed_on_is_judged_where_it_is_defined(tmp_path: Path) -> None:
    def package(folder: Path, parameter: str) -> Surface:
        (folder / "shop" / "_own").mkdir(parents=True)
        (folder / "shop" / "__init__.py").write_text("from shop.room import N\n__all__ = ['N']\n")
        (folder / "shop" / "room.py").write_text(f"__all__ = ['N']\ndef N({parameter}): ...\n")
        (folder / "shop" / "_own" / "room.py").write_text("__all__ = ['Hidden']\nclass Hidden: ...\n")
        return surface_of(read_sources(folder / "shop"))

    old, new = package(tmp_path / "old", "a"), package(tmp_path / "new", "")
    assert old["shop"] == {"N": "same shop.room.N"}
    assert "shop._own.room" not in old
    assert [one.place for one in compare_names(old, new)] == ["shop.room.N(a)"]


def test_what_a_class_inherits_is_told_of_its_base_alone(tmp_path: Path) -> None:
    def package(folder: Path, lines: str) -> Surface:
        (folder / "shop").mkdir(parents=True)
        text = f"__all__ = ['Base', 'N']\nclass Base:\n    def go(self): ...\n{lines}class N(Base): ...\n"
        (folder / "shop" / "room.py").write_text(text)
        return surface_of(read_sources(folder / "shop"))

    old, new = package(tmp_path / "old", "    def halt(self): ...\n"), package(tmp_path / "new", "")
    assert [one.place for one in compare_names(old, new)] == ["shop.room.Base.halt"]
