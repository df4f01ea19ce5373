"""The desired server state: the tables as raw JetStream configuration, and the comparison over every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from at_core.events.subjects import subjects_of_type
from at_core.topology.consumers import Durable
from at_core.topology.streams import Stream

__all__ = ["VERSION_KEY", "Difference", "consumer_config", "differences", "drift", "stream_config"]

VERSION_KEY = "at-core"
_NANOSECONDS = 1_000_000_000
_SERVER_METADATA = "_nats."


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the server differs from the tables. Times are nanoseconds, as the server keeps them."""

    field: str
    found: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.field}: {self.found!r} -> {self.wanted!r}"


def stream_config(stream: Stream, replicas: int, version: str) -> dict[str, Any]:
    """Return the complete configuration of ``stream``. Roll-ups, schedules and direct reads stay off everywhere."""
    age = 0 if stream.age_max is None else int(stream.age_max.total_seconds()) * _NANOSECONDS
    config: dict[str, Any] = {
        "name": stream.name,
        "retention": "limits",
        "storage": "file",
        "discard": stream.discard,
        "max_age": age,
        "max_bytes": stream.bytes_max,
        "max_msgs": -1,
        "max_msg_size": -1,
        "max_msgs_per_subject": stream.messages_per_subject_max,
        "max_consumers": -1,
        "num_replicas": replicas,
        "duplicate_window": int(stream.duplicate_window.total_seconds()) * _NANOSECONDS,
        "deny_delete": stream.deny_delete,
        "deny_purge": stream.deny_delete,
        "allow_rollup_hdrs": False,
        "allow_direct": False,
        "mirror_direct": False,
        "sealed": False,
        "compression": stream.compression,
        "metadata": {VERSION_KEY: version},
    }
    if stream.subjects:
        config["subjects"] = list(stream.subjects)
    if stream.sources:
        config["sources"] = [{"name": name} for name in stream.sources]
    return config


def consumer_config(durable: Durable, version: str) -> dict[str, Any]:
    """Return the complete configuration of ``durable``. Backoff is the shell's (nak with delay), not the server's."""
    config: dict[str, Any] = {
        "name": durable.name,
        "durable_name": durable.name,
        "deliver_policy": "all",
        "replay_policy": "instant",
        "max_waiting": 512,
        "num_replicas": 0,
        "metadata": {VERSION_KEY: version},
    }
    if durable.types:
        config["filter_subjects"] = [subjects_of_type(name) for name in durable.types]
    if durable.kind == "queue":
        config |= {
            "ack_policy": "explicit",
            "ack_wait": durable.ack_wait_seconds * _NANOSECONDS,
            "max_deliver": durable.deliveries_max,
            "max_ack_pending": durable.pending_max,
        }
    else:
        config |= {"ack_policy": "none", "max_deliver": -1}
    return config


def drift(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every field that differs, over the union of all fields.

    The server leaves out zero values, so an absent field equals its zero; what it writes into metadata by itself
    (``_nats.*``) is not ours to compare.
    """
    return tuple(
        Difference(name, _shown(found.get(name)), _shown(wanted.get(name)))
        for name in sorted(wanted.keys() | found.keys())
        if _normal(found.get(name)) != _normal(wanted.get(name))
    )


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return ``drift`` as one line per field."""
    return tuple(str(difference) for difference in drift(wanted, found))


def _shown(value: Any) -> Any:
    return _normal(value) if isinstance(value, Mapping) else value


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {
            key: _normal(entry) for key, entry in value.items() if not str(key).startswith(_SERVER_METADATA)
        }
        return {key: entry for key, entry in kept.items() if entry is not None} or None
    if isinstance(value, list):
        return [_normal(entry) for entry in value] or None
    return None if value in (False, 0, "") else value
