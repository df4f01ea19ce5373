"""The doctor, the pure part: what answers of the server mean, as findings with severity, code, what and hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from at_core.topology.consumers import Durable
from at_core.topology.coverage import Reason, Uncovered
from at_core.topology.provisioner import Change
from at_core.topology.streams import Stream

__all__ = [
    "Finding",
    "Limits",
    "Severity",
    "of_changes",
    "of_consumer",
    "of_server",
    "of_stream",
    "of_sync",
    "of_uncovered",
    "worst_first",
]

Severity = Literal["error", "warning", "note"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")
_SERVER_MIN = (2, 15)
_VERSION_FIELD = frozenset({"metadata"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know. A note needs nothing done."""

    severity: Severity
    code: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a figure is a finding."""

    bytes_percent: int = 70
    pending_max: int = 1000
    redelivered_max: int = 10
    signatures_max: int = 10_000
    """How many of the newest decisions are verified."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by severity, otherwise in the order they were made."""
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))


def of_server(address: str, info: Mapping[str, object] | None) -> Iterator[Finding]:
    """Judge the greeting of a server; None: it did not greet."""
    if info is None:
        yield Finding(
            "error", "SERVER_AWAY", f"{address} does not greet", "start nats-server; runbook BusDown says how"
        )
        return
    version = str(info.get("version", "0"))
    numbers = tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdigit())
    if numbers < _SERVER_MIN:
        yield Finding(
            "error",
            "SERVER_OLD",
            f"{address} runs nats-server {version}",
            f"folds need {'.'.join(map(str, _SERVER_MIN))} or newer: upgrade it",
        )


def of_sync(always: bool | None, why_not: str = "") -> Iterator[Finding]:
    """Judge whether a confirmed message is on the disk; None: nobody could say, because ``why_not``."""
    if always is None:
        yield Finding(
            "note",
            "SYNC_NOT_CHECKED",
            f"sync_interval was not checked: {why_not}",
            "only the monitoring page says it: give --monitor http://127.0.0.1:<monitor port>",
        )
    elif not always:
        yield Finding(
            "error",
            "SYNC_NOT_ALWAYS",
            "confirmed messages are up to two minutes away from the disk",
            "set `sync_interval: always` (`at-core nats-config` writes it) and restart the server",
        )


def of_changes(changes: Iterable[Change]) -> Iterator[Finding]:
    """Judge what `provision --check` found."""
    only_version = []
    for change in changes:
        name = f"{change.kind} {change.name}"
        fields = {difference.field for difference in change.drift}
        if change.outcome == "created":
            yield Finding("error", "MISSING", f"{name} is missing", "run `at-core provision --apply`")
        elif change.outcome == "unknown":
            hint = "delete it unless somebody can say what it is for; on RISK or EXEC it reads decisions"
            yield Finding("warning", "UNDECLARED", f"{name} stands in no table", hint)
        elif fields == _VERSION_FIELD and not change.refused:
            only_version.append(change)
        elif change.outcome in ("updated", "refused"):
            what = f"{name} differs: {'; '.join(map(str, change.drift))}"
            hint = "; ".join(change.refused) or "run `at-core provision --apply`"
            yield Finding("warning", "DRIFT", what, hint)
    if only_version:
        difference = only_version[0].drift[0]
        yield Finding(
            "note",
            "OTHER_VERSION",
            f"{len(only_version)} streams and consumers carry the mark of another build "
            f"({difference.found} -> {difference.wanted})",
            "nothing else differs; `at-core provision --apply` writes the new mark",
        )


def of_stream(stream: Stream, info: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    """Judge how full a stream is. What the server says now counts, not the table."""
    bound, used = int(info["config"].get("max_bytes", -1)), int(info["state"].get("bytes", 0))
    if bound <= 0 or used * 100 < bound * limits.bytes_percent:
        return
    full = info["config"].get("discard") == "new"
    yield Finding(
        "error" if full else "warning",
        "NEAR_BOUND",
        f"stream {stream.name} holds {used} of {bound} bytes ({used * 100 // bound} %)",
        "when it is full it takes nothing more and trading stops: raise its bound in the tables and provision"
        if full
        else "the oldest go when it is full: raise its bound, or find out who writes so much",
    )


def of_consumer(durable: Durable, info: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    """Judge the backlog of a queue; folds are read from their beginning at every start and say nothing here."""
    if durable.kind != "queue":
        return
    pending, again = int(info.get("num_pending", 0)), int(info.get("num_redelivered", 0))
    if pending >= limits.pending_max:
        yield Finding(
            "warning",
            "BACKLOG",
            f"{durable.name} has {pending} messages waiting",
            f"look whether role {durable.role} runs and is ready; what expires meanwhile is refused",
        )
    if again >= limits.redelivered_max:
        yield Finding(
            "warning",
            "REDELIVERED",
            f"{durable.name} is being given {again} messages again",
            f"the log of role {durable.role} says what fails: the world (it goes on by itself) or a handler",
        )


def of_uncovered(found: Iterable[Uncovered]) -> Iterator[Finding]:
    """Judge messages that an expected reader does not cover."""
    for one in found:
        severity: Severity = "note" if one.reason is Reason.NEVER_ANNOUNCED else "warning"
        what = f"{one.messages} messages of {one.type} v{one.major} are not covered by {one.durable} ({one.reason})"
        yield Finding(severity, "UNCOVERED", what, one.hint)
