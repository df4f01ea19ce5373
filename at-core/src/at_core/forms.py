"""Forms: a value in its usual form is read without Python code; every other value is judged by the strict reader."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import CoreSchema, core_schema

__all__ = ["first_problem", "usual_or"]

_USUAL = "usual form"
_STRICT = "strict"


def usual_or(usual: CoreSchema, strict: CoreSchema) -> CoreSchema:
    """Return a schema that takes what ``usual`` takes, and leaves everything else to ``strict``.

    Only ``strict`` decides what is accepted and says what is wrong: ``usual`` must take nothing that ``strict``
    refuses, and must make the same value of it. Then the two together mean exactly what ``strict`` means alone.
    """
    return core_schema.union_schema([(usual, _USUAL), (strict, _STRICT)], mode="left_to_right")


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, as ``place: what``; never the value itself."""
    problems = error.errors(include_url=False, include_input=False)
    first = next(problem for problem in problems if _USUAL not in problem["loc"])
    place = ".".join(str(part) for part in first["loc"] if part != _STRICT) or "body"
    return f"{place}: {first['msg']}"
