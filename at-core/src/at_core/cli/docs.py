"""Documents from the models: AsyncAPI, the catalogue of events, JSON Schemas and samples."""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path

from at_core.contracts.asyncapi import DEFAULT_HOST, asyncapi_document, asyncapi_text
from at_core.contracts.deliveries import Delivery
from at_core.contracts.event_docs import events_page
from at_core.contracts.frozen import frozen_samples
from at_core.contracts.origins import origins
from at_core.contracts.schema_files import schema_files
from at_core.errors import ConfigurationError
from at_core.events.cloudevents import to_cloudevent
from at_core.events.codec import decode_body
from at_core.events.registry import class_for, event_types, stream_of
from at_core.topology.consumers import DURABLES
from at_core.topology.streams import stream

__all__ = ["add_verbs", "deliveries"]


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare ``docs`` and what it writes."""
    kinds = verbs.add_parser("docs", help="write documents that follow from the contracts").add_subparsers(
        dest="kind", required=True
    )
    asyncapi = kinds.add_parser("asyncapi", help="print the AsyncAPI 3 document")
    asyncapi.add_argument(
        "--host", default=DEFAULT_HOST, help="host and port of the bus (default: %(default)s)"
    )
    asyncapi.set_defaults(run=_asyncapi)
    events = kinds.add_parser("events", help="print the catalogue of events as Markdown")
    events.set_defaults(run=_events)
    schemas = kinds.add_parser("schemas", help="write one JSON Schema per type, version and view")
    schemas.add_argument("folder", type=Path, help="made if absent; files in it are replaced")
    schemas.set_defaults(run=_schemas)
    sample = kinds.add_parser("sample", help="print the full sample of a type")
    sample.add_argument("type", help="an event type, as in trading.signal.created")
    sample.add_argument("--cloudevent", action="store_true", help="as a CloudEvent in structured mode")
    sample.set_defaults(run=_sample)


def deliveries() -> dict[str, list[Delivery]]:
    """Map each event type to the durables that deliver it, directly or through a stream that sources its own."""
    table: dict[str, list[Delivery]] = {}
    for event_type in event_types():
        home = stream_of(event_type)
        for durable in DURABLES:
            inside = home == durable.stream or home in stream(durable.stream).sources
            if inside and event_type in (durable.types or (event_type,)):
                delivery = Delivery(durable.name, durable.role, durable.kind, durable.stream)
                table.setdefault(event_type, []).append(delivery)
    return table


def _asyncapi(chosen: argparse.Namespace) -> int:
    document = asyncapi_document(deliveries(), version("at-core"), host=chosen.host)
    print(asyncapi_text(document), end="")
    return 0


def _events(_: argparse.Namespace) -> int:
    print(events_page(deliveries(), releases=origins()), end="")
    return 0


def _schemas(chosen: argparse.Namespace) -> int:
    folder: Path = chosen.folder
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file; name a folder for the schemas")
    files = schema_files()
    for name, content in files.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
    print(f"{len(files)} schemas in {folder}")
    return 0


def _sample(chosen: argparse.Namespace) -> int:
    cls = class_for(chosen.type)
    if cls is None:
        raise ConfigurationError(f"{chosen.type} is no event type of this build; see at-core docs events")
    event = decode_body(chosen.type, cls.major(), frozen_samples(chosen.type, cls.VERSION)["full"])
    shown = to_cloudevent(event) if chosen.cloudevent else event.model_dump(mode="json", exclude_none=True)
    print(json.dumps(shown, indent=1, ensure_ascii=False))
    return 0
