"""The home folder of a local platform: keys, secrets, configuration and state, all made on first start.

HOME/keys/            one nkey seed per role (mode 0600)
HOME/config/          what each process reads, rendered at every start because ports may differ
HOME/nats/            the bus's store
HOME/state/           the audit file and the paper venue's book
HOME/logs/            one log per process
HOME/credentials.json webhook and operator tokens (mode 0600), kept across starts
HOME/endpoints.json   every address, written when all are ready
HOME/processes.json   name to process id
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _lib.tree import ROOT, manifest

__all__ = ["Home", "Ports", "Process"]

_SOURCE = "tradingview"
_ACCOUNT = "paper"
_OPERATORS = ("viewer", "operator", "admin")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the manifest."""

    role: str
    command: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens on loopback."""

    bus: int
    monitor: int
    processes: tuple[Process, ...]

    @classmethod
    def fixed(cls) -> Ports:
        """The ports of the manifest."""
        table = manifest(ROOT)
        processes = tuple(
            Process(entry["role"], tuple(entry["command"]), entry["port"]) for entry in table["process"]
        )
        return cls(table["bus"]["port"], table["bus"]["monitor_port"], processes)

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody holds at this moment, all different."""
        fixed = cls.fixed()
        numbers = _free_ports(2 + len(fixed.processes))
        processes = tuple(
            Process(process.role, process.command, number)
            for process, number in zip(fixed.processes, numbers[2:], strict=True)
        )
        return cls(numbers[0], numbers[1], processes)

    def of(self, role: str) -> int:
        """The port of a role."""
        return next(process.port for process in self.processes if process.role == role)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Home:
    """Everything one local platform keeps, under one folder."""

    def __init__(self, folder: Path, ports: Ports, *, observed: bool = False) -> None:
        """``observed`` adds a key that may look at and publish everything: for measuring, never for running."""
        self.folder = folder.resolve()
        self.observed = observed
        self.ports = ports
        self.server_name = f"at-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}-{ports.bus}"

    @property
    def bus_url(self) -> str:
        """The bus's address."""
        return f"nats://127.0.0.1:{self.ports.bus}"

    @property
    def nats_config(self) -> Path:
        """The rendered configuration of the bus."""
        return self.folder / "config" / "nats.conf"

    def config_of(self, role: str) -> Path:
        """The configuration file of a role."""
        return self.folder / "config" / f"{role}.toml"

    def log_of(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / "logs" / f"{name}.log"

    @property
    def audit_file(self) -> Path:
        """The audit chain."""
        return self.folder / "state" / "audit.sqlite"

    def prepare(self) -> dict[str, Any]:
        """Make folders, keys, secrets and configuration; return the credentials."""
        from at_core.topology.accounts import ServerOptions, render
        from at_core.topology.keys import create_keys

        for name in ("config", "nats", "state", "logs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        keys = create_keys(self.folder / "keys")
        options = ServerOptions(
            store_dir=self.folder / "nats",
            server_name=self.server_name,
            port=self.ports.bus,
            monitor_port=self.ports.monitor,
        )
        text = render(options, {name: key.public_key for name, key in keys.items()})
        if self.observed:
            observer = create_keys(self.folder / "keys", ("observer",))["observer"]
            head, core, rest = text.partition("  CORE: {\n    jetstream: enabled\n    users: [\n")
            everything = 'permissions: { publish: { allow: [">"] }, subscribe: { allow: [">"] } }'
            text = f"{head}{core}      {{ nkey: {observer.public_key}, {everything} }}\n{rest}"
        self.nats_config.write_text(text)
        credentials = self._credentials()
        tables = {
            "gateway": self._gateway(credentials),
            "agents": {"strategies_file": str(self._own("at-agents", "strategies.toml"))},
            "gate": {"limits_file": str(self._own("at-exec-sim", "limits.toml"))},
            "engine": {
                "account": _ACCOUNT,
                "gate_public_key": keys["gate"].public_key,
                "venue_file": str(self.folder / "state" / "venue.sqlite"),
            },
            "obs": {"audit_file": str(self.audit_file)},
        }
        for process in self.ports.processes:
            self._write_config(process, tables[process.role])
        return credentials

    def announce(self) -> dict[str, Any]:
        """Write every address and return them: called once everything is ready."""
        gateway = f"http://127.0.0.1:{self.ports.of('gateway')}"
        endpoints = {
            "gateway": gateway,
            "webhook": f"{gateway}/webhooks/tradingview",
            "openapi": f"{gateway}/openapi.json",
            **{
                process.role: f"http://127.0.0.1:{process.port}"
                for process in self.ports.processes
                if process.role != "gateway"
            },
            "nats": self.bus_url,
            "nats_monitor": f"http://127.0.0.1:{self.ports.monitor}",
            "audit_file": str(self.audit_file),
        }
        (self.folder / "endpoints.json").write_text(json.dumps(endpoints, indent=1) + "\n")
        return endpoints

    def _own(self, member: str, name: str) -> Path:
        """Copy a shipped configuration file into the home once; the copy is the owner's to edit."""
        place = self.folder / "config" / name
        if not place.exists():
            shutil.copyfile(ROOT / member / "config" / name, place)
        return place

    def _credentials(self) -> dict[str, Any]:
        path = self.folder / "credentials.json"
        if path.is_file():
            known: dict[str, Any] = json.loads(path.read_text())
            return known
        made = {
            "webhook": {"source": _SOURCE, "account": _ACCOUNT, "token": secrets.token_urlsafe(32)},
            "operators": {name: secrets.token_urlsafe(32) for name in _OPERATORS},
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file, indent=1)
        return made

    def _gateway(self, credentials: dict[str, Any]) -> dict[str, Any]:
        webhook = credentials["webhook"]
        operators = credentials["operators"]
        return {
            "sources": [
                {
                    "name": webhook["source"],
                    "account": webhook["account"],
                    "token_sha256": [_digest(webhook["token"])],
                }
            ],
            "operators": [
                {"name": name, "role": name, "token_sha256": [_digest(token)]}
                for name, token in operators.items()
            ],
        }

    def _write_config(self, process: Process, table: dict[str, Any]) -> None:
        seed = self.folder / "keys" / f"{process.role}.nk"
        own = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not _is_tables(value)]
        shared = [
            "[bus]",
            f"url = {json.dumps(self.bus_url)}",
            f"seed_file = {json.dumps(str(seed))}",
            "[http]",
            f"port = {process.port}",
        ]
        nested = [
            line
            for key, rows in table.items()
            if _is_tables(rows)
            for row in rows
            for line in (f"[[{key}]]", *(f"{name} = {json.dumps(value)}" for name, value in row.items()))
        ]
        path = self.config_of(process.role)
        path.write_text("\n".join([*own, *shared, *nested]) + "\n")
        path.chmod(0o600)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
