"""JSON Schemas for other languages: one file per type, version and view, each with a stable ``$id``."""

from __future__ import annotations

import json
from importlib.resources.abc import Traversable
from typing import Any, get_args

from at_core.contracts.frozen import FrozenContract, frozen_contracts
from at_core.events.envelope import ENVELOPE_FIELDS
from at_core.events.schema_ids import SchemaView, schema_id

__all__ = ["schema_document", "schema_files"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_document(contract: FrozenContract, view: SchemaView) -> dict[str, Any]:
    """Return the schema of one frozen version: ``reader`` accepts, ``writer`` sends, ``data`` is the bare payload."""
    frozen = contract.reader if view == "reader" else contract.writer
    schema = _without_envelope(frozen) if view == "data" else dict(frozen)
    return {
        "$schema": _DIALECT,
        "$id": schema_id(contract.event_type, contract.version, view),
        **schema,
        "title": f"{contract.event_type} {contract.version} {view}",
    }


def schema_files(folder: Traversable | None = None) -> dict[str, bytes]:
    """Return every file by its relative path, ``<type>/<version>.<view>.schema.json``; the same bytes every time."""
    files: dict[str, bytes] = {}
    for event_type, versions in frozen_contracts(folder).items():
        for contract in versions:
            for view in get_args(SchemaView):
                text = json.dumps(schema_document(contract, view), indent=2, sort_keys=True) + "\n"
                files[f"{event_type}/{contract.version}.{view}.schema.json"] = text.encode()
    return files


def _without_envelope(schema: Any) -> dict[str, Any]:
    fields = {name: node for name, node in schema["properties"].items() if name not in ENVELOPE_FIELDS}
    required = [name for name in schema.get("required", ()) if name in fields]
    return {**schema, "properties": fields, "required": required}
