"""The rules of compatibility: a closed set of names, each with what it means and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["RULES", "Direction", "Effect", "Finding", "Rule", "RuleText", "Verdict"]


class Direction(StrEnum):
    """Who is broken."""

    BACKWARD = "backward"
    """The new reader, by what the old writer sent or still sends."""
    FORWARD = "forward"
    """The old reader, by what the new writer sends."""
    BOTH = "both"
    NEITHER = "neither"


class Verdict(StrEnum):
    """What a change asks for, from least to most."""

    SAME = "same"
    PATCH = "patch"
    """Titles, order, names of parts: the text differs, no document does."""
    MINOR = "minor"
    """Old and new read each other, in any order of upgrade."""
    MAJOR = "major"
    """Somebody would refuse or misread a document: a new major beside the old one."""

    @property
    def rank(self) -> int:
        """0 for ``same`` to 3 for ``major``."""
        return list(Verdict).index(self)


class Effect(StrEnum):
    """What a finding leads to."""

    MINOR = "minor"
    MAJOR = "major"
    NEVER = "never"
    """Not even a new major permits it."""
    POLICY = "policy"
    """Said of one contract alone: it may not be frozen like this, unless waived with a reason."""


class Rule(StrEnum):
    """Every name a finding can bear."""

    FIELD_REQUIRED_ADDED = "FIELD_REQUIRED_ADDED"
    FIELD_REQUIRED_REMOVED = "FIELD_REQUIRED_REMOVED"
    FIELD_MADE_REQUIRED = "FIELD_MADE_REQUIRED"
    FIELD_MADE_OPTIONAL = "FIELD_MADE_OPTIONAL"
    FIELD_OPTIONAL_ADDED = "FIELD_OPTIONAL_ADDED"
    FIELD_OPTIONAL_REMOVED = "FIELD_OPTIONAL_REMOVED"
    FIELD_RENAMED = "FIELD_RENAMED"
    TYPE_CHANGED = "TYPE_CHANGED"
    BOUND_TIGHTENED = "BOUND_TIGHTENED"
    BOUND_LOOSENED = "BOUND_LOOSENED"
    FORMAT_CHANGED = "FORMAT_CHANGED"
    PATTERN_CHANGED = "PATTERN_CHANGED"
    NULLABLE_ADDED = "NULLABLE_ADDED"
    NULLABLE_REMOVED = "NULLABLE_REMOVED"
    ENUM_VALUE_ADDED_CLOSED = "ENUM_VALUE_ADDED_CLOSED"
    ENUM_VALUE_REMOVED = "ENUM_VALUE_REMOVED"
    ENUM_OPENED = "ENUM_OPENED"
    ENUM_CLOSED = "ENUM_CLOSED"
    UNION_WIDENED = "UNION_WIDENED"
    UNION_NARROWED = "UNION_NARROWED"
    DEFAULT_CHANGED = "DEFAULT_CHANGED"
    READER_FORBIDS_UNKNOWN = "READER_FORBIDS_UNKNOWN"
    FORM_CHANGED = "FORM_CHANGED"
    KEYS_CHANGED = "KEYS_CHANGED"
    STREAM_CHANGED = "STREAM_CHANGED"
    PRODUCER_CHANGED = "PRODUCER_CHANGED"
    EXPIRES_CHANGED = "EXPIRES_CHANGED"
    ENVELOPE_CHANGED = "ENVELOPE_CHANGED"
    UNSUPPORTED_KEYWORD = "UNSUPPORTED_KEYWORD"
    VERSION_WENT_BACK = "VERSION_WENT_BACK"
    TEXT_UNBOUNDED = "TEXT_UNBOUNDED"
    LIST_UNBOUNDED = "LIST_UNBOUNDED"
    MAP_UNBOUNDED = "MAP_UNBOUNDED"
    NUMBER_IN_JSON = "NUMBER_IN_JSON"
    FORM_UNKNOWN = "FORM_UNKNOWN"
    WORDS_MUST_BE_CLOSED = "WORDS_MUST_BE_CLOSED"
    OPEN_WORDS_UNDECLARED = "OPEN_WORDS_UNDECLARED"
    SECRET_NAMED = "SECRET_NAMED"  # noqa: S105  # the name of a rule
    NULL_DEMANDED = "NULL_DEMANDED"
    DEFAULT_HIDDEN = "DEFAULT_HIDDEN"
    KEY_NOT_SENT = "KEY_NOT_SENT"


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule means and what to do when it speaks."""

    effect: Effect
    sentence: str
    hint: str


_NEW_MAJOR = "make a new major with an upcaster"

RULES: Final[Mapping[Rule, RuleText]] = {
    Rule.FIELD_REQUIRED_ADDED: RuleText(
        Effect.MAJOR,
        "A field was added that every document must carry; documents of the old writer do not.",
        f"give it a default (`| None = None`), or {_NEW_MAJOR} that fills it",
    ),
    Rule.FIELD_REQUIRED_REMOVED: RuleText(
        Effect.MAJOR,
        "A field that the old reader demands is no longer sent.",
        f"keep sending it, or {_NEW_MAJOR} and let the producers emit the old one until all readers follow",
    ),
    Rule.FIELD_MADE_REQUIRED: RuleText(
        Effect.MAJOR,
        "A field that could be absent must now be there.",
        f"keep it optional and refuse its absence in the handler, or {_NEW_MAJOR}",
    ),
    Rule.FIELD_MADE_OPTIONAL: RuleText(
        Effect.MAJOR,
        "A field that the old reader demands may now be absent.",
        f"keep it required, or {_NEW_MAJOR}",
    ),
    Rule.FIELD_OPTIONAL_ADDED: RuleText(
        Effect.MINOR,
        "A field that may be absent was added; old readers ignore it.",
        "nothing to do: this is what a new minor is for",
    ),
    Rule.FIELD_OPTIONAL_REMOVED: RuleText(
        Effect.MINOR,
        "A field that may be absent was taken away; old readers see it absent.",
        "ask `at-core who-reads` first; its name stays taken and may not return in another form",
    ),
    Rule.FIELD_RENAMED: RuleText(
        Effect.MAJOR,
        "One field went and one of the same form came: old and new look for different names.",
        "add the new name beside the old one and remove the old one in a later minor when both are optional; "
        f"otherwise {_NEW_MAJOR}",
    ),
    Rule.TYPE_CHANGED: RuleText(
        Effect.MAJOR,
        "A value is of another kind.",
        f"add a new field of the new kind beside the old one, or {_NEW_MAJOR}",
    ),
    Rule.BOUND_TIGHTENED: RuleText(
        Effect.MAJOR,
        "The new reader accepts less than the old writer may send (length, size, limit, step).",
        f"keep the bound in the contract and check the tighter one in the handler, or {_NEW_MAJOR}",
    ),
    Rule.BOUND_LOOSENED: RuleText(
        Effect.MAJOR,
        "The new writer may send more than the old reader accepts (length, size, limit, step).",
        f"keep the bound, carry the larger value in a new optional field, or {_NEW_MAJOR}",
    ),
    Rule.FORMAT_CHANGED: RuleText(
        Effect.MAJOR,
        "A text has another form (sign or range of a decimal, time, id), and one side refuses what the other sends.",
        f"keep the form, use a new field, or {_NEW_MAJOR}",
    ),
    Rule.PATTERN_CHANGED: RuleText(
        Effect.MAJOR,
        "The pattern of a text changed and is not known to accept all that the other side sends.",
        f"keep the pattern, or {_NEW_MAJOR}; a pattern that surely accepts more is declared in `compat/forms.py`",
    ),
    Rule.NULLABLE_ADDED: RuleText(
        Effect.MAJOR,
        "The new writer may send null, or leave the field out, where the old reader wants a value.",
        f"keep it not null, or {_NEW_MAJOR}",
    ),
    Rule.NULLABLE_REMOVED: RuleText(
        Effect.MAJOR,
        "The new reader refuses null where the old writer may send it.",
        f"keep accepting null, or {_NEW_MAJOR}",
    ),
    Rule.ENUM_VALUE_ADDED_CLOSED: RuleText(
        Effect.MAJOR,
        "The new writer may send a value that the old reader's closed vocabulary refuses.",
        f"say it with an existing value and a new optional field, or {_NEW_MAJOR}",
    ),
    Rule.ENUM_VALUE_REMOVED: RuleText(
        Effect.MAJOR,
        "The new reader refuses a value that the old writer sent.",
        f"keep reading it and stop writing it, or {_NEW_MAJOR} whose upcaster translates it",
    ),
    Rule.ENUM_OPENED: RuleText(
        Effect.MAJOR,
        "A closed vocabulary now lets any text pass; the old reader refuses what it does not know.",
        f"keep it closed, or {_NEW_MAJOR}",
    ),
    Rule.ENUM_CLOSED: RuleText(
        Effect.MAJOR,
        "An open vocabulary was closed; documents with other texts exist.",
        f"keep it open and judge unknown values in the handler, or {_NEW_MAJOR}",
    ),
    Rule.UNION_WIDENED: RuleText(
        Effect.MAJOR,
        "The new writer may send a variant that the old reader does not know.",
        f"carry the new variant in a new optional field, or {_NEW_MAJOR}",
    ),
    Rule.UNION_NARROWED: RuleText(
        Effect.MAJOR,
        "The new reader refuses a variant that the old writer may send.",
        f"keep reading the variant, or {_NEW_MAJOR}",
    ),
    Rule.DEFAULT_CHANGED: RuleText(
        Effect.MAJOR,
        "An absent field means something else: old and new read the same bytes differently.",
        f"keep the default, write the new value explicitly, or {_NEW_MAJOR}",
    ),
    Rule.READER_FORBIDS_UNKNOWN: RuleText(
        Effect.MAJOR,
        "A reader refuses fields it does not know, so nobody may ever add one.",
        'set `extra="ignore"` on the event and on every part of it',
    ),
    Rule.FORM_CHANGED: RuleText(
        Effect.MINOR,
        "The form differs in a way that both sides bear.",
        "nothing to do but a new minor",
    ),
    Rule.KEYS_CHANGED: RuleText(
        Effect.MAJOR,
        "The subject has other keys: filters, durables and folds of the old form no longer match.",
        f"keep the keys and put the new fact into the body, or {_NEW_MAJOR}",
    ),
    Rule.STREAM_CHANGED: RuleText(
        Effect.MAJOR,
        "The type is kept in another stream: readers of the old one hear nothing more, without any error.",
        "keep the stream; moving is a new major whose readers have both streams",
    ),
    Rule.PRODUCER_CHANGED: RuleText(
        Effect.MAJOR,
        "Another role produces the type: during the change two roles would, and one producer per type is law.",
        "keep the producer, or make a new type or major that the new role owns",
    ),
    Rule.EXPIRES_CHANGED: RuleText(
        Effect.MAJOR,
        "Whether an event must say when it ends changed: the side that demands it refuses what does not say so.",
        f"send `expires_at` without demanding it, or {_NEW_MAJOR}",
    ),
    Rule.ENVELOPE_CHANGED: RuleText(
        Effect.NEVER,
        "A field of the envelope changed. The envelope is what every version of every type has in common.",
        "put it back; what is new belongs into a payload or a header",
    ),
    Rule.UNSUPPORTED_KEYWORD: RuleText(
        Effect.NEVER,
        "The schema says something the checker does not understand, so it cannot promise anything.",
        "describe the field with the forms the checker knows; it never skips what it cannot read",
    ),
    Rule.VERSION_WENT_BACK: RuleText(
        Effect.POLICY,
        "The model's version is older than one that was frozen before.",
        "give the model the version after the newest frozen one",
    ),
    Rule.TEXT_UNBOUNDED: RuleText(
        Effect.POLICY,
        "A text has no greatest length: neither of its own nor by a word list, a format or a bounded pattern.",
        "use Token, Text or `Field(max_length=...)`",
    ),
    Rule.LIST_UNBOUNDED: RuleText(
        Effect.POLICY, "A list has no greatest number of items.", "use `Field(max_length=...)`"
    ),
    Rule.MAP_UNBOUNDED: RuleText(
        Effect.POLICY,
        "A map has neither a closed set of keys nor bounded keys in a bounded number.",
        "use `dict[SomeEnum, ...]`, or `dict[Token, ...]` with `Field(max_length=...)`",
    ),
    Rule.NUMBER_IN_JSON: RuleText(
        Effect.POLICY,
        "A number with a fraction travels as a JSON number, where digits get lost.",
        "use Price, Quantity, Money, Ratio or Percent of `at_core.numbers`: decimals travel as text",
    ),
    Rule.FORM_UNKNOWN: RuleText(
        Effect.POLICY,
        "A text has a format that this platform does not define, or not the pattern that belongs to it.",
        "use UtcTime for times and the decimals of `at_core.numbers`; a new format is declared in `compat/forms.py`",
    ),
    Rule.WORDS_MUST_BE_CLOSED: RuleText(
        Effect.POLICY,
        "A vocabulary on which money depends lets words pass that the reader does not know.",
        "use the enum of `at_core.enums` alone; the lists stand in `compat/policy.py`",
    ),
    Rule.OPEN_WORDS_UNDECLARED: RuleText(
        Effect.POLICY,
        "Known words stand beside free text, and nobody said that this is meant.",
        "close the vocabulary, or declare the place with its reason in OPEN_WORDS of `compat/policy.py`",
    ),
    Rule.SECRET_NAMED: RuleText(
        Effect.POLICY,
        "A field is named like a secret; events are kept for ever and read by many.",
        "send a name or a digest of it; if it is no secret, name it for what it is",
    ),
    Rule.NULL_DEMANDED: RuleText(
        Effect.POLICY,
        "A field must be there and may be null; absent options are left out on the wire, so its own reader refuses it.",
        "give it the default None",
    ),
    Rule.DEFAULT_HIDDEN: RuleText(
        Effect.POLICY,
        "What the absence of a field means is not in the schema, so a change of it could not be noticed.",
        "write the default as a value instead of a `default_factory`",
    ),
    Rule.KEY_NOT_SENT: RuleText(
        Effect.POLICY,
        "The subject has a key that the body need not carry.",
        "require it, or take it out of KEYS",
    ),
}
"""Every rule has its text; a test holds the two together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule at one place. ``path`` points into the document (``$.plan.intent.side``), not into the schema."""

    rule: Rule
    direction: Direction
    path: str
    what: str

    @property
    def effect(self) -> Effect:
        """What this finding leads to."""
        return RULES[self.rule].effect

    @property
    def hint(self) -> str:
        """What to do about it."""
        return RULES[self.rule].hint

    def as_json(self) -> dict[str, str]:
        """The finding for machines."""
        return {
            "rule": self.rule.value,
            "direction": self.direction.value,
            "path": self.path,
            "what": self.what,
            "effect": self.effect.value,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        who = "" if self.direction is Direction.NEITHER else f" ({self.direction})"
        return f"{self.rule}{who} at {self.path}: {self.what}"
