"""The rules of releases: what each change of what a wheel offers asks of its version number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

__all__ = ["RULES", "Finding", "Rule", "Step"]


class Step(IntEnum):
    """How far the version has to move, from least to most."""

    PATCH = 0
    """Nothing public or frozen changed."""
    MINOR = 1
    """Something was added; whoever used the release before goes on."""
    MAJOR = 2
    """Somebody's code, or somebody's messages, may stop working."""
    NEVER = 3
    """No version number permits it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: how much it asks for, and what to do about it."""

    step: Step
    hint: str


_KEEP = "keep the old form beside the new one, or raise the version and say it in CHANGELOG.md"
_NEW = "say it in CHANGELOG.md"


def _each(step: Step, hint: str, names: str) -> dict[str, Rule]:
    return {name: Rule(step, hint) for name in names.split()}


RULES: Final[Mapping[str, Rule]] = {
    **_each(Step.MAJOR, _KEEP, "MODULE_REMOVED NAME_REMOVED KIND_CHANGED BASE_REMOVED FORM_NARROWED"),
    **_each(Step.MAJOR, _KEEP, "MEMBER_REMOVED ENUM_MEMBER_REMOVED ENUM_VALUE_CHANGED CONSTANT_CHANGED"),
    **_each(Step.MAJOR, _KEEP, "TYPE_CHANGED RETURN_TYPE_CHANGED MODEL_CONFIG_CHANGED"),
    "MEMBER_TO_IMPLEMENT_ADDED": Rule(
        Step.MAJOR, "whoever implements this port lacks it; put it into a new port, or raise the version"
    ),
    **_each(Step.MAJOR, "give it a default at the end, or raise the version", "FIELD_REQUIRED_ADDED"),
    **_each(Step.MAJOR, _KEEP, "FIELD_REMOVED FIELD_MADE_REQUIRED FIELD_TYPE_CHANGED FIELD_ORDER_CHANGED"),
    **_each(Step.MAJOR, "give it a default at the end, or raise the version", "PARAMETER_REQUIRED_ADDED"),
    **_each(Step.MAJOR, _KEEP, "PARAMETER_REMOVED PARAMETER_MADE_REQUIRED PARAMETER_ORDER_CHANGED"),
    **_each(Step.MAJOR, _KEEP, "PARAMETER_KIND_NARROWED PARAMETER_TYPE_CHANGED SCRIPT_REMOVED"),
    "EVENT_TYPE_REMOVED": Rule(
        Step.MAJOR, "stored messages of it become unreadable; keep the class readable, or raise the version"
    ),
    "EVENT_VERSION_UNREADABLE": Rule(
        Step.MAJOR, "keep the upcaster that leads from it to the newest form, or raise the version"
    ),
    "ENVELOPE_CHANGED": Rule(Step.MAJOR, "every message of every type is concerned; put it into the payload"),
    "FROZEN_CONTRACT_CHANGED": Rule(
        Step.NEVER, "a released contract never changes; restore the file and add a new version"
    ),
    "EVENT_NOT_FROZEN": Rule(
        Step.NEVER,
        "what is not frozen cannot be judged; see `at-core schema check`, then `at-core schema freeze`",
    ),
    "EVENT_VERSION_WENT_BACK": Rule(
        Step.NEVER,
        "a released version is in the world; give the model the version after the newest frozen one",
    ),
    **_each(
        Step.MINOR, _NEW, "MODULE_ADDED NAME_ADDED BASE_ADDED MEMBER_ADDED ENUM_MEMBER_ADDED SCRIPT_ADDED"
    ),
    **_each(Step.MINOR, _NEW, "FIELD_OPTIONAL_ADDED FIELD_MADE_OPTIONAL FIELD_DEFAULT_CHANGED FORM_CHANGED"),
    **_each(Step.MINOR, _NEW, "PARAMETER_OPTIONAL_ADDED PARAMETER_MADE_OPTIONAL PARAMETER_DEFAULT_CHANGED"),
    **_each(Step.MINOR, _NEW, "PARAMETER_TYPE_WIDENED PARAMETER_KIND_WIDENED RETURN_TYPE_NARROWED"),
    **_each(Step.MINOR, _NEW, "TABLE_CHANGED ALIAS_BOUNDS_CHANGED ANNOTATION_ADDED"),
    **_each(Step.MINOR, _NEW, "EVENT_TYPE_ADDED EVENT_MINOR_ADDED EVENT_MAJOR_ADDED"),
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One change: the rule, the dotted name or event type, and what stood there before and stands there now."""

    rule: str
    place: str
    old: str = ""
    new: str = ""
    name: str = ""
    """The public name that ``place`` belongs to: what CHANGELOG.md has to mention when it breaks somebody."""

    @property
    def step(self) -> Step:
        """How far this moves the version."""
        return RULES[self.rule].step

    @property
    def hint(self) -> str:
        """What to do about it."""
        return RULES[self.rule].hint

    @property
    def breaking(self) -> bool:
        """Whether somebody may stop working because of it."""
        return self.step >= Step.MAJOR

    def as_json(self) -> dict[str, Any]:
        """The finding for machines."""
        return {
            "rule": self.rule,
            "step": self.step.name,
            "place": self.place,
            "old": self.old,
            "new": self.new,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        before, after = self.old or "nothing", self.new or "nothing"
        return f"{self.step.name} {self.rule} {self.place}: {before} -> {after}; {self.hint}"
