"""The operator's view of live versions: the bucket and its consequences, read with the provisioner's key."""

from __future__ import annotations

from collections.abc import Iterable

from at_core.errors import BusUnavailable
from at_core.runtime.nats_admin import Admin
from at_core.topology.consumers import DURABLES, Durable
from at_core.topology.coverage import Uncovered, uncovered
from at_core.topology.live import Bucket, read_bucket
from at_core.topology.streams import CONTRACTS_STREAM

__all__ = ["find_uncovered", "view_bucket"]

_NO_STREAM = 10059
_NO_CONSUMER = 10014


async def view_bucket(admin: Admin) -> Bucket:
    """Return who is announced; raises BusUnavailable when the server does not answer or has no such bucket."""
    answer = await admin.ask(f"STREAM.INFO.{CONTRACTS_STREAM}")
    if _code(answer) == _NO_STREAM:
        raise BusUnavailable("the server has no bucket of live versions: run `at-core provision --apply`")
    return read_bucket(
        [(found.subject, found.headers, found.body) async for found in admin.messages(CONTRACTS_STREAM)]
    )


async def find_uncovered(
    admin: Admin, bucket: Bucket, durables: Iterable[Durable] = DURABLES
) -> tuple[Uncovered, ...]:
    """Return the stored messages that an expected consumer does not cover; see ``topology.coverage``."""
    readers = tuple(known for known in durables if not known.by_shell)
    counts = {name: await admin.subjects(name) for name in sorted({known.stream for known in readers})}
    filters = {}
    for known in readers:
        answer = await admin.ask(f"CONSUMER.INFO.{known.stream}.{known.name}")
        if _code(answer) in (_NO_STREAM, _NO_CONSUMER):
            continue
        if "config" not in answer:
            raise BusUnavailable(f"{known.name}: {(answer.get('error') or {}).get('description', answer)}")
        config = answer["config"]
        one = config.get("filter_subject")
        filters[known.name] = tuple(config.get("filter_subjects") or ([one] if one else []))
    return uncovered(counts, filters, bucket, readers)


def _code(answer: dict[str, object]) -> int:
    problem = answer.get("error")
    return int(problem.get("err_code", 0)) if isinstance(problem, dict) else 0
