"""Reconciliation: ours against theirs, as pure functions."""
