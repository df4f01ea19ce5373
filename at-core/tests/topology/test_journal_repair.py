"""The JOURNAL keeps its memory of a source that a careless hand took out of it."""

from __future__ import annotations

import asyncio

from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_admin import open_admin
from at_core.testing.bus_place import SIGNAL
from at_core.testing.nats_fixture import NatsPlace
from at_core.topology.desired import stream_config
from at_core.topology.streams import stream


async def test_a_source_taken_out_of_the_journal_comes_back_without_loss_or_repetition(
    own_nats_place: NatsPlace,
) -> None:
    """Without message ids, so that it is the server's memory of the source and not the duplicate window."""
    config = stream_config(stream("JOURNAL"), 1, "test")
    gateway = await own_nats_place.connect("gateway")
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:

        async def copied(count: int) -> list[bytes]:
            async with asyncio.timeout(90):
                while len(kept := [one async for one in admin.messages("JOURNAL")]) < count:  # noqa: ASYNC110 - nothing to wait on
                    await asyncio.sleep(0.05)
            return [one.body for one in kept]

        for number in range(3):
            await gateway.publish(Outgoing(SIGNAL, b"%d" % number))
        await copied(3)
        others = [source for source in config["sources"] if source["name"] != "SIGNALS"]
        assert "error" not in await admin.ask("STREAM.UPDATE.JOURNAL", config | {"sources": others})
        for number in range(3, 5):
            await gateway.publish(Outgoing(SIGNAL, b"%d" % number))
        [change] = [one for one in await own_nats_place.provision() if one.outcome != "unchanged"]
        assert (change.name, [one.field for one in change.drift]) == ("JOURNAL", ["sources"])
        await gateway.publish(Outgoing(SIGNAL, b"5"))
        assert await copied(6) == [b"%d" % number for number in range(6)]
    await gateway.close()
    assert {one.outcome for one in await own_nats_place.provision(apply=False)} == {"unchanged"}
