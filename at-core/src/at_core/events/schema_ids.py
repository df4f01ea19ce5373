"""The stable names of schemas: one URN per type, version and view, the same for ever."""

from __future__ import annotations

from typing import Literal

__all__ = ["SchemaView", "schema_id"]

SchemaView = Literal["reader", "writer", "data"]
"""What is accepted; what is sent; what is sent without the envelope."""


def schema_id(event_type: str, version: str, view: SchemaView) -> str:
    """Return the ``$id`` of the schema of one (type, version): ``urn:at:event:<type>:<version>:<view>``."""
    return f"urn:at:event:{event_type}:{version}:{view}"
