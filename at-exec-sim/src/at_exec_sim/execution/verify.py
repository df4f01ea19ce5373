"""Verification: an approval is the gate's own word about one order of this account, or it is nothing.

What fails here is no refusal but a broken contract: the message is dead-lettered with its code and the broker never
hears of it. Expiry is not checked here: an expired approval is genuine, and ends in an order lifecycle of its own.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from at_core import ids
from at_core.errors import Unauthentic
from at_core.events import RiskApprovedEvent
from at_core.runtime.delivery import Delivery
from at_core.runtime.publisher import SIGNATURE_HEADER

__all__ = ["Verifier", "verified"]


class Verifier(Protocol):
    """Knows the gate's public key."""

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether ``signature`` was made over exactly ``body`` by the gate."""
        ...


def verified(delivery: Delivery, verifier: Verifier, account: str) -> tuple[RiskApprovedEvent, str]:
    """Return the approval and the SHA-256 of its exact body; raise Unauthentic with a code otherwise."""
    body = delivery.message.body
    signature = next(
        (value for name, value in delivery.message.headers.items() if name.lower() == SIGNATURE_HEADER), ""
    )
    if not signature:
        raise Unauthentic("UNSIGNED", f"no {SIGNATURE_HEADER} header")
    if not verifier.verify(body, signature):
        raise Unauthentic("BAD_SIGNATURE", "the signature does not fit the body and the gate's key")
    event = delivery.event
    if not isinstance(event, RiskApprovedEvent):
        raise Unauthentic("WRONG_TYPE", f"{event.type} approves nothing")
    if event.account != account:
        raise Unauthentic("WRONG_ACCOUNT", f"speaks of account {event.account}, this engine serves {account}")
    _consistent(event)
    return event, sha256(body).hexdigest()


def _consistent(event: RiskApprovedEvent) -> None:
    """One plan, one order: the parts that say it twice must agree."""
    if event.plan.plan_id != event.plan_id or event.client_order_id != ids.client_order_id(event.plan_id):
        raise Unauthentic("WRONG_ORDER_ID", "the client order id does not follow from the plan")
    if (event.plan.intent.symbol, event.plan.intent.side) != (event.symbol, event.side):
        raise Unauthentic("CONTRADICTION", "symbol or side differ between ruling and plan")
    if event.approved_quantity <= 0:
        raise Unauthentic("CONTRADICTION", "an approval of nothing")
