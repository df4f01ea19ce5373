"""Figures of the flow: latency by stage, decisions by code, orders by status, folded from the journal."""
