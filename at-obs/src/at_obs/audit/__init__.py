"""The audit trail: every journal message as one row of a hash chain, appended before it is acknowledged."""
