"""The operator's connection reads streams as they lie there, without a consumer."""

from at_core.runtime.bus import Outgoing
from at_core.runtime.nats_admin import open_admin
from at_core.testing.nats_fixture import NatsPlace


async def test_reads_messages_by_sequence_subject_and_end(own_nats_place: NatsPlace) -> None:
    bus = await own_nats_place.connect("gateway")
    for number in range(3):
        headers = {"Nats-Msg-Id": f"m{number}", "at-type": "market.raw"}
        await bus.publish(Outgoing(f"market.raw.v1.X.S{number % 2}.QUOTE", str(number).encode(), headers))
    await bus.close()
    async with open_admin((own_nats_place.url,), own_nats_place.keys_folder) as admin:
        seen = [message.body async for message in admin.messages("MARKET", "market.raw.v1.X.S0.>")]
        assert seen == [b"0", b"2"]
        last = await admin.last_message("MARKET", "market.raw.>")
        assert last is not None
        assert (last.sequence, last.headers["Nats-Msg-Id"]) == (3, "m2")
        assert last.stored_at.utcoffset() is not None
        assert await admin.message("MARKET", 9) is None
        assert await admin.subjects("MARKET", "market.raw.>") == {
            "market.raw.v1.X.S0.QUOTE": 2,
            "market.raw.v1.X.S1.QUOTE": 1,
        }
        assert await admin.subjects("NOWHERE") == {}
