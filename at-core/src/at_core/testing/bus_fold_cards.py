"""Bus cards of folds: catching up, rewinding, noticing gaps (see ``bus_cards``)."""
# ruff: noqa: D102 - the name of a card is its sentence

from __future__ import annotations

import asyncio

import pytest

from at_core.errors import FoldGap, PermissionDenied
from at_core.testing.bus_place import (
    MARKET,
    BusPlace,
    bodies,
    card_durable,
    eventually,
    put,
    read_all,
    take,
    until_message,
)

__all__ = ["FoldCards"]


class FoldCards:
    """Folds: catching up, rewinding, noticing gaps."""

    async def test_a_fold_catches_up_completely_and_without_waiting(self, place: BusPlace) -> None:
        gateway, gate = await place.connect("gateway"), await place.connect("gate")
        await put(gateway, MARKET, *map(str, range(300)))
        fold = await gate.bind(card_durable("gate-market"))
        await fold.rewind()
        messages = await read_all(fold)
        assert bodies(messages) == [str(number) for number in range(300)]
        assert [message.consumer_sequence for message in messages] == list(range(1, 301))
        assert [message.pending for message in messages] == list(range(299, -1, -1))

    async def test_an_empty_fold_is_caught_up_at_once(self, place: BusPlace) -> None:
        agents = await place.connect("agents")
        fold = await agents.bind(card_durable("agents-market"))
        await fold.rewind()
        async with asyncio.timeout(1):
            assert await read_all(fold) == []

    async def test_a_fold_sees_only_its_types_and_every_one_of_them(self, place: BusPlace) -> None:
        engine, agents = await place.connect("engine"), await place.connect("agents")
        for number in range(10):
            await put(engine, "trading.execution.fill.v1.order", f"fill {number}")
            await put(engine, "portfolio.position.changed.v1.paper.X", f"position {number}")
        fold = await agents.bind(card_durable("agents-portfolio"))
        await fold.rewind()
        messages = await read_all(fold)
        assert bodies(messages) == [f"position {number}" for number in range(10)]
        assert [message.sequence for message in messages] == list(range(2, 21, 2))
        assert messages[-1].pending == 0

    async def test_a_fold_goes_on_with_what_is_stored_later(self, place: BusPlace) -> None:
        gateway, gate = await place.connect("gateway"), await place.connect("gate")
        fold = await gate.bind(card_durable("gate-market"))
        await put(gateway, MARKET, "1")
        await fold.rewind()
        assert bodies(await read_all(fold)) == ["1"]
        for number in range(2, 12):
            waiting = asyncio.create_task(fold.fetch(10, 5))
            await asyncio.sleep(0)
            await put(gateway, MARKET, str(number))
            assert bodies(await waiting) == [str(number)]

    async def test_a_fold_can_be_read_again_from_anywhere(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        await put(gateway, MARKET, *map(str, range(1, 41)))
        fold = await agents.bind(card_durable("agents-market"))
        await fold.rewind()
        everything = await read_all(fold)
        for start in (1, 40, 7, 41, 1):
            await fold.rewind(start)
            assert bodies(await read_all(fold)) == [str(number) for number in range(start, 41)]
        await fold.rewind()
        again = await read_all(fold)
        assert [(m.sequence, m.body, m.stored_at) for m in again] == [
            (m.sequence, m.body, m.stored_at) for m in everything
        ]

    async def test_rewinding_while_messages_arrive_loses_none(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        fold = await agents.bind(card_durable("agents-market"))
        writing = asyncio.create_task(put(gateway, MARKET, *map(str, range(200))))
        for _ in range(20):
            await fold.rewind()
            await fold.fetch(50, 0.01)
        await writing
        await fold.rewind()
        assert bodies(await read_all(fold)) == [str(number) for number in range(200)]

    async def test_a_skipped_message_is_noticed_and_a_rewind_heals(self, place: BusPlace) -> None:
        gateway, gate = await place.connect("gateway"), await place.connect("gate")
        fold = await gate.bind(card_durable("gate-market"))
        await put(gateway, MARKET, "1")
        await fold.rewind()
        assert bodies(await read_all(fold)) == ["1"]
        thief = await (await place.connect("gate")).bind(card_durable("gate-market"))
        await put(gateway, MARKET, "stolen")
        assert bodies(await take(thief, 1)) == ["stolen"]
        await thief.close()
        await put(gateway, MARKET, "3")
        with pytest.raises(FoldGap):
            await take(fold, 1)
        with pytest.raises(FoldGap):
            await fold.fetch(1, 0)
        await fold.rewind()
        assert bodies(await read_all(fold)) == ["1", "stolen", "3"]

    async def test_the_fold_of_another_role_can_be_neither_rewound_nor_read(self, place: BusPlace) -> None:
        gateway, agents = await place.connect("gateway"), await place.connect("agents")
        await put(gateway, MARKET, "1")
        with pytest.raises(PermissionDenied):
            await (await agents.bind(card_durable("gate-market"))).rewind()
        with pytest.raises(PermissionDenied):
            await (await agents.bind(card_durable("engine-market"))).fetch(1, 2)

    @pytest.mark.parametrize("role_name", ["gate", "agents"])
    async def test_a_fold_goes_on_without_a_hole_when_the_bus_is_back(
        self, place: BusPlace, role_name: str
    ) -> None:
        gateway, reader = await place.connect("gateway"), await place.connect(role_name)
        fold = await reader.bind(card_durable(f"{role_name}-market"))
        await fold.rewind()
        await put(gateway, MARKET, *map(str, range(30)))
        seen = bodies(await take(fold, 20))
        waiting = asyncio.create_task(until_message(fold))
        await asyncio.sleep(0)
        await place.halt()
        await place.resume()
        await eventually(lambda: gateway.connected)
        seen += bodies(await waiting)
        await put(gateway, MARKET, *map(str, range(30, 40)))
        seen += bodies(await take(fold, 40 - len(seen)))
        assert seen == [str(number) for number in range(40)]
