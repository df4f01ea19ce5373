"""Delivery metadata: what JetStream writes into the reply subject of a delivered message, in both its formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nats.aio.msg import Msg

from at_core.runtime.bus import Incoming

__all__ = ["incoming"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def incoming(message: Msg) -> Incoming:
    """Return a delivered message as ``Incoming``; raise ValueError when its reply is no acknowledgement subject.

    ``$JS.ACK.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<nanoseconds>.<pending>`` (9 tokens), or, newer,
    ``$JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<sseq>.<cseq>.<nanoseconds>.<pending>[.<random>]``.
    """
    tokens = message.reply.split(".")
    if tokens[:2] != ["$JS", "ACK"] or len(tokens) not in (9, 11, 12):
        raise ValueError(f"{message.reply!r} is no acknowledgement subject")
    fields = tokens[2:9] if len(tokens) == 9 else tokens[4:11]
    stream, _, delivered, sequence, consumer_sequence, nanoseconds, pending = fields
    return Incoming(
        subject=message.subject,
        body=message.data,
        headers=message.headers or {},
        stream=stream,
        sequence=int(sequence),
        consumer_sequence=int(consumer_sequence),
        deliveries=int(delivered),
        pending=int(pending),
        stored_at=_EPOCH + timedelta(microseconds=int(nanoseconds) // 1000),
        reply=message.reply,
    )
