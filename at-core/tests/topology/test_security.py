"""What a stolen key can do: every known route tried against the shipped configuration on a real server.

The attacker is the agents' key with a client of its own, not our bus.
"""

from __future__ import annotations

import json

import pytest
from attacker import ADMINISTRATION, APPROVED, FORGED, PROPOSAL, SIGNAL, Attacker, Watch

from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_bus import NatsBus
from at_core.testing.bus_place import take
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.consumers import DURABLES, durable
from at_core.topology.permissions import next_subject, reset_subject

# --- Known ways around publish permissions inside one account ------------------------------------


@pytest.mark.parametrize(
    "target", [APPROVED, "trading.execution.fill.v1.x", "system.killswitch.released.v1.all"]
)
async def test_row_1_a_confirmation_cannot_be_sent_to_a_protected_subject(
    attacker: Attacker, watch: Watch, target: str
) -> None:
    before, proposals = await watch.counts(), await watch.counts("PROPOSALS")
    await attacker.try_publish(PROPOSAL, FORGED, reply=target)
    assert (await watch.counts("PROPOSALS"))["PROPOSALS"][0] == proposals["PROPOSALS"][
        0
    ] + 1  # it was stored, so
    assert await watch.counts() == before  # a confirmation was sent, and landed nowhere


async def test_row_2_a_pulled_message_cannot_be_delivered_to_a_protected_subject(
    attacker: Attacker, watch: Watch, gateway: NatsBus
) -> None:
    await gateway.publish(Outgoing(SIGNAL, FORGED))
    await gateway.publish(Outgoing("market.raw.v1.x", FORGED))
    before = await watch.counts()
    for name in ("agents-signals", "agents-market"):
        assert await attacker.try_publish(
            next_subject(durable(name)), b'{"batch":5,"no_wait":true}', reply=APPROVED
        )
    await attacker.settle()
    assert await watch.counts() == before


async def test_row_3_an_answer_of_the_bus_cannot_be_sent_to_a_protected_subject(
    attacker: Attacker, watch: Watch
) -> None:
    before = await watch.counts()
    assert await attacker.try_publish(reset_subject(durable("agents-market")), b'{"seq":1}', reply=APPROVED)
    assert await attacker.try_publish(
        next_subject(durable("agents-market")), b"not a request", reply=APPROVED
    )
    for api in ("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.RISK"):
        assert not await attacker.try_publish(api, b"", reply=APPROVED)
    assert await watch.counts() == before


async def test_row_4_a_stored_message_cannot_be_replayed_onto_a_protected_subject(
    attacker: Attacker, watch: Watch
) -> None:
    await attacker.try_publish(PROPOSAL, FORGED)
    before = await watch.counts()
    for api in (
        "$JS.API.DIRECT.GET.PROPOSALS",
        f"$JS.API.DIRECT.GET.PROPOSALS.{PROPOSAL}",
        "$JS.API.STREAM.MSG.GET.PROPOSALS",
    ):
        assert not await attacker.try_publish(api, b'{"seq":1}', reply=APPROVED)
    assert await watch.counts() == before


async def test_row_5_a_roll_up_wipes_nothing(attacker: Attacker, watch: Watch) -> None:
    await attacker.try_publish(PROPOSAL, b"{}")
    before = await watch.counts("PROPOSALS")
    for scope in ("all", "sub"):
        await attacker.try_publish(PROPOSAL, b"{}", headers={"Nats-Rollup": scope})
    assert await watch.counts("PROPOSALS") == before
    assert not await attacker.try_publish("$KV.control.killswitch", b"off", headers={"Nats-Rollup": "all"})


async def test_row_6_the_server_publishes_nothing_on_a_schedule(attacker: Attacker, watch: Watch) -> None:
    before = await watch.counts()
    for target in (APPROVED, "trading.proposal.created.v1.other.X"):
        headers = {"Nats-Schedule": "@every 1s", "Nats-Schedule-Target": target, "Nats-Schedule-TTL": "5s"}
        answer = json.loads(
            (await attacker.client.request(PROPOSAL, FORGED, headers=headers, timeout=2)).data
        )
        assert "error" in answer
    assert await watch.counts() == before


async def test_row_7_no_acknowledgement_makes_the_bus_a_deputy(
    attacker: Attacker, watch: Watch, gateway: NatsBus
) -> None:
    await gateway.publish(Outgoing(SIGNAL, FORGED))
    before = await watch.counts()
    for body in (b"+NXT", b'+NXT {"batch":5}', b"-NAK", b"+WPI", b"+ACK"):
        subject = "$JS.ACK.SIGNALS.agents-signals.1.1.1.1.0"
        assert await attacker.try_publish(subject, body, reply=APPROVED)
    assert await watch.counts() == before


# --- The bucket of live versions ---------------------------------------------------------------------------

BUCKET = "KV_contracts"


async def test_a_role_announces_under_its_own_name_and_for_nobody_else(
    attacker: Attacker, watch: Watch
) -> None:
    await attacker.try_publish("$KV.contracts.agents.desk", b"{}")
    before = await watch.counts(BUCKET)
    assert before[BUCKET][0] >= 1
    for key in ("gate.1", "gate.>", "*.1", "agents.desk.x", "agents"):
        assert not await attacker.try_publish(f"$KV.contracts.{key}", b"{}"), key
    assert await watch.counts(BUCKET) == before


async def test_a_roll_up_cannot_wipe_what_others_announced(
    attacker: Attacker, watch: Watch, gate: NatsBus, gateway: NatsBus
) -> None:
    await gate.publish(Outgoing("$KV.contracts.gate.1", b"{}"))
    await gateway.publish(Outgoing("$KV.contracts.gateway.1", b"{}"))
    before = await watch.counts(BUCKET)
    for scope in ("all", "sub"):
        headers = {"Nats-Rollup": scope, "KV-Operation": "PURGE"}
        answer = await attacker.client.request("$KV.contracts.agents.1", b"", headers=headers, timeout=2)
        assert "rollup" in json.loads(answer.data)["error"]["description"]
    assert await watch.counts(BUCKET) == before


async def test_an_announcement_is_taken_back_by_its_owner_alone(
    attacker: Attacker, watch: Watch, gate: NatsBus
) -> None:
    await gate.publish(Outgoing("$KV.contracts.gate.2", b"{}"))
    gone = {"KV-Operation": "DEL"}
    assert not await attacker.try_publish("$KV.contracts.gate.2", b"", headers=gone)
    for api in ("STREAM.PURGE", "STREAM.DELETE", "STREAM.UPDATE", "STREAM.MSG.DELETE", "DIRECT.GET"):
        inbox = attacker.client.new_inbox()
        assert not await attacker.try_publish(f"$JS.API.{api}.{BUCKET}", b"{}", reply=inbox), api
    state = (await watch.ask(f"STREAM.INFO.{BUCKET}"))["config"]
    assert isinstance(state, dict)
    assert not state.get("allow_rollup_hdrs")
    assert not state.get("allow_direct")
    before = await watch.counts(BUCKET)
    await gate.publish(Outgoing("$KV.contracts.gate.2", b"", gone))
    after = await watch.counts(BUCKET)
    assert after[BUCKET] == (before[BUCKET][0], before[BUCKET][1] + 1)  # the marker took its place


@pytest.mark.parametrize("header", ["Nats-TTL", "Nats-Schedule", "Nats-Incr"])
async def test_no_header_makes_an_announcement_more_than_a_message(
    attacker: Attacker, watch: Watch, header: str
) -> None:
    before = await watch.counts(BUCKET)
    value = {"Nats-TTL": "never", "Nats-Schedule": "@every 1s", "Nats-Incr": "+1"}[header]
    answer = await attacker.client.request(
        "$KV.contracts.agents.1", b"{}", headers={header: value}, timeout=2
    )
    assert "error" in json.loads(answer.data)
    assert await watch.counts(BUCKET) == before


# --- Reading and diverting --------------------------------------------------------------------------------


async def test_an_acknowledgement_cannot_take_messages_out_of_the_engines_queue(
    server: NatsPlace, attacker: Attacker, gate: NatsBus
) -> None:
    """A permission with wildcards for the newer acknowledgement format (``$JS.ACK.*.*.…``) lets the second through."""
    await gate.publish(Outgoing(APPROVED, b"the ruling"))
    inbox = attacker.client.new_inbox()
    assert await attacker.try_subscribe(inbox)
    for subject in (
        "$JS.ACK.RISK.engine-approvals.1.1.1.1.0",
        "$JS.ACK.RISK.engine-approvals.SIGNALS.agents-signals.1.1.1",
        "$JS.ACK.RISK.engine-approvals.SIGNALS.agents-signals.1.1.1.1.0",
        "$JS.ACK._.x.RISK.engine-approvals.1.1.1.1.0",
    ):
        assert not await attacker.try_publish(subject, b"+NXT", reply=inbox), subject
    engine = await server.connect("engine")
    queue = await engine.bind(durable("engine-approvals"))
    messages = await take(queue, 1)
    assert messages[-1].body == b"the ruling"
    for message in messages:
        await queue.ack(message)
    await engine.close()
    assert not attacker.received


@pytest.mark.parametrize(
    "other", [known for known in DURABLES if known.role != "agents"], ids=lambda known: known.name
)
async def test_the_durable_of_another_role_can_be_neither_read_nor_rewound(
    server: NatsPlace, attacker: Attacker, other: object
) -> None:
    known = durable(getattr(other, "name", ""))
    inbox = attacker.client.new_inbox()
    assert not await attacker.try_publish(next_subject(known), b'{"batch":1,"no_wait":true}', reply=inbox)
    assert not await attacker.try_publish(reset_subject(known), b'{"seq":1}', reply=inbox)
    for api in ("INFO", "DELETE", "PAUSE", "UNPIN", "LEADER.STEPDOWN"):
        assert not await attacker.try_publish(
            f"$JS.API.CONSUMER.{api}.{known.stream}.{known.name}", b"", reply=inbox
        )


@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "*",
        "trading.>",
        "trading.risk.>",
        "trading.signal.created.>",
        "_INBOX.>",
        "_INBOX_gateway.>",
        "_INBOX_engine.>",
        "_R_.>",
        "$SYS.>",
        "$JS.>",
        "$JS.ACK.>",
        "$JS.API.>",
        "$JS.EVENT.>",
        "$KV.>",
        "dlq.>",
        "market.raw.>",
    ],
)
async def test_nothing_but_the_own_replies_can_be_listened_to(attacker: Attacker, subject: str) -> None:
    assert not await attacker.try_subscribe(subject)


@pytest.mark.parametrize("subject", ADMINISTRATION)
async def test_an_agent_administers_nothing(attacker: Attacker, watch: Watch, subject: str) -> None:
    before = await watch.counts()
    assert not await attacker.try_publish(
        subject, b'{"name":"EVIL","subjects":["evil.>"]}', attacker.client.new_inbox()
    )
    assert await watch.counts() == before
