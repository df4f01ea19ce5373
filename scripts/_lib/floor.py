"""The floors that bench.py measures beside the platform: the same durable publishes with nothing of ours around them.

    floor.py accept URL SEED PORT    a bare ASGI handler: read the body, validate it, publish it durably, answer 202
    floor.py relay URL SEED DURABLE TYPE...
                                     a bare hop: take from a durable, publish one message per TYPE, acknowledge

Started as processes of their own, because the platform's services are processes of their own.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]

_BATCH = 128


def main() -> None:
    """Run the floor that the command line names, until terminated."""
    import uvloop

    kind, *rest = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if kind == "accept":
            runner.run(_accept(rest[0], Path(rest[1]), int(rest[2])))
        else:
            runner.run(_relay(rest[0], Path(rest[1]), rest[2], rest[3:]))


async def _accept(url: str, seed: Path, port: int) -> None:
    import uvicorn

    from at_core.events.signal import SignalEvent
    from at_core.runtime.bus import Outgoing
    from at_core.runtime.nats_bus import NatsBus

    bus = await NatsBus.connect(url, role_name="gateway", seed_file=seed)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        status = 200
        if scope["method"] == "POST":
            event = SignalEvent.model_validate_json(body)
            headers = {"Nats-Msg-Id": f"{event.event_id}.v1"}
            await bus.publish(Outgoing("trading.signal.created.v1.floor.BTC", body, headers))
            status = 202
        answer = b'{"status":"accepted"}'
        length = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": length})
        await send({"type": "http.response.body", "body": answer})

    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off", loop="none"
    )
    await uvicorn.Server(config).serve()


async def _relay(url: str, seed: Path, durable_name: str, types: list[str]) -> None:
    from at_core.runtime.bus import Outgoing
    from at_core.runtime.nats_bus import NatsBus
    from at_core.topology.consumers import durable

    reader = durable(durable_name)
    bus = await NatsBus.connect(url, role_name=reader.role, seed_file=seed)
    inbox = await bus.bind(reader)
    gc.collect()
    gc.freeze()
    while True:
        messages = await inbox.fetch(_BATCH, 1.0)
        for event_type in types:
            await asyncio.gather(
                *(
                    bus.publish(
                        Outgoing(
                            f"{event_type}.v1.floor.{message.sequence}",
                            message.body,
                            {"Nats-Msg-Id": f"{event_type}.{message.headers['Nats-Msg-Id']}"},
                        )
                    )
                    for message in messages
                )
            )
        for message in messages:
            await inbox.ack(message)


if __name__ == "__main__":
    main()
