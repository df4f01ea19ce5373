"""The doctor: asks one running bus everything an operator would, changes nothing, and returns findings."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from at_core.errors import AtError, ConfigurationError
from at_core.events.registry import newest_major
from at_core.events.subjects import type_and_major
from at_core.runtime.dead_letters import DEAD_LETTERS, SOURCE_HEADER, dead_letters, hint_of
from at_core.runtime.live_view import find_uncovered, view_bucket
from at_core.runtime.nats_admin import Admin, StoredMessage, open_admin
from at_core.runtime.publisher import SIGNATURE_HEADER
from at_core.runtime.signing import NkeyVerifier
from at_core.topology.consumers import DURABLES
from at_core.topology.doctor import (
    Finding,
    Limits,
    Severity,
    of_changes,
    of_consumer,
    of_server,
    of_stream,
    of_sync,
    of_uncovered,
    worst_first,
)
from at_core.topology.keys import public_key
from at_core.topology.provisioner import provision
from at_core.topology.server import greeting
from at_core.topology.streams import CONTRACTS_STREAM, STREAMS

__all__ = ["examine", "key_findings"]

_ANSWER_SECONDS = 2.0
_PAGE_MAX = 4 * 1024 * 1024
_AT_ONCE = 128
_NAMED_MAX = 5
_JOURNAL_SECONDS = 2.0
_JOURNAL = "JOURNAL"
_NO_EVENTS = frozenset({DEAD_LETTERS, "ADVISORY", CONTRACTS_STREAM, _JOURNAL})
_FORGERIES = frozenset({"UNSIGNED", "BAD_SIGNATURE"})
_FORGED_HINT = "only the gate's key may decide: engage the kill switch, find out who wrote it"

Check = Callable[[Admin], AsyncIterator[Finding]]


async def examine(
    servers: tuple[str, ...],
    keys_folder: Path,
    *,
    version: str,
    replicas: int = 1,
    monitor: str | None = None,
    limits: Limits | None = None,
) -> list[Finding]:
    """Return what is wrong or worth knowing, worst first; empty when there is nothing to say.

    A check that cannot be carried out is a finding itself (CHECK_FAILED). ``monitor``: the server's monitoring page on
    loopback.
    """
    bounds = limits or Limits()
    findings = list(key_findings(keys_folder))
    greetings = {address: greeting(*_place(address)) for address in servers}
    for address, info in greetings.items():
        findings.extend(of_server(address, info))
    ids = {str(info.get("server_id")) for info in greetings.values() if info is not None}
    findings.extend(await asyncio.to_thread(_sync, monitor, ids))
    if not ids:
        return worst_first(findings)

    async def drift(admin: Admin) -> AsyncIterator[Finding]:
        for found in of_changes(await provision(admin.call, apply=False, version=version, replicas=replicas)):
            yield found

    async def signatures(admin: Admin) -> AsyncIterator[Finding]:
        async for found in _signatures(admin, keys_folder, bounds.signatures_max):
            yield found

    async def figures(admin: Admin) -> AsyncIterator[Finding]:
        async for found in _figures(admin, bounds):
            yield found

    checks: tuple[Check, ...] = (
        drift, figures, signatures, _letters, _strangers, _uncovered, _journal,
    )  # fmt: skip
    try:
        async with open_admin(servers, keys_folder) as admin:
            for check in checks:
                findings += [found async for found in _guarded(check, admin)]
    except AtError as error:
        findings.append(
            Finding("error", "NO_ACCESS", str(error), "the doctor reads with the provisioner's key")
        )
    return worst_first(findings)


async def _guarded(check: Check, admin: Admin) -> AsyncIterator[Finding]:
    try:
        async for found in check(admin):
            yield found
    except AtError as error:
        name = getattr(check, "__name__", "check").strip("_")
        yield Finding(
            "error", "CHECK_FAILED", f"{name}: {error}", "repair what the other findings say, then look again"
        )


def key_findings(folder: Path) -> Iterator[Finding]:
    """Judge who may read the seeds and who may replace them."""
    if not folder.is_dir():
        yield Finding(
            "error", "KEYS_MISSING", f"{folder} is no folder", f"`at-core keys --folder {folder}` makes it"
        )
        return
    if folder.stat().st_mode & 0o022:
        yield Finding(
            "error", "KEY_RIGHTS", f"{folder}: others may put keys there", f"run `chmod 700 {folder}`"
        )
    for seed in sorted(folder.glob("*.nk")):
        if seed.stat().st_mode & 0o077:
            hint = f"run `chmod 600 {seed}`, and make a new key when others use this machine"
            yield Finding("error", "KEY_RIGHTS", f"{seed}: readable or writable by others", hint)


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address if "//" in address else f"nats://{address}")
    return parts.hostname or "127.0.0.1", parts.port or 4222


def _sync(monitor: str | None, server_ids: set[str]) -> list[Finding]:
    """Read the one setting no client can ask for from the monitoring page; only from loopback."""
    if monitor is None:
        return list(of_sync(None, "no monitoring page was given"))
    parts = urlsplit(monitor)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
        port = parts.port or 8222
    except ValueError:
        loopback, port = False, 0
    if parts.scheme != "http" or not loopback:
        raise ConfigurationError(
            f"--monitor {monitor}: only http on loopback is asked, it carries no secret key"
        )
    connection = HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/jsz?config=true")
        page = json.loads(connection.getresponse().read(_PAGE_MAX))
        identity, always = page["server_id"], page["config"].get("sync_always", False)
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        return list(of_sync(None, f"{monitor} does not say it ({type(error).__name__})"))
    finally:
        connection.close()
    if identity not in server_ids:
        return list(of_sync(None, f"{monitor} belongs to another server"))
    return list(of_sync(bool(always)))


async def _figures(admin: Admin, limits: Limits) -> AsyncIterator[Finding]:
    """Streams near their bound, queues that lag; what is missing is named by the drift."""
    for stream in STREAMS:
        info = await admin.ask(f"STREAM.INFO.{stream.name}")
        if "error" not in info:
            for found in of_stream(stream, info, limits):
                yield found
    for durable in DURABLES:
        info = await admin.ask(f"CONSUMER.INFO.{durable.stream}.{durable.name}")
        if "error" not in info:
            for found in of_consumer(durable, info, limits):
                yield found


async def _signatures(admin: Admin, keys_folder: Path, count: int) -> AsyncIterator[Finding]:
    """Verify the newest decisions with the gate's public key."""
    try:
        verifier = NkeyVerifier(public_key(keys_folder, "gate"))
    except ConfigurationError as error:
        yield Finding(
            "note", "SIGNATURES_NOT_CHECKED", str(error), "the gate's public key is enough (gate.pub)"
        )
        return
    state = (await admin.ask("STREAM.INFO.RISK")).get("state") or {}
    last, first = int(state.get("last_seq", 0)), max(int(state.get("first_seq", 1)), 1)
    wrong: dict[str, list[int]] = {"UNSIGNED": [], "BAD_SIGNATURE": []}
    for begin in range(max(first, last - count + 1), last + 1, _AT_ONCE):
        batch = range(begin, min(begin + _AT_ONCE, last + 1))
        for kept in await asyncio.gather(*(admin.message("RISK", sequence) for sequence in batch)):
            if kept is not None and (code := _signature_problem(kept, verifier)):
                wrong[code].append(kept.sequence)
    for code, sequences in wrong.items():
        if sequences:
            named = ", ".join(f"RISK:{sequence}" for sequence in sequences[:_NAMED_MAX])
            yield Finding("error", code, f"{len(sequences)} decisions: {named}", _FORGED_HINT)


def _signature_problem(kept: StoredMessage, verifier: NkeyVerifier) -> str:
    named = {name.lower(): value for name, value in kept.headers.items()}
    signature = named.get(SIGNATURE_HEADER, "")
    if not signature:
        return "UNSIGNED"
    return "" if verifier.verify(kept.body, signature) else "BAD_SIGNATURE"


async def _letters(admin: Admin) -> AsyncIterator[Finding]:
    """Dead letters nobody put back, by durable and code."""
    letters, unreadable = await dead_letters(admin)
    waiting = Counter((one.durable, one.code) for one in letters if not one.requeues)
    for (durable, code), count in sorted(waiting.items()):
        severity: Severity = "error" if code in _FORGERIES else "warning"
        what = f"{count} dead letters of {durable} with {code} were not put back"
        yield Finding(
            severity, "DEAD_LETTERS", what, f"`at-core dlq list --durable {durable}`; {hint_of(code)}"
        )
    if unreadable:
        yield Finding(
            "warning",
            "NO_RECORD",
            f"{unreadable} records in the DLQ are no dead letters of ours",
            "`at-core tail --stream DLQ` shows them",
        )


async def _strangers(admin: Admin) -> AsyncIterator[Finding]:
    """Messages on subjects that no event type of this build knows."""
    for stream in STREAMS:
        if stream.name in _NO_EVENTS:
            continue
        strange = {
            subject: count
            for subject, count in (await admin.subjects(stream.name)).items()
            if not _known(subject)
        }
        if strange:
            named = ", ".join(sorted(strange)[:_NAMED_MAX])
            yield Finding(
                "warning",
                "UNKNOWN_SUBJECT",
                f"{sum(strange.values())} messages in {stream.name} are of no type this build knows: {named}",
                "a newer build wrote them (use its at-core), or somebody past the platform: `at-core tail` shows them",
            )


def _known(subject: str) -> bool:
    try:
        event_type, major = type_and_major(subject)
    except ValueError:
        return False
    return 1 <= major <= newest_major(event_type)


async def _uncovered(admin: Admin) -> AsyncIterator[Finding]:
    for found in of_uncovered(await find_uncovered(admin, await view_bucket(admin))):
        yield found


async def _journal(admin: Admin) -> AsyncIterator[Finding]:
    """Whether the newest message of each source lies in the JOURNAL.

    The server's own figure for the lag says 0 also when it waits for a sequence that a new stream has not reached.
    """
    sources = next(stream.sources for stream in STREAMS if stream.name == _JOURNAL)
    for source in sources:
        newest = await admin.last_message(source, ">")
        if newest is None:
            continue
        copied = await _until(partial(_copied, admin, newest))
        if copied < newest.sequence:
            yield Finding(
                "error",
                "JOURNAL_LAG",
                f"{source}:{newest.sequence} is not in the JOURNAL (it has that subject up to {copied})",
                "audit and console do not see it: `at-core provision --check`; a source that was deleted must go on"
                " counting where the JOURNAL stopped",
            )


async def _copied(admin: Admin, newest: StoredMessage) -> tuple[bool, int]:
    copy = await admin.last_message(_JOURNAL, newest.subject)
    named = {} if copy is None else {name.lower(): value for name, value in copy.headers.items()}
    parts = named.get(SOURCE_HEADER, "").split()
    sequence = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    return sequence >= newest.sequence, sequence


async def _until(look: Callable[[], Awaitable[tuple[bool, int]]]) -> int:
    """Give the server a moment to copy what was stored just now."""
    deadline = asyncio.get_running_loop().time() + _JOURNAL_SECONDS
    while True:
        done, sequence = await look()
        if done or asyncio.get_running_loop().time() >= deadline:
            return sequence
        await asyncio.sleep(0.1)
