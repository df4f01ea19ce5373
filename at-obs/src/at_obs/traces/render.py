"""Writes a trace as text a person reads from top to bottom. JSON is ``Trace.as_dict``."""

from __future__ import annotations

from collections.abc import Iterator

from at_obs.traces.document import Branch, Order, Trace

__all__ = ["render_text"]


def render_text(trace: Trace) -> str:
    """Return the whole trace as text, without a trailing newline."""
    return "\n".join(_lines(trace))


def _lines(trace: Trace) -> Iterator[str]:
    state = "complete" if trace.complete else "not complete yet"
    yield f"flow     {trace.correlation_id}"
    yield f"account  {trace.account or '-'}"
    yield f"began    {trace.started_at or '-'}"
    yield f"outcome  {trace.final_outcome} ({state}), {trace.ms:.3f} ms"
    yield ""
    for stage in trace.stages:
        yield f"{stage.ms:>12.3f} ms  {stage.stage:<13} #{stage.sequence:<7} {stage.summary}"
    for sequence in trace.unreadable:
        yield f"{'':>15}  {'unreadable':<13} #{sequence:<7} Kept as bytes: no event of this build."
    for branch in trace.branches:
        yield ""
        yield from _branch(branch)


def _branch(branch: Branch) -> Iterator[str]:
    yield f"strategy {branch.strategy}: {branch.final_outcome}"
    if branch.reason_code:
        code = branch.reason_code if branch.reason_code != branch.verdict else ""
        yield "  answer     " + " ".join(part for part in (branch.verdict, code, branch.reason) if part)
    if branch.inputs_used:
        yield f"  had seen   {', '.join(branch.inputs_used)}"
    ruling = branch.riskgate_result
    if ruling is not None:
        yield f"  ruling     {ruling.verdict} {' '.join(ruling.reasons)}".rstrip()
        if ruling.explanation:
            yield f"             {ruling.explanation}"
        for check in ruling.checks:
            yield f"    {check.result:<7} {check.code:<26} observed {check.observed}, limit {check.limit}"
    for order in branch.orders_submitted:
        yield from _order(order)


def _order(order: Order) -> Iterator[str]:
    what = " ".join(part for part in (order.side, order.quantity, order.symbol, order.order_type) if part)
    yield f"  order      {what}: {order.status}, filled {order.filled_quantity}, id {order.client_order_id}"
    if not order.intended:
        yield "             no intent was written: the broker never heard of it"
    for response in order.responses:
        yield f"    {response.at}  {response.status} {response.code} {response.reason}".rstrip()
    for fill in order.fills:
        yield f"    {fill.at}  fill {fill.quantity} at {fill.price}, fee {fill.fee} {fill.fee_currency}"
