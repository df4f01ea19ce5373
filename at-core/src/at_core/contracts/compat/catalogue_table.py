"""All rows of the table of mutations, by what they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from at_core.contracts.compat.catalogue import Mutation
from at_core.contracts.compat.catalogue_facts import FACTS
from at_core.contracts.compat.catalogue_fields import FIELDS
from at_core.contracts.compat.catalogue_parts import PARTS
from at_core.contracts.compat.catalogue_values import VALUES
from at_core.contracts.compat.catalogue_words import WORDS

__all__ = ["CATALOGUE", "MUTATIONS"]

CATALOGUE: Final[Mapping[str, tuple[Mutation, ...]]] = {
    "Fields": FIELDS,
    "Values": VALUES,
    "Vocabularies and unions": WORDS,
    "Parts, lists and maps": PARTS,
    "Subjects, streams and the envelope": FACTS,
}
"""Chapter to its rows."""

MUTATIONS: Final[tuple[Mutation, ...]] = tuple(row for rows in CATALOGUE.values() for row in rows)
