"""Accounts: the nats-server configuration, rendered from roles, durables and public keys.

Two accounts. Inside one account publish permissions do not stop a forged decision, because reply subjects are not
checked; so agents live in AGENTS and reach CORE only through the service imports rendered here. Nobody but the
provisioner may create anything; SYS has no users at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.keys import PROVISIONER
from at_core.topology.permissions import (
    durable_subjects,
    inbox_subjects,
    next_subject,
    publish_subjects,
    stored_subjects,
)
from at_core.topology.roles import ROLES, Role
from at_core.topology.streams import STREAMS, Stream

__all__ = ["PROVISIONER_INBOX", "ServerOptions", "render"]

PROVISIONER_INBOX = f"_INBOX_{PROVISIONER}"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What differs between installations."""

    store_dir: Path
    server_name: str = "at"
    host: str = "127.0.0.1"
    port: int = 4222
    monitor_port: int | None = None
    """Port of the monitoring pages on loopback; None switches them off."""


def render(
    options: ServerOptions,
    public_keys: Mapping[str, str],
    *,
    roles: Iterable[Role] = ROLES,
    durables: Iterable[Durable] = DURABLES,
    streams: Iterable[Stream] = STREAMS,
) -> str:
    """Return the text of the server's configuration file; raises KeyError when a role has no public key."""
    known, readers = tuple(roles), tuple(durables)
    core = [role for role in known if role.account == "CORE"]
    agents = [role for role in known if role.account == "AGENTS"]
    crossing = [line for role in agents for line in _crossing(role, readers)]
    lines = [
        *_head(options, sum(stream.bytes_max for stream in streams)),
        "system_account: SYS",
        "accounts {",
        "  SYS: { users: [] }",
        "  CORE: {",
        "    jetstream: enabled",
        "    users: [",
        _provisioner(public_keys[PROVISIONER]),
        *(_user(role, public_keys[role.name], readers) for role in core),
        "    ]",
        "    exports: [",
        *(
            f'      {{ service: "{subject}", accounts: [AGENTS]{", response_type: stream" if streams_back else ""} }}'
            for subject, streams_back in crossing
        ),
        "    ]",
        "  }",
        "  AGENTS: {",
        "    users: [",
        *(_user(role, public_keys[role.name], readers) for role in agents),
        "    ]",
        "    imports: [",
        *(f'      {{ service: {{ account: CORE, subject: "{subject}" }} }}' for subject, _ in crossing),
        "    ]",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _head(options: ServerOptions, bytes_reserved: int) -> list[str]:
    lines = [
        "# Rendered by `at-core nats-config`; change the topology tables, not this file.",
        f"server_name: {_quoted(options.server_name)}",
        f"listen: {_quoted(f'{options.host}:{options.port}')}",
    ]
    if options.monitor_port is not None:
        lines.append(f"http: {_quoted(f'127.0.0.1:{options.monitor_port}')}")
    return [
        *lines,
        "max_payload: 1MB",
        'ping_interval: "10s"',
        "ping_max: 2",
        # The other acknowledgement format cannot be permitted per consumer (see topology.permissions.ack_subject).
        "feature_flags { js_ack_fc_v2: false }",
        "jetstream {",
        f"  store_dir: {_quoted(str(options.store_dir))}",
        # The server reserves every stream's bound; without this line a small disk refuses to create them.
        f"  max_file: {bytes_reserved + bytes_reserved // 4}",
        "  max_mem: 67108864",
        # Without it the server confirms messages up to two minutes before they are on the disk.
        "  sync_interval: always",
        "}",
    ]


def _quoted(text: str) -> str:
    if '"' in text or "\n" in text or "\\" in text:
        raise ValueError(f"{text!r} cannot stand in a server configuration")
    return f'"{text}"'


def _list(subjects: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(subject) for subject in subjects) + "]"


def _user(role: Role, public_key: str, durables: Iterable[Durable]) -> str:
    publish = _list(publish_subjects(role, durables))
    subscribe = _list(inbox_subjects(role))
    return (
        f"      {{ nkey: {public_key}, permissions: {{ # {role.name}\n"
        f"          publish: {{ allow: {publish} }}\n"
        f"          subscribe: {{ allow: {subscribe} }}\n"
        "      } }"
    )


def _provisioner(public_key: str) -> str:
    return (
        f"      {{ nkey: {public_key}, permissions: {{ # {PROVISIONER}\n"
        '          publish: { allow: ["$JS.API.STREAM.>", "$JS.API.CONSUMER.>", "$JS.API.INFO"] }\n'
        f"          subscribe: {{ allow: {_list([PROVISIONER_INBOX + '.>'])} }}\n"
        "      } }"
    )


def _crossing(role: Role, durables: Iterable[Durable]) -> list[tuple[str, bool]]:
    """Return (subject, answers as a stream) of everything ``role`` may reach in CORE."""
    crossing = [(subject, False) for subject in stored_subjects(role)]
    for durable in durables:
        if durable.role == role.name:
            asked = next_subject(durable)
            crossing.extend((subject, subject == asked) for subject in durable_subjects(durable))
    return crossing
