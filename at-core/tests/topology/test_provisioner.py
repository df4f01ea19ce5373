"""The provisioner against a real server: idempotent, sees every drift, repairs what can be repaired."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from at_core.runtime.nats_link import NatsAddress, NatsLink
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.accounts import PROVISIONER_INBOX
from at_core.topology.consumers import DURABLES, durable
from at_core.topology.desired import consumer_config, differences, stream_config
from at_core.topology.provisioner import Change
from at_core.topology.streams import STREAMS, stream


class Admin:
    def __init__(self, link: NatsLink) -> None:
        self.link = link

    async def ask(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = await self.link.call(f"$JS.API.{path}", json.dumps(request).encode() if request else b"", 5)
        found: dict[str, Any] = json.loads(answer.data)
        return found


@pytest.fixture
async def admin(own_nats_place: NatsPlace) -> AsyncIterator[Admin]:
    seed = own_nats_place.keys["provision"].seed_file
    link = NatsLink(NatsAddress((own_nats_place.url,), "admin", seed, PROVISIONER_INBOX))
    await link.open()
    yield Admin(link)
    await link.close()


def outcomes(changes: list[Change]) -> dict[str, int]:
    return dict(Counter(change.outcome for change in changes))


def changed(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.name, change.outcome) for change in changes if change.outcome != "unchanged"]


EVERYTHING = len(STREAMS) + len(DURABLES)


async def test_a_second_run_changes_nothing(own_nats_place: NatsPlace) -> None:
    assert outcomes(await own_nats_place.provision()) == {"unchanged": EVERYTHING}
    assert outcomes(await own_nats_place.provision(apply=False)) == {"unchanged": EVERYTHING}


async def test_a_new_version_shows_in_the_metadata_and_nowhere_else(own_nats_place: NatsPlace) -> None:
    changes = await own_nats_place.provision(version="9.9")
    assert outcomes(changes) == {"updated": EVERYTHING}
    assert {line.partition(":")[0] for change in changes for line in change.details} == {"metadata"}
    assert outcomes(await own_nats_place.provision(version="9.9")) == {"unchanged": EVERYTHING}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_bytes", 1024),
        ("max_age", 3_600_000_000_000),
        ("max_msgs", 5),
        ("max_msgs_per_subject", 1),
        ("discard", "new"),
        ("duplicate_window", 1_000_000_000),
        ("allow_direct", True),
        ("subjects", ["market.>", "elsewhere.>"]),
        ("allow_rollup_hdrs", True),
        ("description", "by hand"),
        ("max_msg_size", 100),
    ],
)
async def test_a_stream_changed_by_hand_is_noticed_and_repaired(
    own_nats_place: NatsPlace, admin: Admin, field: str, value: object
) -> None:
    config = stream_config(stream("MARKET"), 1, "test") | {field: value}
    assert "error" not in await admin.ask("STREAM.UPDATE.MARKET", config)
    found = await own_nats_place.provision(apply=False)
    assert changed(found) == [("MARKET", "updated")]
    assert [line.partition(":")[0] for change in found for line in change.details] == [field]
    assert changed(await own_nats_place.provision(apply=False)) == [
        ("MARKET", "updated")
    ]  # check changed nothing
    assert changed(await own_nats_place.provision()) == [("MARKET", "updated")]
    assert changed(await own_nats_place.provision(apply=False)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ack_wait", 1_000_000_000),
        ("max_deliver", 2),
        ("max_ack_pending", 1),
        ("filter_subjects", ["trading.proposal.>"]),
        ("backoff", [1_000_000_000, 2_000_000_000]),
        ("description", "by hand"),
        ("headers_only", True),
    ],
)
async def test_a_consumer_changed_by_hand_is_noticed_and_repaired(
    own_nats_place: NatsPlace, admin: Admin, field: str, value: object
) -> None:
    config = consumer_config(durable("gate-proposals"), "test") | {field: value}
    request = {"stream_name": "PROPOSALS", "action": "update", "config": config}
    assert "error" not in await admin.ask("CONSUMER.CREATE.PROPOSALS.gate-proposals", request)
    found = await own_nats_place.provision(apply=False)
    assert changed(found) == [("gate-proposals", "updated")]
    assert field in {line.partition(":")[0] for change in found for line in change.details}
    assert changed(await own_nats_place.provision()) == [("gate-proposals", "updated")]
    assert changed(await own_nats_place.provision(apply=False)) == []


async def test_what_was_deleted_is_made_again(own_nats_place: NatsPlace, admin: Admin) -> None:
    await admin.ask("STREAM.DELETE.HEALTH", {})
    await admin.ask("CONSUMER.DELETE.RISK.engine-approvals", {})
    expected = [("HEALTH", "created"), ("engine-approvals", "created"), ("obs-health", "created")]
    assert sorted(changed(await own_nats_place.provision(apply=False))) == expected
    assert sorted(changed(await own_nats_place.provision())) == expected
    assert changed(await own_nats_place.provision()) == []


async def test_what_the_server_cannot_change_is_reported_and_left(
    own_nats_place: NatsPlace, admin: Admin
) -> None:
    await admin.ask("CONSUMER.DELETE.MARKET.gate-market", {})
    other = consumer_config(durable("gate-market"), "test") | {
        "ack_policy": "explicit",
        "deliver_policy": "last",
    }
    await admin.ask(
        "CONSUMER.CREATE.MARKET.gate-market", {"stream_name": "MARKET", "action": "create", "config": other}
    )
    changes = await own_nats_place.provision()
    assert changed(changes) == [("gate-market", "refused")]
    [refused] = [change for change in changes if change.outcome == "refused"]
    assert [line.partition(":")[0] for line in refused.refused] == ["ack_policy", "deliver_policy"]
    assert (await admin.ask("CONSUMER.INFO.MARKET.gate-market", {}))["config"]["ack_policy"] == "explicit"


async def test_what_nobody_declared_is_pointed_out_and_left(own_nats_place: NatsPlace, admin: Admin) -> None:
    await admin.ask("STREAM.CREATE.MINE", {"name": "MINE", "subjects": ["mine.>"], "storage": "memory"})
    spy = {"name": "spy", "durable_name": "spy", "ack_policy": "none"}
    await admin.ask("CONSUMER.CREATE.RISK.spy", {"stream_name": "RISK", "action": "create", "config": spy})
    assert sorted(changed(await own_nats_place.provision())) == [("MINE", "unknown"), ("RISK/spy", "unknown")]


async def test_decisions_and_executions_can_be_neither_deleted_nor_purged(
    own_nats_place: NatsPlace, admin: Admin
) -> None:
    for name in ("RISK", "EXEC", "SYSTEM", "OPERATOR", "JOURNAL"):
        assert "error" in await admin.ask(f"STREAM.PURGE.{name}", {}), name
        assert "error" in await admin.ask(f"STREAM.MSG.DELETE.{name}", {"seq": 1}), name


def test_zero_values_and_the_servers_own_metadata_are_no_difference() -> None:
    wanted = {"a": 0, "b": False, "c": [], "metadata": {"at-core": "1"}}
    assert differences(wanted, {"metadata": {"at-core": "1", "_nats.ver": "2"}}) == ()
    assert differences({"a": 1}, {"a": 2, "new": True}) == ("a: 2 -> 1", "new: True -> None")
