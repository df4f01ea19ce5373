"""Bus cards: what every ``Bus`` must do, run against the memory bus and against a real nats-server alike.

An implementation's test file derives a class from each suite and provides the fixture ``place`` (see ``bus_place``).
Waiting is on conditions with bounds; the queues of a place have an ack wait of one second and three deliveries.
"""
# ruff: noqa: D102 - the name of a card is its sentence

from __future__ import annotations

import asyncio

import pytest

from at_core.errors import BusUnavailable, PermissionDenied, SequenceConflict
from at_core.runtime.bus import Outgoing
from at_core.testing.bus_fold_cards import FoldCards
from at_core.testing.bus_place import (
    MARKET,
    PROPOSAL,
    SIGNAL,
    BusPlace,
    bodies,
    card_durable,
    eventually,
    put,
    read_all,
    take,
    until_message,
)

__all__ = ["FoldCards", "PublishCards", "QueueCards"]


class PublishCards:
    """Storing: confirmation, duplicates, expected sequence, permissions, order, absence."""

    async def test_a_stored_message_is_confirmed_with_its_place(self, place: BusPlace) -> None:
        bus = await place.connect("gateway")
        first = await bus.publish(Outgoing(SIGNAL, b"1"))
        second = await bus.publish(Outgoing(SIGNAL, b"2"))
        assert (first.stream, first.sequence, first.duplicate) == ("SIGNALS", 1, False)
        assert (second.stream, second.sequence) == ("SIGNALS", 2)

    async def test_a_known_id_is_confirmed_as_a_duplicate_and_not_stored_again(self, place: BusPlace) -> None:
        bus = await place.connect("gateway")
        first = await bus.publish(Outgoing(SIGNAL, b"1", {"Nats-Msg-Id": "a.v1"}))
        again = await bus.publish(Outgoing(SIGNAL, b"1", {"Nats-Msg-Id": "a.v1"}))
        elsewhere = await bus.publish(Outgoing(f"{SIGNAL}.other", b"1", {"Nats-Msg-Id": "a.v1"}))
        new = await bus.publish(Outgoing(SIGNAL, b"2", {"Nats-Msg-Id": "b.v1"}))
        assert [again.duplicate, elsewhere.duplicate, new.duplicate] == [True, True, False]
        assert [again.sequence, elsewhere.sequence, new.sequence] == [first.sequence, first.sequence, 2]

    async def test_an_expected_last_sequence_lets_only_one_writer_through(self, place: BusPlace) -> None:
        bus = await place.connect("engine")
        subject = "trading.execution.submitted.v1.order-1"
        first = await bus.publish(Outgoing(subject, b"intent", expected_last_subject_sequence=0))
        with pytest.raises(SequenceConflict):
            await bus.publish(Outgoing(subject, b"other", expected_last_subject_sequence=0))
        other = await bus.publish(
            Outgoing("trading.execution.submitted.v1.order-2", b"", expected_last_subject_sequence=0)
        )
        follows = await bus.publish(Outgoing(subject, b"x", expected_last_subject_sequence=first.sequence))
        assert (other.sequence, follows.sequence) == (2, 3)

    async def test_of_many_writers_at_once_one_creates_the_subject(self, place: BusPlace) -> None:
        buses = [await place.connect("engine") for _ in range(4)]
        message = Outgoing(
            "trading.execution.submitted.v1.order-1", b"intent", expected_last_subject_sequence=0
        )
        results = await asyncio.gather(*(bus.publish(message) for bus in buses), return_exceptions=True)
        assert sum(isinstance(result, SequenceConflict) for result in results) == 3

    async def test_a_retry_that_expects_an_older_sequence_conflicts_even_with_a_known_id(
        self, place: BusPlace
    ) -> None:
        bus = await place.connect("engine")
        message = Outgoing("trading.execution.submitted.v1.order-1", b"intent", {"Nats-Msg-Id": "a.v1"}, 0)
        await bus.publish(message)
        with pytest.raises(SequenceConflict):
            await bus.publish(message)

    async def test_two_hundred_publishes_at_once_are_stored_in_the_order_they_were_made(
        self, place: BusPlace
    ) -> None:
        bus = await place.connect("gateway")
        messages = [Outgoing(MARKET, str(number).encode()) for number in range(200)]
        stored = await asyncio.gather(*(bus.publish(message) for message in messages))
        assert [confirmation.sequence for confirmation in stored] == list(range(1, 201))

    async def test_a_foreign_subject_is_refused_at_once(self, place: BusPlace) -> None:
        bus = await place.connect("agents")
        async with asyncio.timeout(1):
            with pytest.raises(PermissionDenied):
                await bus.publish(Outgoing("trading.risk.approved.v1.paper.X", b"forged"), timeout_seconds=5)
        assert bus.connected

    async def test_a_subject_no_stream_takes_is_not_confirmed(self, place: BusPlace) -> None:
        bus = await place.connect("agents")
        async with asyncio.timeout(1):
            with pytest.raises(BusUnavailable):
                await bus.publish(Outgoing("assistant.nobody.v1.x", b""), timeout_seconds=5)

    @pytest.mark.parametrize("subject", ["", "market.*.v1", "market.>", "market..x", "market.a b"])
    async def test_a_subject_that_is_no_literal_never_reaches_the_bus(
        self, place: BusPlace, subject: str
    ) -> None:
        bus = await place.connect("gateway")
        with pytest.raises(ValueError, match="cannot be published"):
            await bus.publish(Outgoing(subject, b""))

    async def test_every_deciding_stream_ends_up_in_one_total_order(self, place: BusPlace) -> None:
        gateway, agents, gate = [await place.connect(name) for name in ("gateway", "agents", "gate")]
        journal = await gateway.bind(card_durable("gateway-journal"))
        await journal.rewind()
        for number in range(5):
            await put(gateway, SIGNAL, f"signal {number}")
            await put(agents, PROPOSAL, f"proposal {number}")
            await put(gate, "trading.risk.approved.v1.paper.X", f"ruling {number}")
            await put(gateway, MARKET, "not in the journal")
        messages = await take(journal, 15)
        assert [message.sequence for message in messages] == list(range(1, 16))
        assert {message.stream for message in messages} == {"JOURNAL"}
        for kind in ("signal", "proposal", "ruling"):
            assert [text for text in bodies(messages) if text.startswith(kind)] == [
                f"{kind} {n}" for n in range(5)
            ]
        await journal.rewind()
        again = await read_all(journal)
        assert [(m.sequence, m.body) for m in again] == [(m.sequence, m.body) for m in messages]

    async def test_while_the_bus_is_away_a_publish_fails_at_once_and_never_arrives_late(
        self, place: BusPlace
    ) -> None:
        bus = await place.connect("gateway")
        market = await bus.publish(Outgoing(MARKET, b"before"))
        await place.halt()
        for _ in range(50):
            with pytest.raises(BusUnavailable):
                async with asyncio.timeout(1):
                    await bus.publish(Outgoing(MARKET, b"stale"), timeout_seconds=5)
        assert not bus.connected
        await place.resume()
        await eventually(lambda: bus.connected)
        after = await bus.publish(Outgoing(MARKET, b"after"))
        assert after.sequence == market.sequence + 1

    async def test_a_closed_bus_takes_nothing_more(self, place: BusPlace) -> None:
        bus = await place.connect("gateway")
        under_way = [asyncio.create_task(bus.publish(Outgoing(MARKET, b"x"))) for _ in range(20)]
        await asyncio.sleep(0)
        await bus.close()
        assert [stored.sequence for stored in await asyncio.gather(*under_way)] == list(range(1, 21))
        with pytest.raises(BusUnavailable):
            await bus.publish(Outgoing(MARKET, b"late"))
        assert not bus.connected


class QueueCards:
    """Queues: settling, redelivery, bounds."""

    async def test_headers_body_and_place_arrive_as_they_were_sent(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        headers = {
            "Nats-Msg-Id": "a.v1",
            "at-sig": "c2ln/+==",
            "traceparent": "00-ab-cd-01",
            "at-type": "x: y",
        }
        await gateway.publish(Outgoing(SIGNAL, b'{"exact":  "bytes\xc3\xa9"}', headers))
        [message] = await take(await agents.bind(card_durable("agents-signals")), 1)
        assert (message.subject, message.body) == (SIGNAL, b'{"exact":  "bytes\xc3\xa9"}')
        assert dict(message.headers) == headers
        assert (message.stream, message.sequence, message.deliveries, message.pending) == ("SIGNALS", 1, 1, 0)
        assert message.stored_at.utcoffset() is not None

    async def test_an_empty_queue_answers_at_once_and_a_waiting_fetch_gets_the_next_message(
        self, place: BusPlace
    ) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        async with asyncio.timeout(1):
            assert list(await queue.fetch(10, 0)) == []
        waiting = asyncio.create_task(queue.fetch(10, 5))
        await asyncio.sleep(0.05)
        await put(gateway, SIGNAL, "1")
        async with asyncio.timeout(1):
            assert bodies(await waiting) == ["1"]

    async def test_messages_come_in_stream_order_and_in_batches(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        await put(gateway, SIGNAL, *map(str, range(60)))
        queue = await agents.bind(card_durable("agents-signals"))
        messages = await take(queue, 60)
        assert bodies(messages) == [str(number) for number in range(60)]
        await asyncio.gather(*(queue.ack(message) for message in messages))
        assert list(await queue.fetch(10, 1.4)) == []

    async def test_an_acknowledged_message_never_comes_again(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        await put(gateway, SIGNAL, "1", "2")
        first, second = await take(queue, 2)
        await queue.ack(first)
        [again] = await take(queue, 1)
        assert (again.sequence, again.deliveries) == (second.sequence, 2)
        await queue.ack(again)
        assert list(await queue.fetch(10, 1.4)) == []

    async def test_a_refused_message_comes_again_after_its_delay(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        await put(gateway, SIGNAL, "1")
        [message] = await take(queue, 1)
        begun = asyncio.get_running_loop().time()
        await queue.nak(message, 0.3)
        assert list(await queue.fetch(1, 0)) == []
        [again] = await take(queue, 1)
        assert again.deliveries == 2
        assert asyncio.get_running_loop().time() - begun >= 0.29
        await queue.nak(again, 0)
        [third] = await take(queue, 1, 0.5)
        assert third.deliveries == 3

    async def test_after_the_last_delivery_a_message_leaves_with_an_advisory(self, place: BusPlace) -> None:
        gateway, agents, obs = [await place.connect(name) for name in ("gateway", "agents", "obs")]
        queue = await agents.bind(card_durable("agents-signals"))
        advisories = await obs.bind(card_durable("obs-advisories"))
        await advisories.rewind()
        await put(gateway, SIGNAL, "poison")
        seen = []
        for _ in range(3):
            [message] = await take(queue, 1)
            seen.append(message.deliveries)
            await queue.nak(message, 0)
        assert seen == [1, 2, 3]
        assert list(await queue.fetch(10, 0.2)) == []
        [advisory] = await take(advisories, 1)
        assert advisory.subject == "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.SIGNALS.agents-signals"
        assert b'"stream_seq":1' in advisory.body.replace(b": ", b":")

    async def test_a_terminated_message_never_comes_again_and_says_why(self, place: BusPlace) -> None:
        gateway, agents, obs = [await place.connect(name) for name in ("gateway", "agents", "obs")]
        queue = await agents.bind(card_durable("agents-signals"))
        advisories = await obs.bind(card_durable("obs-advisories"))
        await advisories.rewind()
        await put(gateway, SIGNAL, "poison")
        [message] = await take(queue, 1)
        await queue.term(message, "INVALID_BODY: not an event")
        [advisory] = await take(advisories, 1)
        assert advisory.subject == "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.SIGNALS.agents-signals"
        assert b"INVALID_BODY: not an event" in advisory.body
        assert list(await queue.fetch(1, 1.4)) == []

    async def test_what_a_closed_reader_had_not_settled_goes_to_the_next_one(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        await put(gateway, SIGNAL, "1", "2", "3")
        [first] = await take(queue, 1)
        await queue.ack(first)
        await queue.close()
        with pytest.raises(BusUnavailable):
            await queue.fetch(1, 0)
        heir = await (await place.connect("agents")).bind(card_durable("agents-signals"))
        assert sorted(bodies(await take(heir, 2))) == ["2", "3"]

    async def test_a_queue_cannot_be_rewound(self, place: BusPlace) -> None:
        agents = await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        with pytest.raises(ValueError, match="only folds rewind"):
            await queue.rewind()

    async def test_the_queue_of_another_role_cannot_be_read(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        await put(gateway, SIGNAL, "1")
        stranger = await place.connect("gate")
        with pytest.raises(PermissionDenied):
            await (await stranger.bind(card_durable("agents-signals"))).fetch(1, 2)
        assert len(await take(await agents.bind(card_durable("agents-signals")), 1)) == 1

    async def test_a_reader_goes_on_by_itself_when_the_bus_is_back(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        queue = await agents.bind(card_durable("agents-signals"))
        assert list(await queue.fetch(1, 0.05)) == []
        waiting = asyncio.create_task(until_message(queue))
        await place.halt()
        with pytest.raises(BusUnavailable):
            await queue.fetch(1, 0)
        await place.resume()
        await eventually(lambda: gateway.connected)
        await put(gateway, SIGNAL, "1")
        async with asyncio.timeout(2):
            assert bodies(await waiting) == ["1"]
